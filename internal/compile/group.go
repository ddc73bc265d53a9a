package compile

import (
	"hash/fnv"
	"maps"
	"slices"

	"github.com/fleetgate/fleetgate/internal/ir"
)

// rulesPerChunk is how many rules a chunk has on average at most; at least it has half of that, unless it is the only one.
const rulesPerChunk = 96

// layout is how the routes of a Gateway are spread over its chunks. A route is wholly in one chunk, chosen by a hash of
// its name alone: a changed route rewrites one chunk, and the routes of one giant hostname spread evenly.
type layout struct {
	gateway ir.Key
	// routes are those of the IR that the layout was brought to last.
	routes ir.Routes
	// groups are the routes of each chunk, sorted by key.
	groups [][]*ir.Route
	rules  int
	// namespaces counts the pools in each namespace of backends.
	namespaces map[string]int
	// named are those namespaces, sorted; nil until somebody asks again.
	named []string
}

// newLayout spreads the routes of a Gateway.
func newLayout(r ir.IR, gateway ir.Key) *layout {
	out := &layout{gateway: gateway, groups: make([][]*ir.Route, 1), namespaces: map[string]int{}}
	out.update(r.Routes)
	return out
}

// update brings the layout to other routes, and gives the numbers of the chunks that may be others now: all are when there
// is another number of them. Otherwise the cost is that of the routes which changed.
func (l *layout) update(routes ir.Routes) map[int]bool {
	touched := map[int]bool{}
	for change := range ir.Diff(l.routes, routes) {
		l.count(change.Before, -1)
		l.count(change.After, 1)
		before, after := l.has(change.Before), l.has(change.After)
		switch {
		case before && after:
			at := l.place(change.After)
			i, _ := l.find(at, change.After)
			l.groups[at][i] = change.After
			if !change.Alike() {
				touched[at] = true
			}
		case before:
			at := l.place(change.Before)
			i, _ := l.find(at, change.Before)
			l.groups[at] = slices.Delete(l.groups[at], i, i+1)
			touched[at] = true
		case after:
			at := l.place(change.After)
			i, _ := l.find(at, change.After)
			l.groups[at] = slices.Insert(l.groups[at], i, change.After)
			touched[at] = true
		}
	}
	l.routes = routes
	l.spread()
	return touched
}

// has says whether a route, which may be nil, is in a chunk.
func (l *layout) has(route *ir.Route) bool {
	if route == nil {
		return false
	}
	part := route.For(l.gateway)
	return part != nil && len(part.Hosts) > 0
}

// count adds what a route, which may be nil, brings into the layout, or takes it off again.
func (l *layout) count(route *ir.Route, by int) {
	if route == nil {
		return
	}
	part := route.For(l.gateway)
	if part == nil {
		return
	}
	if len(part.Hosts) > 0 {
		l.rules += by * (len(part.Rules) + len(part.Passed))
	}
	for _, pool := range part.Pools {
		before := l.namespaces[pool.Namespace]
		if before == 0 || before+by == 0 {
			l.named = nil
		}
		if l.namespaces[pool.Namespace] = before + by; before+by == 0 {
			delete(l.namespaces, pool.Namespace)
		}
	}
}

// backends are the namespaces of the Services that the routes name, sorted.
func (l *layout) backends() []string {
	if l.named == nil {
		l.named = slices.AppendSeq(make([]string, 0, len(l.namespaces)), maps.Keys(l.namespaces))
		slices.Sort(l.named)
	}
	return l.named
}

// find is where in a chunk a route is or belongs.
func (l *layout) find(chunk int, route *ir.Route) (int, bool) {
	return slices.BinarySearchFunc(l.groups[chunk], route.Key(), func(r *ir.Route, want ir.RouteKey) int { return r.Key().Compare(want) })
}

// spread makes as many chunks as the rules need.
func (l *layout) spread() {
	count := chunkCount(l.rules)
	if count == len(l.groups) {
		return
	}
	l.groups = make([][]*ir.Route, count)
	for route := range l.routes.All() {
		if l.has(route) {
			at := l.place(route)
			l.groups[at] = append(l.groups[at], route)
		}
	}
}

// chunkCount is a power of two, so that when it doubles each chunk splits in two and no route moves elsewhere.
func chunkCount(rules int) int {
	count := 1
	for count*rulesPerChunk < rules {
		count *= 2
	}
	return count
}

// place is the chunk of a route.
func (l *layout) place(route *ir.Route) int {
	sum := fnv.New64a()
	_, _ = sum.Write([]byte(route.Namespace))
	_, _ = sum.Write([]byte{0})
	_, _ = sum.Write([]byte(route.Name))
	if route.Kind != ir.HTTPRoute {
		_, _ = sum.Write([]byte{0})
		_, _ = sum.Write([]byte(route.Kind))
	}
	hash := sum.Sum64()
	hash ^= hash >> 29
	return int(hash & uint64(len(l.groups)-1))
}
