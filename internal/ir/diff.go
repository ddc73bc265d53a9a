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
		for len(before) > 0 || len(after) > 0 {
			var change Change
			switch order := compareHeads(before, after); {
			case order == 0:
				change.Before, change.After = before[0], after[0]
				before, after = before[1:], after[1:]
			case order < 0:
				change.Before, before = before[0], before[1:]
			default:
				change.After, after = after[0], after[1:]
			}
			if change.Before != change.After && !yield(change) {
				return
			}
		}
	}
}

func compareHeads(a, b []*Route) int {
	switch {
	case len(a) == 0:
		return 1
	case len(b) == 0:
		return -1
	case a[0] == b[0]:
		return 0
	}
	return a[0].Key().Compare(b[0].Key())
}

// Alike says that proxies get the same of the route as before.
func (c Change) Alike() bool {
	return c.Before != nil && c.After != nil && reflect.DeepEqual(c.Before.Gateways, c.After.Gateways)
}
