package providers

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/plan"
	"github.com/fleetgate/fleetgate/internal/stack"
)

// SubnetLister is a Provider that knows which networks its fronts send from; the proxies trust
// forwarded headers from these alone.
type SubnetLister interface {
	// Subnets are the CIDRs of the front's subnets, sorted.
	Subnets(have stack.Observed) []string
}

// Result is how far one pass got.
type Result struct {
	// Addresses of the front; none while it is not active.
	Addresses []Address
	// Active says that the front takes requests: it has addresses. It can be Active while Pending is not
	// empty, as when a web ACL is still to be associated.
	Active bool
	// Whole says that all that is wanted is there as it is wanted: at most deletions are left to do.
	Whole bool
	// Pending is what is awaited, for users, or "". The next pass, after some seconds, goes on from there.
	Pending string
	// Problems of the user's input, from Render.
	Problems []ir.Problem
	// Subnets are the CIDRs that the front sends from, sorted.
	Subnets []string
	// Steps that were applied, in order.
	Steps []plan.Step
}

// Reconcile makes one pass: observe, render, diff, and apply every step that can be applied now. It never
// waits for the cloud: what is not ready is named in Result.Pending. A failing step holds back only what
// needs it; the errors of all are joined, and the Result tells what was done in spite of them.
func Reconcile(ctx context.Context, p Provider, front ir.Front) (Result, error) {
	have, err := p.Observe(ctx, front)
	if err != nil {
		return Result{}, fmt.Errorf("observing: %w", err)
	}
	want, problems := p.Render(front, have)
	a := newApplier(p, front, have)
	err = a.run(ctx, plan.Diff(want, have))
	have = a.observed()
	r := Result{
		Addresses: p.Addresses(have), Pending: a.awaited(want), Problems: problems, Steps: a.applied,
	}
	r.Active = len(r.Addresses) > 0
	r.Whole = err == nil && a.whole(want)
	if s, ok := p.(SubnetLister); ok {
		r.Subnets = s.Subnets(have)
	}
	return r, err
}

// Plan is what Reconcile would do now. Nothing is changed.
func Plan(ctx context.Context, p Provider, front ir.Front) (plan.Plan, []ir.Problem, error) {
	have, err := p.Observe(ctx, front)
	if err != nil {
		return plan.Plan{}, nil, fmt.Errorf("observing: %w", err)
	}
	want, problems := p.Render(front, have)
	return plan.Diff(want, have), problems, nil
}

// Destroy deletes what the owner of front has, one pass at a time; done says that nothing is left, or
// that the parameters ask to retain it. Only Owner and the parameters of front count.
func Destroy(ctx context.Context, p Provider, front ir.Front) (done bool, pending string, err error) {
	front.Ports, front.Members = nil, nil
	have, err := p.Observe(ctx, front)
	if err != nil {
		return false, "", fmt.Errorf("observing: %w", err)
	}
	want, _ := p.Render(front, have)
	if want.Retain || len(have.Resources)+len(have.Pending) == 0 {
		return true, "", nil
	}
	a := newApplier(p, front, have)
	nothing := stack.Stack{Owner: front.Owner}
	if err := a.run(ctx, plan.Diff(nothing, have)); err != nil {
		return false, a.awaited(nothing), err
	}
	if pending := a.awaited(nothing); pending != "" {
		return false, pending, nil
	}
	left, err := p.Observe(ctx, front)
	if err != nil {
		return false, "", fmt.Errorf("observing: %w", err)
	}
	if len(left.Pending) > 0 {
		return false, strings.Join(left.Pending, "; "), nil
	}
	if len(left.Resources) > 0 {
		return false, "deletion of " + left.Resources[0].ID.String(), nil
	}
	return true, "", nil
}

// errInterrupted is what a pass ends with when its context is done.
func errInterrupted(ctx context.Context, step plan.Step) error {
	return errors.Join(fmt.Errorf("interrupted before %s %s", step.Op, step.ID), context.Cause(ctx))
}
