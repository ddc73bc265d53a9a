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
func Diff(before, after []*Route) iter.Seq[Change] {
	return func(yield func(Change) bool) {
		for {
			same := common(before, after)
			before, after = before[same:], after[same:]
			if len(before) == 0 && len(after) == 0 {
				return
			}
			var change Change
			order := compareHeads(before, after)
			if order <= 0 {
				change.Before, before = before[0], before[1:]
			}
			if order >= 0 {
				change.After, after = after[0], after[1:]
			}
			if !yield(change) {
				return
			}
		}
	}
}

// common is how many routes both begin with. Most often that is nearly all of tens of thousands, so it does nothing else.
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
