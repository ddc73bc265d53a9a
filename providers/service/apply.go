package service

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/plan"
	"github.com/fleetgate/fleetgate/internal/stack"
	"github.com/fleetgate/fleetgate/providers"
)

// Apply performs one step.
func (p *Provider) Apply(ctx context.Context, front ir.Front, step plan.Step) (stack.Resource, error) {
	if err := ctx.Err(); err != nil {
		return stack.Resource{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, memberTimeout)
	defer cancel()
	if step.Op == plan.Delete {
		return p.remove(ctx, *step.Have)
	}
	spec, ok := step.Want.Spec.(Spec)
	if !ok {
		return stack.Resource{}, fmt.Errorf("%s has a Spec of type %T", step.ID, step.Want.Spec)
	}
	uid := ""
	if step.Have != nil {
		uid = step.Have.Ref
	}
	// A Service that is not known to be ours is not taken over.
	got, err := p.members.ApplyService(ctx, spec.Member, object(spec, uid), uid != "")
	if err != nil {
		return stack.Resource{}, explain(err, spec, uid != "")
	}
	return resourceOf(front, spec.Member, got), nil
}

func (p *Provider) remove(ctx context.Context, have stack.Resource) (stack.Resource, error) {
	spec, ok := have.Spec.(Spec)
	if !ok {
		return stack.Resource{}, fmt.Errorf("%s has a Spec of type %T", have.ID, have.Spec)
	}
	err := p.members.DeleteService(ctx, spec.Member, spec.Namespace, spec.Name, have.Ref)
	if err != nil && !apierrors.IsNotFound(err) {
		return stack.Resource{}, explain(err, spec, true)
	}
	// It may have a finalizer; the next pass sees whether it is gone.
	return stack.Resource{}, nil
}

// explain tells by the API server's code what kind of error it is.
func explain(err error, spec Spec, known bool) error {
	where := fmt.Sprintf("Service %s/%s in %s", spec.Namespace, spec.Name, spec.Member)
	switch {
	case apierrors.IsConflict(err) && !known:
		return providers.Terminal(where+" exists and was not made for this Gateway: delete it, or give the Gateway another name", err)
	case apierrors.IsConflict(err):
		return providers.Pending("another writer of "+where, err)
	case apierrors.IsNotFound(err):
		return providers.Pending(fmt.Sprintf("namespace %s in %s", spec.Namespace, spec.Member), err)
	case apierrors.IsForbidden(err) && apierrors.HasStatusCause(err, "NamespaceTerminating"):
		return providers.Pending(fmt.Sprintf("namespace %s in %s, which is being deleted", spec.Namespace, spec.Member), err)
	case apierrors.IsForbidden(err):
		return providers.Terminal("the operator lacks a permission in "+spec.Member+": install the chart fleetgate with mode: member in it", err)
	case apierrors.IsInvalid(err):
		return providers.Terminal(where+" is refused: correct the ServiceConfig or the listeners", err)
	}
	if after, ok := apierrors.SuggestsClientDelay(err); ok {
		return providers.Throttled(seconds(after), err)
	}
	return err
}

func seconds(n int) time.Duration { return time.Duration(n) * time.Second }
