package compile

import (
	"hash/fnv"

	"github.com/fleetgate/fleetgate/internal/ir"
)

// rulesPerChunk is how many rules a chunk has on average at most; at least it has half of that, unless it is the only one.
const rulesPerChunk = 96

// group spreads the routes of a Gateway over its chunks. A route is wholly in one chunk, chosen by a hash of
// its name alone: a changed route rewrites one chunk, and the routes of one giant hostname spread evenly.
func group(r ir.IR, gateway *ir.Gateway) [][]*ir.Route {
	key := gateway.Key()
	var members []*ir.Route
	rules := 0
	for _, route := range r.Routes {
		if part := route.For(key); part != nil && len(part.Hosts) > 0 {
			members = append(members, route)
			rules += len(part.Rules) + len(part.Passed)
		}
	}
	groups := make([][]*ir.Route, chunkCount(rules))
	for _, route := range members {
		at := place(route.Key(), len(groups))
		groups[at] = append(groups[at], route)
	}
	return groups
}

// chunkCount is a power of two, so that when it doubles each chunk splits in two and no route moves elsewhere.
func chunkCount(rules int) int {
	count := 1
	for count*rulesPerChunk < rules {
		count *= 2
	}
	return count
}

func place(route ir.RouteKey, chunks int) int {
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
	return int(hash & uint64(chunks-1))
}
