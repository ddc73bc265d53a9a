package ir

import (
	"iter"
	"reflect"
)

// Change is a route before and after; nil where it is not there.
type Change struct {
	Before, After *Route
}

// Diff gives the routes in which two IRs differ, by key. It compares addresses: of equal pointers it looks at nothing, so that
// it is cheap for an IR that translate.Change made from the other.
func Diff(before, after Routes) iter.Seq[Change] {
	return func(yield func(Change) bool) {
		old, now := walk{blocks: before.blocks}, walk{blocks: after.blocks}
		for {
			skipCommon(&old, &now)
			if len(old.block) == 0 && len(now.block) == 0 {
				return
			}
			var change Change
			order := compareHeads(old.block, now.block)
			if order <= 0 {
				change.Before = old.block[0]
				old.block = old.block[1:]
			}
			if order >= 0 {
				change.After = now.block[0]
				now.block = now.block[1:]
			}
			if !yield(change) {
				return
			}
		}
	}
}

// walk goes through Routes.
type walk struct {
	// block is what is left of the one at hand, blocks are those after it.
	block  []*Route
	blocks [][]*Route
}

// fill goes on to the next block when nothing is left of that at hand; with none left at the end.
func (w *walk) fill() {
	if len(w.block) == 0 && len(w.blocks) > 0 {
		w.block, w.blocks = w.blocks[0], w.blocks[1:]
	}
}

// skipCommon goes on to where two walks differ, or both end. Blocks that are the same memory are not looked into; where the bounds
// of one are others, the walks are soon at the beginning of the same block again.
func skipCommon(a, b *walk) {
	for {
		a.fill()
		b.fill()
		n := common(a.block, b.block)
		if n == 0 {
			return
		}
		a.block, b.block = a.block[n:], b.block[n:]
	}
}

// common is how many routes both begin with. Most often that is all of a block, at a glance.
func common(a, b []*Route) int {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(a) == 0 || &a[0] == &b[0] {
		return len(a)
	}
	b = b[:len(a)]
	for i := range a {
		if a[i] != b[i] {
			return i
		}
	}
	return len(a)
}

// compareHeads orders by the first route; none is last.
func compareHeads(a, b []*Route) int {
	switch {
	case len(a) == 0:
		return 1
	case len(b) == 0:
		return -1
	}
	return a[0].Key().Compare(b[0].Key())
}

// Alike says that proxies get the same of the route as before.
func (c Change) Alike() bool {
	return c.Before != nil && c.After != nil && reflect.DeepEqual(c.Before.Gateways, c.After.Gateways)
}

// DiffSets gives the ListenerSets of two versions of a Gateway, either of which may be nil, by precedence: with nil for one that the
// other version has not. One that was made anew comes twice.
func DiffSets(before, after *Gateway) iter.Seq2[*ListenerSet, *ListenerSet] {
	return func(yield func(before, after *ListenerSet) bool) {
		old, now := setsOf(before), setsOf(after)
		for len(old) > 0 || len(now) > 0 {
			order := compareSets(old, now)
			var a, b *ListenerSet
			if order <= 0 {
				a, old = old[0], old[1:]
			}
			if order >= 0 {
				b, now = now[0], now[1:]
			}
			if !yield(a, b) {
				return
			}
		}
	}
}

func setsOf(gateway *Gateway) []*ListenerSet {
	if gateway == nil {
		return nil
	}
	return gateway.Sets
}

func compareSets(a, b []*ListenerSet) int {
	switch {
	case len(a) == 0:
		return 1
	case len(b) == 0:
		return -1
	}
	return a[0].Compare(b[0])
}
