package plan

import (
	"cmp"
	"slices"

	"github.com/fleetgate/fleetgate/internal/stack"
)

// order sorts the steps so that each comes after those it needs and those it is declared to come after.
// Among steps that are free to go, deletes that make room come first and other deletes last; then the ID decides. A circle,
// which only a faulty provider can make, is cut at its first step.
func (d *differ) order() []Step {
	before := d.predecessors()
	left := make([]*Step, 0, len(d.steps))
	for _, s := range d.steps {
		left = append(left, s)
	}
	slices.SortFunc(left, func(a, b *Step) int {
		return cmp.Or(cmp.Compare(d.phase(a), d.phase(b)), a.ID.Compare(b.ID))
	})
	var out []Step
	done := map[stack.ID]bool{}
	for len(left) > 0 {
		i := slices.IndexFunc(left, func(s *Step) bool {
			return !slices.ContainsFunc(before[s.ID], func(id stack.ID) bool { return !done[id] })
		})
		i = max(i, 0)
		done[left[i].ID] = true
		out = append(out, *left[i])
		left = slices.Delete(left, i, i+1)
	}
	return out
}

// predecessors are the steps that must come before each step.
func (d *differ) predecessors() map[stack.ID][]stack.ID {
	out := map[stack.ID][]stack.ID{}
	for id, s := range d.steps {
		out[id] = append(out[id], s.Needs...)
		if s.Want == nil {
			continue
		}
		for _, earlier := range s.Want.After {
			if d.steps[earlier] != nil {
				out[id] = append(out[id], earlier)
			}
		}
	}
	return out
}

// phase is 0 for deletes that make room, 1 for creates, updates and waits, 2 for the other deletes.
func (d *differ) phase(s *Step) int {
	switch {
	case s.Want != nil:
		return 1
	case d.first[s.ID.Kind]:
		return 0
	default:
		return 2
	}
}
