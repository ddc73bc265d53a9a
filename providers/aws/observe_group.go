package aws

import (
	"context"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/stack"
)

func ownerFilters(o ir.Owner) []ec2types.Filter {
	return []ec2types.Filter{filter("tag:"+TagHub, o.Hub), filter("tag:"+TagUID, o.UID)}
}

func ec2Tags(tags []ec2types.Tag) map[string]string {
	out := make(map[string]string, len(tags))
	for _, t := range tags {
		out[awssdk.ToString(t.Key)] = awssdk.ToString(t.Value)
	}
	return out
}

// observeGroups finds our security groups by their tags.
func (o *observer) observeGroups(ctx context.Context) error {
	pages := ec2.NewDescribeSecurityGroupsPaginator(o.ec2, &ec2.DescribeSecurityGroupsInput{Filters: ownerFilters(o.owner)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, g := range page.SecurityGroups {
			tags := ec2Tags(g.Tags)
			id, ok := idFrom(tags, KindSecurityGroup)
			if !ok {
				continue
			}
			ref := awssdk.ToString(g.GroupId)
			o.names[ref] = id.Name
			o.add(stack.Resource{ID: id, Ref: ref, Spec: SecurityGroupSpec{VPC: awssdk.ToString(g.VpcId), Tags: o.userTags(tags)}})
		}
	}
	return nil
}

// observeRules finds our rules by their tags, in whatever group they are.
// https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html
func (o *observer) observeRules(ctx context.Context) error {
	pages := ec2.NewDescribeSecurityGroupRulesPaginator(o.ec2, &ec2.DescribeSecurityGroupRulesInput{Filters: ownerFilters(o.owner)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, r := range page.SecurityGroupRules {
			id, ok := idFrom(ec2Tags(r.Tags), KindSecurityGroupRule)
			if !ok || awssdk.ToBool(r.IsEgress) {
				continue
			}
			o.add(stack.Resource{
				ID: id, Ref: awssdk.ToString(r.SecurityGroupRuleId), Spec: o.ruleSpec(r),
				Facts: map[string]string{factGroup: awssdk.ToString(r.GroupId)},
			})
		}
	}
	return nil
}

// factGroup on a rule is the id of the group that it is in.
const factGroup = "group"

func (o *observer) ruleSpec(r ec2types.SecurityGroupRule) RuleSpec {
	out := RuleSpec{Group: o.name(awssdk.ToString(r.GroupId)), Port: awssdk.ToInt32(r.FromPort)}
	switch {
	case r.CidrIpv4 != nil:
		out.CIDR = *r.CidrIpv4
	case r.CidrIpv6 != nil:
		out.CIDR = *r.CidrIpv6
	case r.ReferencedGroupInfo != nil:
		out.Source = o.name(awssdk.ToString(r.ReferencedGroupInfo.GroupId))
	}
	return out
}
