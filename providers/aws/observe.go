package aws

import (
	"context"
	"maps"

	awsv1alpha1 "github.com/fleetgate/fleetgate/apis/aws/v1alpha1"
	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/stack"
)

// observer gathers what one owner has, in one pass.
//
// In a steady state a pass makes these calls, where L is the number of listeners, H of those with
// HTTPS, and T of target groups: DescribeLoadBalancers 1 (a page is 400), DescribeTargetGroups 1 (likewise),
// DescribeTags 1 for each 20 of 1+L+T, DescribeLoadBalancerAttributes 1, DescribeListeners 1,
// DescribeListenerCertificates H, DescribeTargetGroupAttributes T, DescribeTargetHealth T,
// DescribeSecurityGroups 1, DescribeSecurityGroupRules 1. These are believed for Options.CacheTTL: subnets, VPCs,
// node groups, certificates, quotas (by account and region, so that all Gateways share them), and the
// web ACL and its association (these ten times as long, since WAF takes one read a second).
type observer struct {
	*account
	owner ir.Owner
	front ir.Front
	spec  awsv1alpha1.ALBConfigSpec
	facts Facts
	found []stack.Resource
	// pending is what could not be read.
	pending []string
	// names are the names of our resources by the cloud's own: ARNs and ids.
	names map[string]string
	// tags of the owner's load balancers, listeners and target groups by ARN.
	tags map[string]map[string]string
}

func newObserver(a *account, front ir.Front) *observer {
	o := &observer{
		account: a, owner: front.Owner, front: front, names: map[string]string{}, tags: map[string]map[string]string{},
		facts: Facts{Region: a.region},
	}
	if front.ALB != nil {
		o.spec = *front.ALB
	}
	return o
}

func (o *observer) observe(ctx context.Context) (stack.Observed, error) {
	if err := o.check(ctx); err != nil {
		return stack.Observed{}, err
	}
	for _, look := range []func(context.Context) error{
		o.observeNetwork, o.observeQuotas, o.observeGroups, o.observeRules, o.observeCertificates,
		o.observeBalancing, o.observeWAF,
	} {
		if err := look(ctx); err != nil {
			return stack.Observed{}, explain(err)
		}
	}
	o.markSuperseded()
	stack.Sort(o.found)
	return stack.Observed{Resources: o.found, Facts: o.facts, Pending: o.pending}, nil
}

// add keeps a resource that was found.
func (o *observer) add(r stack.Resource) {
	r.DependsOn = dependencies(r.ID, r.Spec)
	if r.State == "" {
		r.State = stack.Active
	}
	o.found = append(o.found, r)
}

// name is our own name of what the cloud calls ref, or ref itself.
func (o *observer) name(ref string) string {
	if n, ok := o.names[ref]; ok {
		return n
	}
	return ref
}

// userTags are those of the user's tags that a resource has.
func (o *observer) userTags(tags map[string]string) map[string]string {
	return declared(tags, o.spec.Tags)
}

// markSuperseded tells what belongs to a load balancer that another one takes the place of since when.
func (o *observer) markSuperseded() {
	wanted := withDefaults(o.spec).Scheme
	created := ""
	for _, r := range o.found {
		if r.ID.Kind == KindLoadBalancer && r.ID.Name == wanted {
			created = r.Facts[factCreated]
		}
	}
	if created == "" {
		return
	}
	for i, r := range o.found {
		if lb := loadBalancerOf(r.ID); lb != "" && lb != wanted {
			facts := map[string]string{factSuperseded: created}
			maps.Copy(facts, r.Facts)
			o.found[i].Facts = facts
		}
	}
}
