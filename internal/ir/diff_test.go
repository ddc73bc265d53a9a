package ir_test

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/fleetgate/fleetgate/internal/ir"
)

// drawRoutes are some of a few names, sorted, each in one of two versions.
func drawRoutes(t *rapid.T, versions [2]map[string]*ir.Route, label string) ir.Routes {
	var out []*ir.Route
	for _, name := range slices.Sorted(maps.Keys(versions[0])) {
		if version := rapid.IntRange(0, 2).Draw(t, label+" "+name); version < 2 {
			out = append(out, versions[version][name])
		}
	}
	return ir.RoutesOf(out)
}

func TestDiffGivesEachRouteThatIsAnotherOnce(t *testing.T) {
	versions := [2]map[string]*ir.Route{{}, {}}
	for i := range versions {
		for name := range 8 {
			versions[i][fmt.Sprint(name)] = &ir.Route{Kind: ir.HTTPRoute, Namespace: "ns", Name: fmt.Sprint(name)}
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		before, after := drawRoutes(t, versions, "before"), drawRoutes(t, versions, "after")
		want := map[ir.RouteKey]ir.Change{}
		for route := range before.All() {
			want[route.Key()] = ir.Change{Before: route}
		}
		for route := range after.All() {
			want[route.Key()] = ir.Change{Before: want[route.Key()].Before, After: route}
		}
		maps.DeleteFunc(want, func(_ ir.RouteKey, change ir.Change) bool { return change.Before == change.After })
		got := map[ir.RouteKey]ir.Change{}
		for change := range ir.Diff(before, after) {
			key := keyOf(change)
			if _, twice := got[key]; twice {
				t.Fatalf("%s came twice", key)
			}
			got[key] = change
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
		for change := range ir.Diff(before, before) {
			t.Fatalf("%v differs from itself", change)
		}
	})
}

func keyOf(change ir.Change) ir.RouteKey {
	if change.Before != nil {
		return change.Before.Key()
	}
	return change.After.Key()
}
