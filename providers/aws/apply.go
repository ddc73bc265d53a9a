package aws

import (
	"context"
	"fmt"
	"time"

	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/plan"
	"github.com/fleetgate/fleetgate/internal/stack"
	"github.com/fleetgate/fleetgate/providers"
)

// task is one step of one front.
type task struct {
	front ir.Front
	step  plan.Step
}

func (t task) owner() ir.Owner { return t.front.Owner }

// name is what the resource is called in AWS.
func (t task) name() string { return cloudName(t.front.Owner, t.step.ID) }

// tags are all tags that the resource gets.
func (t task) tags(user map[string]string) map[string]string {
	return ownerTags(t.front.Owner, t.step.ID, user)
}

// ref is the cloud's name of a resource of ours, or the name itself if it is not ours.
func (t task) ref(kind stack.Kind, name string) (string, error) {
	if !ours(name) {
		return name, nil
	}
	id := stack.ID{Kind: kind, Name: name}
	if ref := t.step.Refs[id]; ref != "" {
		return ref, nil
	}
	return "", providers.Pending(id.String()+" to exist", nil)
}

// done is the resource as it is after the step.
func (t task) done(ref string, state stack.State, facts map[string]string) stack.Resource {
	return stack.Resource{
		ID: t.step.ID, Spec: t.step.Want.Spec, DependsOn: t.step.Want.DependsOn, Ref: ref, State: state, Facts: facts,
	}
}

// updated is the resource after an update: as it was, with the wanted Spec.
func (t task) updated() stack.Resource {
	return t.done(t.step.Have.Ref, t.step.Have.State, t.step.Have.Facts)
}

// specOf is the Spec of a resource whose kind decides its type; another type is a fault of Render or Observe.
func specOf[T any](r *stack.Resource) T {
	s, ok := r.Spec.(T)
	if !ok {
		panic(fmt.Sprintf("%s has a Spec of type %T", r.ID, r.Spec))
	}
	return s
}

// verbs are what can be done to a kind of resource.
type verbs struct {
	create, update func(*account, context.Context, task) (stack.Resource, error)
	remove         func(*account, context.Context, task) error
}

var verbsOf = map[stack.Kind]verbs{
	KindSecurityGroup:     {(*account).createGroup, (*account).updateGroup, (*account).deleteGroup},
	KindSecurityGroupRule: {(*account).createRule, (*account).updateRule, (*account).deleteRule},
	KindCertificate:       {(*account).createCertificate, (*account).updateCertificate, (*account).deleteCertificate},
	KindLoadBalancer:      {(*account).createLoadBalancer, (*account).updateLoadBalancer, (*account).deleteLoadBalancer},
	KindTargetGroup:       {(*account).createTargetGroup, (*account).updateTargetGroup, (*account).deleteTargetGroup},
	KindTargets:           {(*account).createTargets, (*account).updateTargets, (*account).deleteTargets},
	KindListener:          {(*account).createListener, (*account).updateListener, (*account).deleteListener},
	KindWebACL:            {(*account).createWebACL, (*account).updateWebACL, (*account).deleteWebACL},
	KindAssociation:       {(*account).associate, (*account).associate, (*account).disassociate},
}

// apply performs a step. Whatever a step makes carries the owner's tags from its first moment, so that no
// crash leaves anything that cannot be found again.
func (a *account) apply(ctx context.Context, t task) (stack.Resource, error) {
	v, ok := verbsOf[t.step.ID.Kind]
	if !ok {
		return stack.Resource{}, fmt.Errorf("%s is no kind of resource in AWS", t.step.ID.Kind)
	}
	var out stack.Resource
	var err error
	switch t.step.Op {
	case plan.Create:
		out, err = v.create(a, ctx, t)
	case plan.Update:
		out, err = v.update(a, ctx, t)
	case plan.Delete:
		if err = a.superseded(t); err == nil {
			err = v.remove(a, ctx, t)
		}
		if gone(err) {
			err = nil
		}
	default:
		return *t.step.Have, nil
	}
	return out, explain(err)
}

// superseded holds back what belongs to a load balancer that another took the place of, until DNS caches have
// forgotten it. A Gateway that goes away waits for nobody.
func (a *account) superseded(t task) error {
	since, err := time.Parse(time.RFC3339Nano, t.step.Have.Facts[factSuperseded])
	if err != nil || len(t.front.Ports) == 0 || a.opts.Now().Sub(since) >= a.opts.ReplacementGrace {
		return nil //nolint:nilerr // what has no such time is not superseded
	}
	return providers.Pending("DNS caches to forget the load balancer that was replaced", nil)
}
