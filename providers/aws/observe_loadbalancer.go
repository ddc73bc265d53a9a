package aws

import (
	"context"
	"slices"
	"strings"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/fleetgate/fleetgate/internal/stack"
)

// observeBalancing finds load balancers and target groups by the beginning of their names, then asks for
// the tags of these few: asking for the tags of all would take a call for every twenty in the account.
func (o *observer) observeBalancing(ctx context.Context) error {
	balancers, err := o.candidateBalancers(ctx)
	if err != nil {
		return err
	}
	groups, err := o.candidateTargetGroups(ctx)
	if err != nil {
		return err
	}
	var listeners []elbtypes.Listener
	var arns []string
	for _, lb := range balancers {
		arns = append(arns, *lb.LoadBalancerArn)
		found, err := o.listListeners(ctx, *lb.LoadBalancerArn)
		if err != nil {
			return err
		}
		listeners = append(listeners, found...)
	}
	for _, l := range listeners {
		arns = append(arns, *l.ListenerArn)
	}
	for _, g := range groups {
		arns = append(arns, *g.TargetGroupArn)
	}
	if o.tags, err = o.describeTags(ctx, arns); err != nil {
		return err
	}
	if err := o.observeBalancers(ctx, balancers); err != nil {
		return err
	}
	if err := o.observeTargetGroups(ctx, groups); err != nil {
		return err
	}
	return o.observeListeners(ctx, listeners)
}

func (o *observer) candidateBalancers(ctx context.Context) ([]elbtypes.LoadBalancer, error) {
	var out []elbtypes.LoadBalancer
	pages := elb.NewDescribeLoadBalancersPaginator(o.elb, &elb.DescribeLoadBalancersInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, lb := range page.LoadBalancers {
			if lb.Type != elbtypes.LoadBalancerTypeEnumApplication {
				continue
			}
			o.facts.LoadBalancers++
			if strings.HasPrefix(awssdk.ToString(lb.LoadBalancerName), ownerPrefix(o.owner)) {
				out = append(out, lb)
			}
		}
	}
	return out, nil
}

// describeTags reads tags by ARN, twenty at a time.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeTags.html
func (a *account) describeTags(ctx context.Context, arns []string) (map[string]map[string]string, error) {
	out := map[string]map[string]string{}
	for batch := range slices.Chunk(arns, 20) {
		got, err := a.elb.DescribeTags(ctx, &elb.DescribeTagsInput{ResourceArns: batch})
		if err != nil {
			return nil, err
		}
		for _, d := range got.TagDescriptions {
			tags := map[string]string{}
			for _, t := range d.Tags {
				tags[awssdk.ToString(t.Key)] = awssdk.ToString(t.Value)
			}
			out[awssdk.ToString(d.ResourceArn)] = tags
		}
	}
	return out, nil
}

// identify is the ID of an ELB resource if its tags say that it is ours.
func (o *observer) identify(arn string, kind stack.Kind) (stack.ID, bool) {
	if !owned(o.owner, o.tags[arn]) {
		return stack.ID{}, false
	}
	id, ok := idFrom(o.tags[arn], kind)
	if ok {
		o.names[arn] = id.Name
	}
	return id, ok
}

func (o *observer) observeBalancers(ctx context.Context, candidates []elbtypes.LoadBalancer) error {
	for _, lb := range candidates {
		arn := *lb.LoadBalancerArn
		id, ok := o.identify(arn, KindLoadBalancer)
		if !ok {
			continue
		}
		got, err := o.elb.DescribeLoadBalancerAttributes(ctx, &elb.DescribeLoadBalancerAttributesInput{LoadBalancerArn: &arn})
		if err != nil {
			return err
		}
		attributes := map[string]string{}
		for _, a := range got.Attributes {
			attributes[awssdk.ToString(a.Key)] = awssdk.ToString(a.Value)
		}
		spec := o.loadBalancerSpec(lb)
		spec.Attributes = declared(attributes, loadBalancerAttributes(o.spec))
		spec.Tags = o.userTags(o.tags[arn])
		facts := balancerFacts(lb)
		cidrs, err := o.cidrsOf(ctx, spec.Subnets)
		if err != nil {
			return err
		}
		facts[factSubnets] = strings.Join(cidrs, ",")
		o.add(stack.Resource{ID: id, Ref: arn, Spec: spec, State: balancerState(lb.State), Facts: facts})
	}
	return nil
}

func (o *observer) loadBalancerSpec(lb elbtypes.LoadBalancer) LoadBalancerSpec {
	out := LoadBalancerSpec{
		Scheme: string(lb.Scheme), IPAddressType: string(lb.IpAddressType), VPC: awssdk.ToString(lb.VpcId),
	}
	for _, z := range lb.AvailabilityZones {
		out.Subnets = append(out.Subnets, awssdk.ToString(z.SubnetId))
	}
	for _, g := range lb.SecurityGroups {
		out.SecurityGroups = append(out.SecurityGroups, o.name(g))
	}
	slices.Sort(out.Subnets)
	slices.Sort(out.SecurityGroups)
	return out
}

// cidrsOf are the networks of subnets. Those that no longer have the tags that they were found by are asked for by id.
func (o *observer) cidrsOf(ctx context.Context, ids []string) ([]string, error) {
	known := o.facts.Subnets
	if slices.ContainsFunc(ids, func(id string) bool {
		return !slices.ContainsFunc(known, func(s Subnet) bool { return s.ID == id })
	}) {
		n, err := o.networks.get(ctx, strings.Join(ids, ","), func(ctx context.Context) (network, error) {
			return o.describeNetwork(ctx, []ec2types.Filter{filter("subnet-id", ids...)})
		})
		if err != nil {
			return nil, err
		}
		known = n.subnets
	}
	var out []string
	for _, s := range known {
		if slices.Contains(ids, s.ID) {
			out = append(out, s.CIDRs...)
		}
	}
	slices.Sort(out)
	return out, nil
}

func balancerFacts(lb elbtypes.LoadBalancer) map[string]string {
	return map[string]string{
		factDNSName: awssdk.ToString(lb.DNSName),
		factCreated: awssdk.ToTime(lb.CreatedTime).UTC().Format(time.RFC3339Nano),
	}
}

// balancerState maps AWS's states to ours.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancerState.html
func balancerState(s *elbtypes.LoadBalancerState) stack.State {
	if s == nil {
		return stack.Pending
	}
	switch s.Code {
	case elbtypes.LoadBalancerStateEnumActive, elbtypes.LoadBalancerStateEnumActiveImpaired:
		return stack.Active
	case elbtypes.LoadBalancerStateEnumFailed:
		return stack.Failed
	default:
		return stack.Pending
	}
}
