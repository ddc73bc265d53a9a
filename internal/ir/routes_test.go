package ir

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"runtime"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// routesNamed are so many HTTPRoutes, sorted.
func routesNamed(count int) []*Route {
	out := make([]*Route, 0, count)
	for i := range count {
		out = append(out, &Route{Kind: HTTPRoute, Namespace: fmt.Sprint("team-", i%7), Name: fmt.Sprint("route-", i)})
	}
	slices.SortFunc(out, func(a, b *Route) int { return a.Key().Compare(b.Key()) })
	return out
}

func keysOf(routes []*Route) []RouteKey {
	out := make([]RouteKey, 0, len(routes))
	for _, route := range routes {
		out = append(out, route.Key())
	}
	return out
}

// heads are the keys that begin a block.
func heads(keys []RouteKey) []RouteKey {
	return slices.DeleteFunc(slices.Clone(keys), func(key RouteKey) bool { return !key.begins() })
}

// drawEdit gives some of the keys another route, or none: those of a stretch, or only those of it that begin blocks.
func drawEdit(t *rapid.T, keys []RouteKey) map[RouteKey]*Route {
	from := rapid.IntRange(0, len(keys)-1).Draw(t, "from")
	length := rapid.OneOf(rapid.IntRange(0, 4), rapid.IntRange(0, len(keys))).Draw(t, "length")
	some := keys[from:min(from+length, len(keys))]
	if rapid.Bool().Draw(t, "heads") {
		some = heads(some)
	}
	step := rapid.IntRange(1, 40).Draw(t, "step")
	gone := rapid.IntRange(0, 3).Draw(t, "gone") // 0 for none of them, 1 for all, else for one of so many
	out := map[RouteKey]*Route{}
	for i := 0; i < len(some); i += step {
		out[some[i]] = &Route{Kind: some[i].Kind, Namespace: some[i].Namespace, Name: some[i].Name}
		if gone > 0 && i%gone == 0 {
			out[some[i]] = nil
		}
	}
	return out
}

// sorted are the routes of a map in order.
func sorted(routes map[RouteKey]*Route) []*Route {
	var out []*Route
	for _, key := range slices.SortedFunc(maps.Keys(routes), RouteKey.Compare) {
		out = append(out, routes[key])
	}
	return out
}

// differences are what Diff is to give.
func differences(before, after map[RouteKey]*Route) []Change {
	either := maps.Clone(before)
	maps.Copy(either, after)
	var out []Change
	for _, key := range slices.SortedFunc(maps.Keys(either), RouteKey.Compare) {
		if before[key] != after[key] {
			out = append(out, Change{before[key], after[key]})
		}
	}
	return out
}

// TestRoutesAreASortedList holds that Routes are at any time what a sorted list would be, however they came about, that no change
// shows in those before, and that Diff tells it.
func TestRoutesAreASortedList(t *testing.T) {
	all := routesNamed(2_000)
	keys := keysOf(all)
	rapid.Check(t, func(t *rapid.T) {
		type version struct {
			routes Routes
			want   map[RouteKey]*Route
		}
		have := version{want: map[RouteKey]*Route{}}
		for _, route := range all[:rapid.IntRange(0, len(all)).Draw(t, "at first")] {
			have.want[route.Key()] = route
		}
		have.routes = RoutesOf(sorted(have.want))
		versions := []version{have}
		for range rapid.IntRange(1, 6).Draw(t, "edits") {
			edit := drawEdit(t, keys)
			next := version{have.routes.With(edit), maps.Clone(have.want)}
			maps.Copy(next.want, edit)
			maps.DeleteFunc(next.want, func(_ RouteKey, route *Route) bool { return route == nil })
			have = next
			versions = append(versions, have)
		}
		for _, v := range versions {
			want := sorted(v.want)
			if got := slices.Collect(v.routes.All()); !slices.Equal(got, want) || v.routes.Len() != len(want) {
				t.Fatalf("got %d routes %v, want %v", v.routes.Len(), keysOf(got), keysOf(want))
			}
			if !reflect.DeepEqual(v.routes, RoutesOf(want)) {
				t.Fatal("equal Routes are not deeply equal")
			}
			for _, key := range keys {
				if v.routes.Get(key) != v.want[key] {
					t.Fatalf("%s is not the route of its key", key)
				}
			}
			for _, other := range versions {
				if got, want := slices.Collect(Diff(v.routes, other.routes)), differences(v.want, other.want); !slices.Equal(got, want) {
					t.Fatalf("Diff gives %v, want %v", got, want)
				}
			}
		}
	})
}

func TestBlocksOfRoutes(t *testing.T) {
	all := routesNamed(2_000)
	begin := slices.IndexFunc(all, func(r *Route) bool { return r.Key().begins() })
	if begin < 2 {
		t.Fatalf("the first block has %d routes: choose other names", begin)
	}
	a, b, head, d := all[begin-2], all[begin-1], all[begin], all[begin+1]
	other := &Route{Kind: d.Kind, Namespace: d.Namespace, Name: d.Name}
	gone := func(routes ...*Route) map[RouteKey]*Route {
		out := map[RouteKey]*Route{}
		for _, route := range routes {
			out[route.Key()] = nil
		}
		return out
	}
	for _, c := range []struct {
		name, reason string
		before       []*Route
		edit         map[RouteKey]*Route
		want         [][]*Route
		// shared are how many blocks are those of before, the same memory.
		shared int
	}{
		{"nothing", "what nothing is asked of stays", []*Route{a, head}, nil, [][]*Route{{a}, {head}}, 2},
		{"first", "a block may begin with the first route of all", nil, map[RouteKey]*Route{b.Key(): b}, [][]*Route{{b}}, 0},
		{"none of nothing", "what is empty is the zero value", nil, gone(b), nil, 0},
		{"last gone", "what is empty is the zero value", []*Route{b}, gone(b), nil, 0},
		{"all gone", "what is empty is the zero value", []*Route{a, b, head, d}, gone(a, b, head, d), nil, 0},
		{"none that was not there", "it takes nothing away", []*Route{a, head}, gone(b), [][]*Route{{a}, {head}}, 1},
		{"in the place of another", "the other block is shared", []*Route{a, b, head, d}, map[RouteKey]*Route{d.Key(): other}, [][]*Route{{a, b}, {head, other}}, 1},
		{"head comes", "the block splits before it", []*Route{a, b, d}, map[RouteKey]*Route{head.Key(): head}, [][]*Route{{a, b}, {head, d}}, 0},
		{"head goes", "the rest joins the block before", []*Route{a, b, head, d}, gone(head), [][]*Route{{a, b, d}}, 0},
		{"head goes alone", "its block vanishes", []*Route{a, b, head}, gone(head), [][]*Route{{a, b}}, 1},
		{"before head goes", "its block vanishes", []*Route{b, head, d}, gone(b), [][]*Route{{head, d}}, 1},
		{"before all", "it joins the first block", []*Route{b, head}, map[RouteKey]*Route{a.Key(): a}, [][]*Route{{a, b}, {head}}, 1},
		{"before a head that is first", "it begins a block of its own", []*Route{head, d}, map[RouteKey]*Route{a.Key(): a}, [][]*Route{{a}, {head, d}}, 0},
	} {
		before := RoutesOf(c.before)
		clear(c.before) // it is not shared
		got := before.With(c.edit)
		if !reflect.DeepEqual(got.blocks, c.want) || (got.Len() == 0) != reflect.DeepEqual(got, Routes{}) {
			t.Errorf("%s: %s: got blocks %v, want %v", c.name, c.reason, got.blocks, c.want)
		}
		shared := 0
		for _, block := range got.blocks {
			if slices.ContainsFunc(before.blocks, func(old []*Route) bool { return &old[0] == &block[0] }) {
				shared++
			}
		}
		if shared != c.shared {
			t.Errorf("%s: %d blocks are shared, want %d", c.name, shared, c.shared)
		}
	}
}

func TestRoutesAreWrittenAsAList(t *testing.T) {
	list := routesNamed(3)
	for _, r := range []struct{ got, want any }{
		{IR{Routes: RoutesOf(list)}, map[string]any{"routes": list}},
		{IR{}, map[string]any{}},
		{Routes{}, []*Route(nil)},
	} {
		got, err := json.Marshal(r.got)
		if err != nil {
			t.Fatal(err)
		}
		if want, _ := json.Marshal(r.want); string(got) != string(want) {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// TestAChangedRouteCopiesABlock holds that a change of Routes costs what changed, however many there are, and many at once
// no more than all.
func TestAChangedRouteCopiesABlock(t *testing.T) {
	routes := RoutesOf(routesNamed(40_000))
	list := slices.Collect(routes.All())
	every := func(step int) map[RouteKey]*Route {
		out := map[RouteKey]*Route{}
		for i := 0; i < len(list); i += step {
			out[list[i].Key()] = &Route{Kind: HTTPRoute, Namespace: list[i].Namespace, Name: list[i].Name}
		}
		return out
	}
	singly := make([]map[RouteKey]*Route, 0, 200)
	for key, route := range every(len(list) / 200) {
		singly = append(singly, map[RouteKey]*Route{key: route})
	}
	headless := map[RouteKey]*Route{}
	for _, key := range heads(keysOf(list)) {
		headless[key] = nil
	}
	for _, c := range []struct {
		name  string
		edits []map[RouteKey]*Route
		// most is how many KB an edit may take.
		most uint64
	}{
		{"one route", singly, 16},
		{"5,000 routes", []map[RouteKey]*Route{every(8)}, 2_000},
		{"all that begin blocks go", []map[RouteKey]*Route{headless}, 1_000},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for _, edit := range c.edits {
			routes.With(edit)
		}
		runtime.ReadMemStats(&after)
		used := (after.TotalAlloc - before.TotalAlloc) / uint64(len(c.edits)) >> 10
		t.Logf("%s: %d KB", c.name, used)
		if used > c.most {
			t.Errorf("%s: %d KB, want at most %d", c.name, used, c.most)
		}
	}
}
