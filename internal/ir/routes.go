package ir

import (
	"encoding/json"
	"iter"
	"maps"
	"slices"
)

// Routes are the routes of an IR, of which a fleet may have tens of thousands, sorted by RouteKey. They are never written to: With
// gives others, which share nearly all with them, so that a change costs little however many there are. How they came about does not
// show: equal Routes are deeply equal. The zero value is empty; that is also how it ends when all are gone.
type Routes struct {
	// blocks are the routes in pieces, none of them empty. All but the first begin with a route whose key says so: which routes
	// are together follows from the routes alone, and what comes or goes moves no other block's bounds.
	blocks [][]*Route
	count  int
}

// routesPerBlock is how many are in a block on average, a power of two. A change copies a block and the list of blocks: of 40,000
// routes it is 8 KB in all, and not much less with any other number.
const routesPerBlock = 256

// RoutesOf are the routes of a slice that is sorted by RouteKey, each key once. They do not share it.
func RoutesOf(sorted []*Route) Routes {
	out := Routes{count: len(sorted)}
	from := 0
	for i, route := range sorted {
		if i > 0 && route.Key().begins() {
			out.blocks = append(out.blocks, slices.Clone(sorted[from:i]))
			from = i
		}
	}
	if from < len(sorted) {
		out.blocks = append(out.blocks, slices.Clone(sorted[from:]))
	}
	return out
}

// Len is how many there are.
func (r Routes) Len() int { return r.count }

// All are the routes in order.
func (r Routes) All() iter.Seq[*Route] {
	return func(yield func(*Route) bool) {
		for _, block := range r.blocks {
			for _, route := range block {
				if !yield(route) {
					return
				}
			}
		}
	}
}

// Get is the route of that key; nil if there is none.
func (r Routes) Get(key RouteKey) *Route {
	at := r.block(key)
	if at < 0 {
		return nil
	}
	i, found := find(r.blocks[at], key)
	if !found {
		return nil
	}
	return r.blocks[at][i]
}

// With are these routes and fresh ones, in the place of what had their keys. A nil route says that there is none of its key any more.
func (r Routes) With(fresh map[RouteKey]*Route) Routes {
	if len(fresh) == 0 {
		return r
	}
	out := joiner{blocks: make([][]*Route, 0, len(r.blocks)+1)}
	count := r.count
	keys := slices.SortedFunc(maps.Keys(fresh), RouteKey.Compare)
	at, rest := -1, []*Route(nil) // the block at hand, and what is left of it
	for _, key := range keys {
		if to := r.block(key); to != at {
			out.run(rest)
			out.whole(r.blocks[at+1 : to])
			at, rest = to, r.blocks[to]
		}
		i, found := find(rest, key)
		out.run(rest[:i])
		if found {
			i++
			count--
		}
		rest = rest[i:]
		if route := fresh[key]; route != nil {
			out.run([]*Route{route})
			count++
		}
	}
	out.run(rest)
	out.whole(r.blocks[at+1:])
	if count == 0 {
		return Routes{}
	}
	return Routes{blocks: out.joined(), count: count}
}

// MarshalJSON writes them as a plain list.
func (r Routes) MarshalJSON() ([]byte, error) { return json.Marshal(slices.Collect(r.All())) }

// block is the one in which a key is or belongs; -1 if there is none at all.
func (r Routes) block(key RouteKey) int {
	after, found := slices.BinarySearchFunc(r.blocks, key, func(block []*Route, want RouteKey) int { return block[0].Key().Compare(want) })
	if found {
		return after
	}
	return min(max(after-1, 0), len(r.blocks)-1)
}

// find is where in a block a key is or belongs.
func find(block []*Route, key RouteKey) (int, bool) {
	return slices.BinarySearchFunc(block, key, func(r *Route, want RouteKey) int { return r.Key().Compare(want) })
}

// begins says that a block begins with the route of this key: with one of routesPerBlock, by FNV-1a. Whoever seeks names that begin
// none gets a large block, and pays for copying it as for a plain slice.
func (k RouteKey) begins() bool {
	sum := uint32(2166136261)
	for _, part := range [...]string{k.Namespace, "/", k.Name, "/", k.Kind} {
		for i := range len(part) {
			sum = (sum ^ uint32(part[i])) * 16777619
		}
	}
	return (sum^sum>>16)%routesPerBlock == 0
}

// joiner makes the blocks of Routes out of runs of others' blocks, in order.
type joiner struct {
	blocks [][]*Route
	// open are the runs of the block after those; each is copied once, when all are known.
	open [][]*Route
}

// run adds routes of which only the first may begin a block.
func (j *joiner) run(routes []*Route) {
	if len(routes) == 0 {
		return
	}
	last := len(j.blocks) - 1
	switch {
	case routes[0].Key().begins():
		j.close()
	case len(j.open) == 0 && last >= 0: // what began its block is gone: the rest joins the block before
		j.blocks, j.open = j.blocks[:last], append(j.open, j.blocks[last])
	}
	j.open = append(j.open, routes)
}

// whole adds blocks as they are. All but the very first of Routes begin as blocks do.
func (j *joiner) whole(blocks [][]*Route) {
	if len(blocks) > 0 {
		j.close()
		j.blocks = append(j.blocks, blocks...)
	}
}

func (j *joiner) close() {
	if len(j.open) > 0 {
		j.blocks = append(j.blocks, slices.Concat(j.open...))
		j.open = j.open[:0]
	}
}

func (j *joiner) joined() [][]*Route {
	j.close()
	return j.blocks
}
