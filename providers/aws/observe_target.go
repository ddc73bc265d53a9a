package aws

import (
	"context"
	"slices"
	"strconv"
	"strings"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/fleetgate/fleetgate/internal/stack"
)

func (o *observer) candidateTargetGroups(ctx context.Context) ([]elbtypes.TargetGroup, error) {
	var out []elbtypes.TargetGroup
	pages := elb.NewDescribeTargetGroupsPaginator(o.elb, &elb.DescribeTargetGroupsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if gone(err) { // some implementations answer so for none at all
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		for _, g := range page.TargetGroups {
			if strings.HasPrefix(awssdk.ToString(g.TargetGroupName), ownerPrefix(o.owner)) {
				out = append(out, g)
			}
		}
	}
	return out, nil
}

func (o *observer) observeTargetGroups(ctx context.Context, candidates []elbtypes.TargetGroup) error {
	for _, g := range candidates {
		arn := *g.TargetGroupArn
		id, ok := o.identify(arn, KindTargetGroup)
		if !ok {
			continue
		}
		got, err := o.elb.DescribeTargetGroupAttributes(ctx, &elb.DescribeTargetGroupAttributesInput{TargetGroupArn: &arn})
		if err != nil {
			return err
		}
		attributes := map[string]string{}
		for _, a := range got.Attributes {
			attributes[awssdk.ToString(a.Key)] = awssdk.ToString(a.Value)
		}
		o.add(stack.Resource{ID: id, Ref: arn, Spec: TargetGroupSpec{
			VPC: awssdk.ToString(g.VpcId), Port: awssdk.ToInt32(g.Port), HealthCheck: healthCheckOf(g),
			Attributes: declared(attributes, targetGroupAttributes(o.spec)), Tags: o.userTags(o.tags[arn]),
		}})
		if err := o.observeTargets(ctx, id, arn, awssdk.ToInt32(g.Port)); err != nil {
			return err
		}
	}
	return nil
}

func healthCheckOf(g elbtypes.TargetGroup) HealthCheck {
	return HealthCheck{
		Port: awssdk.ToString(g.HealthCheckPort), Path: awssdk.ToString(g.HealthCheckPath),
		IntervalSeconds: awssdk.ToInt32(g.HealthCheckIntervalSeconds), TimeoutSeconds: awssdk.ToInt32(g.HealthCheckTimeoutSeconds),
		HealthyThreshold: awssdk.ToInt32(g.HealthyThresholdCount), UnhealthyThreshold: awssdk.ToInt32(g.UnhealthyThresholdCount),
	}
}

// observeTargets reads what is registered, which AWS tells only together with its health. Draining targets
// are no longer registered. Targets are Active when one is healthy, or when none is wanted.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetHealth.html
func (o *observer) observeTargets(ctx context.Context, group stack.ID, arn string, port int32) error {
	got, err := o.elb.DescribeTargetHealth(ctx, &elb.DescribeTargetHealthInput{TargetGroupArn: &arn})
	if err != nil {
		return err
	}
	spec := TargetsSpec{Port: port}
	healthy, waiting := 0, 0
	for _, d := range got.TargetHealthDescriptions {
		if d.Target == nil || d.TargetHealth == nil || d.TargetHealth.State == elbtypes.TargetHealthStateEnumDraining {
			continue
		}
		spec.Targets = append(spec.Targets, Target{
			Address: awssdk.ToString(d.Target.Id), Outside: awssdk.ToString(d.Target.AvailabilityZone) == "all",
		})
		switch d.TargetHealth.State {
		case elbtypes.TargetHealthStateEnumHealthy, elbtypes.TargetHealthStateEnumUnavailable:
			healthy++
		case elbtypes.TargetHealthStateEnumUnused:
		default:
			waiting++
		}
	}
	slices.SortFunc(spec.Targets, func(a, b Target) int { return strings.Compare(a.Address, b.Address) })
	state := stack.Active
	if waiting > 0 && healthy == 0 {
		state = stack.Pending
	}
	o.add(stack.Resource{
		ID: stack.ID{Kind: KindTargets, Name: group.Name}, Ref: arn, Spec: spec, State: state,
		Facts: map[string]string{factHealthy: strconv.Itoa(healthy)},
	})
	return nil
}
