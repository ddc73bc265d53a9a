package world_test

import (
	"maps"
	"reflect"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"github.com/fleetgate/fleetgate/internal/world"
)

// TestObjectsAreAMap holds that Objects are at any time what a map would be, however they came about, and that no change
// shows in those before.
func TestObjectsAreAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want, objects := map[world.Name]int{}, world.Objects[int]{}
		for i := range rapid.IntRange(0, 60).Draw(t, "changes") {
			name := world.Name{Namespace: rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "namespace"), Name: strconv.Itoa(rapid.IntRange(0, 5).Draw(t, "name"))}
			before, held := maps.Clone(want), objects
			if rapid.Bool().Draw(t, "gone") {
				delete(want, name)
				objects = objects.Without(name)
			} else {
				want[name] = i
				objects = objects.With(name, i)
			}
			if objects.Get(name) != want[name] || objects.Len() != len(want) || !maps.Equal(maps.Collect(objects.All()), want) {
				t.Fatalf("got %v, want %v", maps.Collect(objects.All()), want)
			}
			if !maps.Equal(maps.Collect(held.All()), before) {
				t.Fatalf("a change wrote to what was there before: %v", before)
			}
		}
		if !reflect.DeepEqual(objects, world.ObjectsOf(want)) {
			t.Fatal("equal objects are not deeply equal")
		}
	})
}
