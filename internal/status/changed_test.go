package status_test

import (
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/status"
	"github.com/fleetgate/fleetgate/internal/translate"
	"github.com/fleetgate/fleetgate/internal/world"
	"github.com/fleetgate/fleetgate/internal/world/worldtest"
)

// TestChangedLosesNothing holds that whoever takes the patches of every step ends with those of the last World.
func TestChangedLosesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := worldtest.Random(t)
		meant := translate.All(w)
		held, history := map[world.Key]status.Patch{}, status.NewHistory()
		take := func(patches []status.Patch) {
			for _, patch := range patches {
				held[patch.Key] = patch
			}
		}
		take(history.Changed(w, ir.IR{}, meant))
		for range rapid.IntRange(1, 6).Draw(t, "rounds") {
			w = worldtest.Copy(w)
			var changed []world.Key
			for range rapid.IntRange(1, 3).Draw(t, "changes") {
				changed = append(changed, worldtest.Mutate(t, w))
			}
			next := translate.Change(meant, w, changed)
			take(history.Changed(w, meant, next))
			meant = next
		}
		for _, patch := range history.Of(w, meant) {
			if !reflect.DeepEqual(held[patch.Key], patch) {
				t.Fatalf("%v: held %+v\nwant %+v", patch.Key, held[patch.Key], patch)
			}
		}
	})
}
