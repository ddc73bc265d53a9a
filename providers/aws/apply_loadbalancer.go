package aws

import (
	"context"
	"maps"
	"slices"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/fleetgate/fleetgate/internal/stack"
	"github.com/fleetgate/fleetgate/providers"
)

func toELBTags(tags map[string]string) []elbtypes.Tag {
	out := make([]elbtypes.Tag, 0, len(tags))
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		out = append(out, elbtypes.Tag{Key: awssdk.String(k), Value: awssdk.String(tags[k])})
	}
	return out
}

// createLoadBalancer makes the load balancer, or finds the one that an earlier try made. AWS answers a
// repetition with what is there only if all settings are equal, so it is looked for by name first.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html
func (a *account) createLoadBalancer(ctx context.Context, t task) (stack.Resource, error) {
	spec := specOf[LoadBalancerSpec](t.step.Want)
	lb, err := a.adoptLoadBalancer(ctx, t)
	if err != nil {
		return stack.Resource{}, err
	}
	if lb == nil {
		if lb, err = a.newLoadBalancer(ctx, t, spec); err != nil {
			return stack.Resource{}, err
		}
	}
	err = a.setAttributes(ctx, *lb.LoadBalancerArn, spec.Attributes)
	return t.done(*lb.LoadBalancerArn, balancerState(lb.State), balancerFacts(*lb)), err
}

func (a *account) newLoadBalancer(ctx context.Context, t task, spec LoadBalancerSpec) (*elbtypes.LoadBalancer, error) {
	groups, err := groupRefs(t, spec)
	if err != nil {
		return nil, err
	}
	made, err := a.elb.CreateLoadBalancer(ctx, &elb.CreateLoadBalancerInput{
		Name: awssdk.String(t.name()), Type: elbtypes.LoadBalancerTypeEnumApplication,
		Scheme: elbtypes.LoadBalancerSchemeEnum(spec.Scheme), IpAddressType: elbtypes.IpAddressType(spec.IPAddressType),
		Subnets: spec.Subnets, SecurityGroups: groups, Tags: toELBTags(t.tags(spec.Tags)),
	}, onceELB)
	if hasCode(err, "DuplicateLoadBalancerName") { // made since we looked
		return nil, providers.Pending("another pass that made the load balancer", err)
	}
	if err != nil {
		return nil, err
	}
	if len(made.LoadBalancers) == 0 {
		return nil, providers.Pending("the load balancer to be listed", nil)
	}
	return &made.LoadBalancers[0], nil
}

// adoptLoadBalancer finds the load balancer that has our name; nil for none. A name proves nothing: the tags do.
func (a *account) adoptLoadBalancer(ctx context.Context, t task) (*elbtypes.LoadBalancer, error) {
	got, err := a.elb.DescribeLoadBalancers(ctx, &elb.DescribeLoadBalancersInput{Names: []string{t.name()}})
	if gone(err) || err == nil && len(got.LoadBalancers) == 0 {
		return nil, nil //nolint:nilnil // absence is an answer
	}
	if err != nil {
		return nil, err
	}
	lb := got.LoadBalancers[0]
	tags, err := a.describeTags(ctx, []string{*lb.LoadBalancerArn})
	if err != nil {
		return nil, err
	}
	if !owned(t.owner(), tags[*lb.LoadBalancerArn]) {
		return nil, foreign("load balancer", t.name())
	}
	return &lb, nil
}

func groupRefs(t task, spec LoadBalancerSpec) ([]string, error) {
	out := make([]string, 0, len(spec.SecurityGroups))
	for _, g := range spec.SecurityGroups {
		ref, err := t.ref(KindSecurityGroup, g)
		if err != nil {
			return nil, err
		}
		out = append(out, ref)
	}
	return out, nil
}

func (a *account) setAttributes(ctx context.Context, arn string, attributes map[string]string) error {
	if len(attributes) == 0 {
		return nil
	}
	in := &elb.ModifyLoadBalancerAttributesInput{LoadBalancerArn: &arn}
	for _, k := range slices.Sorted(maps.Keys(attributes)) {
		in.Attributes = append(in.Attributes, elbtypes.LoadBalancerAttribute{Key: awssdk.String(k), Value: awssdk.String(attributes[k])})
	}
	_, err := a.elb.ModifyLoadBalancerAttributes(ctx, in)
	return err
}

// updateLoadBalancer changes what differs, call by call: each replaces its whole set.
func (a *account) updateLoadBalancer(ctx context.Context, t task) (stack.Resource, error) {
	want, have := specOf[LoadBalancerSpec](t.step.Want), specOf[LoadBalancerSpec](t.step.Have)
	arn := t.step.Have.Ref
	if !slices.Equal(want.SecurityGroups, have.SecurityGroups) {
		groups, err := groupRefs(t, want)
		if err != nil {
			return stack.Resource{}, err
		}
		if _, err := a.elb.SetSecurityGroups(ctx, &elb.SetSecurityGroupsInput{LoadBalancerArn: &arn, SecurityGroups: groups}); err != nil {
			return stack.Resource{}, err
		}
	}
	if !slices.Equal(want.Subnets, have.Subnets) {
		if _, err := a.elb.SetSubnets(ctx, &elb.SetSubnetsInput{LoadBalancerArn: &arn, Subnets: want.Subnets}); err != nil {
			return stack.Resource{}, err
		}
	}
	if want.IPAddressType != have.IPAddressType {
		in := &elb.SetIpAddressTypeInput{LoadBalancerArn: &arn, IpAddressType: elbtypes.IpAddressType(want.IPAddressType)}
		if _, err := a.elb.SetIpAddressType(ctx, in); err != nil {
			return stack.Resource{}, err
		}
	}
	if !maps.Equal(want.Attributes, have.Attributes) {
		if err := a.setAttributes(ctx, arn, want.Attributes); err != nil {
			return stack.Resource{}, err
		}
	}
	return t.updated(), a.retag(ctx, t, want.Tags, have.Tags)
}

// retag writes the user's tags if they changed. Tags that are no longer declared stay: nobody can tell
// whether others have come to rely on them.
func (a *account) retag(ctx context.Context, t task, want, have map[string]string) error {
	if maps.Equal(want, have) {
		return nil
	}
	_, err := a.elb.AddTags(ctx, &elb.AddTagsInput{ResourceArns: []string{t.step.Have.Ref}, Tags: toELBTags(t.tags(want))})
	return err
}

// deleteLoadBalancer respects deletion protection, which is the user's to switch off.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DeleteLoadBalancer.html
func (a *account) deleteLoadBalancer(ctx context.Context, t task) error {
	defer a.associated.forget(t.step.Have.Ref)
	_, err := a.elb.DeleteLoadBalancer(ctx, &elb.DeleteLoadBalancerInput{LoadBalancerArn: &t.step.Have.Ref})
	if hasCode(err, "OperationNotPermitted") {
		return providers.Terminal("the load balancer has deletion protection, which is never switched off for "+
			"you: switch it off in AWS (deletion_protection.enabled=false) to let it be deleted", err)
	}
	return err
}
