package aws

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/fleetgate/fleetgate/internal/stack"
)

func toEC2Tags(tags map[string]string) []ec2types.Tag {
	out := make([]ec2types.Tag, 0, len(tags))
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		out = append(out, ec2types.Tag{Key: awssdk.String(k), Value: awssdk.String(tags[k])})
	}
	return out
}

// createGroup makes a security group. Its name is unique in the VPC, so that a repetition finds the first.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html
func (a *account) createGroup(ctx context.Context, t task) (stack.Resource, error) {
	spec := specOf[SecurityGroupSpec](t.step.Want)
	made, err := a.ec2.CreateSecurityGroup(ctx, &ec2.CreateSecurityGroupInput{
		GroupName: awssdk.String(t.name()), VpcId: awssdk.String(spec.VPC),
		Description: awssdk.String(groupDescription(t)),
		TagSpecifications: []ec2types.TagSpecification{{
			ResourceType: ec2types.ResourceTypeSecurityGroup, Tags: toEC2Tags(t.tags(spec.Tags)),
		}},
	}, onceEC2)
	if hasCode(err, "InvalidGroup.Duplicate") {
		return a.adoptGroup(ctx, t, spec)
	}
	if err != nil {
		return stack.Resource{}, err
	}
	return t.done(awssdk.ToString(made.GroupId), stack.Active, nil), nil
}

func groupDescription(t task) string {
	text := fmt.Sprintf("%s of Gateway %s/%s", t.step.ID.Name, t.owner().Namespace, t.owner().Name)
	return text[:min(len(text), 255)]
}

// adoptGroup takes the group that has our name, if it has our tags.
func (a *account) adoptGroup(ctx context.Context, t task, spec SecurityGroupSpec) (stack.Resource, error) {
	got, err := a.ec2.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{
		Filters: []ec2types.Filter{filter("group-name", t.name()), filter("vpc-id", spec.VPC)},
	})
	if err != nil {
		return stack.Resource{}, err
	}
	for _, g := range got.SecurityGroups {
		if owned(t.owner(), ec2Tags(g.Tags)) {
			return t.done(awssdk.ToString(g.GroupId), stack.Active, nil), nil
		}
	}
	return stack.Resource{}, foreign("security group", t.name())
}

func (a *account) updateGroup(ctx context.Context, t task) (stack.Resource, error) {
	spec := specOf[SecurityGroupSpec](t.step.Want)
	_, err := a.ec2.CreateTags(ctx, &ec2.CreateTagsInput{
		Resources: []string{t.step.Have.Ref}, Tags: toEC2Tags(t.tags(spec.Tags)),
	})
	return t.updated(), err
}

// deleteGroup fails with DependencyViolation while the interfaces of a deleted load balancer linger.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteSecurityGroup.html
func (a *account) deleteGroup(ctx context.Context, t task) error {
	_, err := a.ec2.DeleteSecurityGroup(ctx, &ec2.DeleteSecurityGroupInput{GroupId: &t.step.Have.Ref})
	return err
}

// createRule adds one ingress rule. A rule that is there already and is not ours serves as well: it is left
// alone, and ours is not made.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AuthorizeSecurityGroupIngress.html
func (a *account) createRule(ctx context.Context, t task) (stack.Resource, error) {
	spec := specOf[RuleSpec](t.step.Want)
	group, err := t.ref(KindSecurityGroup, spec.Group)
	if err != nil {
		return stack.Resource{}, err
	}
	permission, err := permissionOf(t, spec)
	if err != nil {
		return stack.Resource{}, err
	}
	made, err := a.ec2.AuthorizeSecurityGroupIngress(ctx, &ec2.AuthorizeSecurityGroupIngressInput{
		GroupId: &group, IpPermissions: []ec2types.IpPermission{permission},
		TagSpecifications: []ec2types.TagSpecification{{
			ResourceType: ec2types.ResourceTypeSecurityGroupRule, Tags: toEC2Tags(t.tags(nil)),
		}},
	}, onceEC2)
	if hasCode(err, "InvalidPermission.Duplicate") {
		return t.done("", stack.Active, nil), nil
	}
	if err != nil {
		return stack.Resource{}, err
	}
	ref := ""
	for _, r := range made.SecurityGroupRules {
		ref = awssdk.ToString(r.SecurityGroupRuleId)
	}
	return t.done(ref, stack.Active, map[string]string{factGroup: group}), nil
}

func permissionOf(t task, spec RuleSpec) (ec2types.IpPermission, error) {
	out := ec2types.IpPermission{IpProtocol: awssdk.String("tcp"), FromPort: &spec.Port, ToPort: &spec.Port}
	description := awssdk.String(t.owner().Namespace + "/" + t.owner().Name)
	if len(*description) > 255 {
		*description = (*description)[:255]
	}
	switch {
	case spec.Source != "":
		source, err := t.ref(KindSecurityGroup, spec.Source)
		if err != nil {
			return out, err
		}
		out.UserIdGroupPairs = []ec2types.UserIdGroupPair{{GroupId: &source, Description: description}}
	case strings.Contains(spec.CIDR, ":"):
		out.Ipv6Ranges = []ec2types.Ipv6Range{{CidrIpv6: &spec.CIDR, Description: description}}
	default:
		out.IpRanges = []ec2types.IpRange{{CidrIp: &spec.CIDR, Description: description}}
	}
	return out, nil
}

// updateRule repairs a rule of ours that somebody changed by hand: it is made anew.
func (a *account) updateRule(ctx context.Context, t task) (stack.Resource, error) {
	if err := a.deleteRule(ctx, t); err != nil && !gone(err) {
		return stack.Resource{}, err
	}
	return a.createRule(ctx, t)
}

// deleteRule revokes one rule by its id, which no other rule has.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RevokeSecurityGroupIngress.html
func (a *account) deleteRule(ctx context.Context, t task) error {
	group := t.step.Have.Facts[factGroup]
	_, err := a.ec2.RevokeSecurityGroupIngress(ctx, &ec2.RevokeSecurityGroupIngressInput{
		GroupId: &group, SecurityGroupRuleIds: []string{t.step.Have.Ref},
	})
	return err
}
