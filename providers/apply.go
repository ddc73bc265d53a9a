package providers

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/plan"
	"github.com/fleetgate/fleetgate/internal/stack"
)

// applier applies the steps of one pass and keeps what is known of the cloud up to date.
type applier struct {
	provider Provider
	front    ir.Front
	facts    any
	have     map[stack.ID]stack.Resource
	held     map[stack.ID]bool // failed, pending, or needing one that is
	pending  []string          // what is awaited, for users
	applied  []plan.Step
}

func newApplier(p Provider, front ir.Front, have stack.Observed) *applier {
	a := &applier{
		provider: p, front: front, facts: have.Facts,
		have: map[stack.ID]stack.Resource{}, held: map[stack.ID]bool{}, pending: slices.Clone(have.Pending),
	}
	for _, r := range have.Resources {
		a.have[r.ID] = r
	}
	return a
}

// run applies what can be applied.
func (a *applier) run(ctx context.Context, p plan.Plan) error {
	var errs []error
	for _, step := range p.Steps {
		if ctx.Err() != nil {
			return errors.Join(append(errs, errInterrupted(ctx, step))...)
		}
		if slices.ContainsFunc(step.Needs, func(id stack.ID) bool { return a.held[id] }) {
			a.held[step.ID] = true
			continue
		}
		if step.Op == plan.Wait {
			a.hold(step.ID, waitText(*step.Have))
			continue
		}
		if err := a.step(ctx, step); err != nil {
			errs = append(errs, fmt.Errorf("%s %s: %w", step.Op, step.ID, err))
		}
	}
	return errors.Join(errs...)
}

// step applies one step. Something awaited is no error.
func (a *applier) step(ctx context.Context, step plan.Step) error {
	step.Refs = a.refs()
	got, err := a.provider.Apply(ctx, a.front, step)
	if pending, ok := AsPending(err); ok {
		a.hold(step.ID, pending.What)
		return nil
	}
	if err != nil {
		a.held[step.ID] = true
		return err
	}
	a.applied = append(a.applied, step)
	if step.Op == plan.Delete && got.State != stack.Deleting {
		delete(a.have, step.ID)
		return nil
	}
	a.have[step.ID] = got
	if got.State != stack.Active && got.State != "" {
		a.hold(step.ID, waitText(got))
	}
	return nil
}

func (a *applier) hold(id stack.ID, what string) {
	a.held[id] = true
	if !slices.Contains(a.pending, what) {
		a.pending = append(a.pending, what)
	}
}

// refs are the cloud's names of everything known by now.
func (a *applier) refs() map[stack.ID]string {
	out := make(map[stack.ID]string, len(a.have))
	for id, r := range a.have {
		if r.Ref != "" {
			out[id] = r.Ref
		}
	}
	return out
}

func (a *applier) observed() stack.Observed {
	return stack.Observed{
		Resources: slices.SortedFunc(maps.Values(a.have), func(x, y stack.Resource) int { return x.ID.Compare(y.ID) }),
		Facts:     a.facts,
	}
}

// awaited is the text of all that is pending, wanted resources that nothing else needs included.
func (a *applier) awaited(want stack.Stack) string {
	for _, w := range want.Resources {
		if h, ok := a.have[w.ID]; ok && h.State != stack.Active && h.State != "" {
			a.hold(w.ID, waitText(h))
		}
	}
	return strings.Join(a.pending, "; ")
}

// whole says that each wanted resource is active, after its step if it had one.
func (a *applier) whole(want stack.Stack) bool {
	return !slices.ContainsFunc(want.Resources, func(w stack.Resource) bool {
		have, there := a.have[w.ID]
		return !there || a.held[w.ID] || have.State != stack.Active && have.State != ""
	})
}

func waitText(r stack.Resource) string {
	switch r.State {
	case stack.Deleting:
		return r.ID.String() + " to be gone"
	case stack.Failed:
		return r.ID.String() + ", which the cloud calls failed"
	default:
		return r.ID.String() + " to be active"
	}
}
