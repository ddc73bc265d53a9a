package plan

import (
	"slices"

	"github.com/fleetgate/fleetgate/internal/stack"
)

// Diff is the way from what is there to what is wanted, one step a resource at most.
//
//	wanted  observed              step
//	yes     no                    create
//	yes     other Spec            update
//	yes     being deleted         wait
//	yes     same, not Active      wait, if another step needs it
//	yes     same, Active          none
//	no      yes                   delete; none if the Stack is empty and Retain is set
//	no      being deleted         wait, if another step needs it
//
// A step comes after those of the resources it depends on. A delete comes after those of the resources that
// depended on it, of those that take its place, and after every create and update unless the Stack says
// that its kind is deleted first. Resources are told apart by ID alone: a provider puts values that cannot be changed
// on a living resource into the ID's name, so that changing one makes a new resource and deletes the old.
func Diff(want stack.Stack, have stack.Observed) Plan {
	d := newDiffer(want, have)
	for i := range want.Resources {
		d.wanted(&want.Resources[i])
	}
	if !want.Retain || len(want.Resources) > 0 {
		for i := range have.Resources {
			d.observed(&have.Resources[i])
		}
	}
	d.needs()
	d.dropIdleWaits()
	return Plan{Steps: d.order()}
}

type differ struct {
	want  map[stack.ID]*stack.Resource
	have  map[stack.ID]*stack.Resource
	first map[stack.Kind]bool
	steps map[stack.ID]*Step
}

func newDiffer(want stack.Stack, have stack.Observed) *differ {
	d := &differ{
		want: map[stack.ID]*stack.Resource{}, have: map[stack.ID]*stack.Resource{},
		first: map[stack.Kind]bool{}, steps: map[stack.ID]*Step{},
	}
	for i := range want.Resources {
		d.want[want.Resources[i].ID] = &want.Resources[i]
	}
	for i := range have.Resources {
		d.have[have.Resources[i].ID] = &have.Resources[i]
	}
	for _, k := range want.DeleteFirst {
		d.first[k] = true
	}
	return d
}

// wanted adds the step of a wanted resource.
func (d *differ) wanted(w *stack.Resource) {
	h := d.have[w.ID]
	if h == nil {
		d.steps[w.ID] = &Step{Op: Create, ID: w.ID, Want: w}
		return
	}
	if h.State == stack.Deleting {
		d.steps[w.ID] = &Step{Op: Wait, ID: w.ID, Want: w, Have: h}
		return
	}
	if changes := Changes(h.Spec, w.Spec); len(changes) > 0 {
		d.steps[w.ID] = &Step{Op: Update, ID: w.ID, Want: w, Have: h, Changes: changes}
		return
	}
	if h.State != stack.Active && h.State != "" {
		d.steps[w.ID] = &Step{Op: Wait, ID: w.ID, Want: w, Have: h}
	}
}

// observed adds the step of a resource that is there and not wanted.
func (d *differ) observed(h *stack.Resource) {
	if d.want[h.ID] != nil {
		return
	}
	op := Delete
	if h.State == stack.Deleting {
		op = Wait
	}
	d.steps[h.ID] = &Step{Op: op, ID: h.ID, Have: h}
}

// needs fills in what every step waits for.
func (d *differ) needs() {
	for id, w := range d.want {
		for _, dep := range w.DependsOn {
			d.need(id, dep)
		}
		for _, old := range w.Replaces {
			d.deleteAfter(old, id)
		}
	}
	// What a resource depended on goes only after that resource has let go of it.
	for id, h := range d.have {
		if by := d.steps[id]; by == nil || by.Op == Wait && by.Want != nil {
			continue
		}
		for _, dep := range h.DependsOn {
			d.deleteAfter(dep, id)
		}
	}
	for _, s := range d.steps {
		slices.SortFunc(s.Needs, stack.ID.Compare)
		s.Needs = slices.Compact(s.Needs)
	}
}

// need makes the step of id wait for that of other, if both have one.
func (d *differ) need(id, other stack.ID) {
	if s := d.steps[id]; s != nil && id != other && d.steps[other] != nil {
		s.Needs = append(s.Needs, other)
	}
}

// deleteAfter makes the deletion of id, if it is to be deleted, wait for the step of other.
func (d *differ) deleteAfter(id, other stack.ID) {
	if s := d.steps[id]; s != nil && s.Want == nil {
		d.need(id, other)
	}
}

// dropIdleWaits removes waits that hold nothing back.
func (d *differ) dropIdleWaits() {
	needed := map[stack.ID]bool{}
	for _, s := range d.steps {
		for _, id := range s.Needs {
			if s.Op != Wait {
				needed[id] = true
			}
		}
	}
	for id, s := range d.steps {
		if s.Op == Wait && !needed[id] {
			delete(d.steps, id)
		}
	}
	for _, s := range d.steps {
		s.Needs = slices.DeleteFunc(s.Needs, func(id stack.ID) bool { return d.steps[id] == nil })
	}
}
