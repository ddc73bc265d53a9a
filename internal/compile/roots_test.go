package compile_test

import (
	"slices"
	"testing"

	"github.com/fleetgate/fleetgate/internal/compile"
	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/translate"
	"github.com/fleetgate/fleetgate/internal/world"
	"github.com/fleetgate/fleetgate/internal/world/worldtest"
)

// TestMembersShareARoot holds that a root is encoded once for members that get the same, and for each that does not.
func TestMembersShareARoot(t *testing.T) {
	meant := translate.All(worldtest.Many(10, false))
	special := *meant.Gateways[0]
	special.Revision, special.Deps = "special", slices.Clone(special.Deps) // of another translation
	special.Pools = []ir.Pool{{Local: []ir.LocalPort{{Member: "west", PortName: "other"}}}}
	roots := compile.NewRoots()
	east, west := compile.NewCacheOf(roots), compile.NewCacheOf(roots)
	data := func(cache *compile.Cache, member string) *byte {
		t.Helper()
		objects, err := cache.ProxyConfigs(meant, web, member)
		if err != nil {
			t.Fatal(err)
		}
		alone, err := compile.ProxyConfigs(meant, web, member)
		if err != nil || objects[0].Spec.Checksum != alone[0].Spec.Checksum {
			t.Errorf("%s does not get its own root", member)
		}
		return &objects[0].Spec.Data[0]
	}
	if data(east, "east") != data(west, "west") {
		t.Error("the same root was encoded twice")
	}
	meant.Gateways = []*ir.Gateway{&special}
	if data(east, "east") == data(west, "west") {
		t.Error("a member whose pool has another port gets the root of the other")
	}
	meant.Gateways = nil
	if objects, err := east.ProxyConfigs(meant, world.Name{Namespace: "infra", Name: "web"}, "east"); err != nil || len(objects) > 0 {
		t.Errorf("of a Gateway that went: %v, %v", objects, err)
	}
}
