package aws

import (
	"context"
	"maps"
	"slices"
	"strconv"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/fleetgate/fleetgate/internal/stack"
)

// createTargetGroup makes a target group, or finds the one that an earlier try made.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html
func (a *account) createTargetGroup(ctx context.Context, t task) (stack.Resource, error) {
	spec := specOf[TargetGroupSpec](t.step.Want)
	h := spec.HealthCheck
	made, err := a.elb.CreateTargetGroup(ctx, &elb.CreateTargetGroupInput{
		Name: awssdk.String(t.name()), VpcId: &spec.VPC, Port: &spec.Port,
		Protocol: elbtypes.ProtocolEnumHttp, TargetType: elbtypes.TargetTypeEnumIp,
		HealthCheckEnabled: awssdk.Bool(true), HealthCheckProtocol: elbtypes.ProtocolEnumHttp,
		HealthCheckPort: &h.Port, HealthCheckPath: &h.Path,
		HealthCheckIntervalSeconds: &h.IntervalSeconds, HealthCheckTimeoutSeconds: &h.TimeoutSeconds,
		HealthyThresholdCount: &h.HealthyThreshold, UnhealthyThresholdCount: &h.UnhealthyThreshold,
		Matcher: &elbtypes.Matcher{HttpCode: awssdk.String("200")},
		Tags:    toELBTags(t.tags(spec.Tags)),
	}, onceELB)
	var arn string
	switch {
	case hasCode(err, "DuplicateTargetGroupName"):
		if arn, err = a.adoptTargetGroup(ctx, t); err != nil {
			return stack.Resource{}, err
		}
	case err != nil:
		return stack.Resource{}, err
	default:
		arn = awssdk.ToString(made.TargetGroups[0].TargetGroupArn)
	}
	return t.done(arn, stack.Active, nil), a.setGroupAttributes(ctx, arn, spec.Attributes)
}

func (a *account) adoptTargetGroup(ctx context.Context, t task) (string, error) {
	got, err := a.elb.DescribeTargetGroups(ctx, &elb.DescribeTargetGroupsInput{Names: []string{t.name()}})
	if err != nil || len(got.TargetGroups) == 0 {
		return "", err
	}
	arn := awssdk.ToString(got.TargetGroups[0].TargetGroupArn)
	tags, err := a.describeTags(ctx, []string{arn})
	if err != nil {
		return "", err
	}
	if !owned(t.owner(), tags[arn]) {
		return "", foreign("target group", t.name())
	}
	return arn, nil
}

func (a *account) setGroupAttributes(ctx context.Context, arn string, attributes map[string]string) error {
	in := &elb.ModifyTargetGroupAttributesInput{TargetGroupArn: &arn}
	for _, k := range slices.Sorted(maps.Keys(attributes)) {
		in.Attributes = append(in.Attributes, elbtypes.TargetGroupAttribute{Key: awssdk.String(k), Value: awssdk.String(attributes[k])})
	}
	_, err := a.elb.ModifyTargetGroupAttributes(ctx, in)
	return err
}

func (a *account) updateTargetGroup(ctx context.Context, t task) (stack.Resource, error) {
	want, have := specOf[TargetGroupSpec](t.step.Want), specOf[TargetGroupSpec](t.step.Have)
	if h := want.HealthCheck; h != have.HealthCheck {
		_, err := a.elb.ModifyTargetGroup(ctx, &elb.ModifyTargetGroupInput{
			TargetGroupArn: &t.step.Have.Ref, HealthCheckPort: &h.Port, HealthCheckPath: &h.Path,
			HealthCheckIntervalSeconds: &h.IntervalSeconds, HealthCheckTimeoutSeconds: &h.TimeoutSeconds,
			HealthyThresholdCount: &h.HealthyThreshold, UnhealthyThresholdCount: &h.UnhealthyThreshold,
		})
		if err != nil {
			return stack.Resource{}, err
		}
	}
	if !maps.Equal(want.Attributes, have.Attributes) {
		if err := a.setGroupAttributes(ctx, t.step.Have.Ref, want.Attributes); err != nil {
			return stack.Resource{}, err
		}
	}
	return t.updated(), a.retag(ctx, t, want.Tags, have.Tags)
}

func (a *account) deleteTargetGroup(ctx context.Context, t task) error {
	_, err := a.elb.DeleteTargetGroup(ctx, &elb.DeleteTargetGroupInput{TargetGroupArn: &t.step.Have.Ref})
	return err
}

// createTargets registers into a group that had none when it was observed.
func (a *account) createTargets(ctx context.Context, t task) (stack.Resource, error) {
	arn, err := t.ref(KindTargetGroup, t.step.ID.Name)
	if err != nil {
		return stack.Resource{}, err
	}
	spec := specOf[TargetsSpec](t.step.Want)
	return t.done(arn, targetsState(spec), map[string]string{factHealthy: "0"}), a.register(ctx, arn, spec.Port, spec.Targets)
}

// targetsState is Pending as long as new targets are not known to be healthy.
func targetsState(spec TargetsSpec) stack.State {
	if len(spec.Targets) == 0 {
		return stack.Active
	}
	return stack.Pending
}

// updateTargets registers what came before it deregisters what went, so that the group is never empty between.
func (a *account) updateTargets(ctx context.Context, t task) (stack.Resource, error) {
	want, have := specOf[TargetsSpec](t.step.Want), specOf[TargetsSpec](t.step.Have)
	if err := a.register(ctx, t.step.Have.Ref, want.Port, without(want.Targets, have.Targets)); err != nil {
		return stack.Resource{}, err
	}
	if err := a.deregister(ctx, t.step.Have.Ref, want.Port, without(have.Targets, want.Targets)); err != nil {
		return stack.Resource{}, err
	}
	state := t.step.Have.State
	if healthy, _ := strconv.Atoi(t.step.Have.Facts[factHealthy]); healthy == 0 {
		state = targetsState(want)
	}
	return t.done(t.step.Have.Ref, state, t.step.Have.Facts), nil
}

func (a *account) deleteTargets(ctx context.Context, t task) error {
	have := specOf[TargetsSpec](t.step.Have)
	return a.deregister(ctx, t.step.Have.Ref, have.Port, have.Targets)
}

// targetsPerCall is how many targets one call may name.
const targetsPerCall = 100

// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_RegisterTargets.html
func (a *account) register(ctx context.Context, arn string, port int32, targets []Target) error {
	for batch := range slices.Chunk(describeTargets(port, targets), targetsPerCall) {
		if _, err := a.elb.RegisterTargets(ctx, &elb.RegisterTargetsInput{TargetGroupArn: &arn, Targets: batch}); err != nil {
			return err
		}
	}
	return nil
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DeregisterTargets.html
func (a *account) deregister(ctx context.Context, arn string, port int32, targets []Target) error {
	for batch := range slices.Chunk(describeTargets(port, targets), targetsPerCall) {
		if _, err := a.elb.DeregisterTargets(ctx, &elb.DeregisterTargetsInput{TargetGroupArn: &arn, Targets: batch}); err != nil {
			return err
		}
	}
	return nil
}

func describeTargets(port int32, targets []Target) []elbtypes.TargetDescription {
	out := make([]elbtypes.TargetDescription, 0, len(targets))
	for _, t := range targets {
		d := elbtypes.TargetDescription{Id: awssdk.String(t.Address), Port: &port}
		if t.Outside {
			d.AvailabilityZone = awssdk.String("all")
		}
		out = append(out, d)
	}
	return out
}

// without are the targets of list that other lacks.
func without(list, other []Target) []Target {
	var out []Target
	for _, t := range list {
		if !slices.Contains(other, t) {
			out = append(out, t)
		}
	}
	return out
}
