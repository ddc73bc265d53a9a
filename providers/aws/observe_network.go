package aws

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	awsv1alpha1 "github.com/fleetgate/fleetgate/apis/aws/v1alpha1"
)

// network is the subnets that a query found, and the networks of their VPCs.
type network struct {
	subnets []Subnet
	cidrs   map[string][]string
}

func (o *observer) observeNetwork(ctx context.Context) error {
	filters := subnetFilters(withDefaults(o.spec))
	key, err := json.Marshal(filters)
	if err != nil {
		return err
	}
	n, err := o.networks.get(ctx, string(key), func(ctx context.Context) (network, error) {
		return o.describeNetwork(ctx, filters)
	})
	if err != nil {
		return err
	}
	o.facts.Subnets, o.facts.VPCCIDRs = n.subnets, n.cidrs
	if len(o.front.Members) == 0 {
		return nil
	}
	key2 := strings.Join(o.front.Members, ",")
	o.facts.NodeGroups, err = o.nodeGroups.get(ctx, key2, func(ctx context.Context) ([]NodeGroup, error) {
		return o.describeNodeGroups(ctx, o.front.Members)
	})
	return err
}

// subnetFilters ask for the subnets that the parameters name: by id, by tags, or by the role of the scheme.
// https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html
func subnetFilters(spec awsv1alpha1.ALBConfigSpec) []ec2types.Filter {
	switch {
	case spec.Subnets != nil && len(spec.Subnets.IDs) > 0:
		return []ec2types.Filter{filter("subnet-id", slices.Sorted(slices.Values(spec.Subnets.IDs))...)}
	case spec.Subnets != nil && len(spec.Subnets.Tags) > 0:
		var out []ec2types.Filter
		for _, k := range slices.Sorted(maps.Keys(spec.Subnets.Tags)) {
			if v := spec.Subnets.Tags[k]; v != "" {
				out = append(out, filter("tag:"+k, v))
			} else {
				out = append(out, filter("tag-key", k))
			}
		}
		return out
	default:
		return []ec2types.Filter{filter("tag:"+roleTag(spec.Scheme), "1", "")}
	}
}

func roleTag(scheme string) string {
	if scheme == schemeInternetFacing {
		return "kubernetes.io/role/elb"
	}
	return "kubernetes.io/role/internal-elb"
}

func filter(name string, values ...string) ec2types.Filter {
	return ec2types.Filter{Name: awssdk.String(name), Values: values}
}

func (a *account) describeNetwork(ctx context.Context, filters []ec2types.Filter) (network, error) {
	out := network{cidrs: map[string][]string{}}
	pages := ec2.NewDescribeSubnetsPaginator(a.ec2, &ec2.DescribeSubnetsInput{Filters: filters})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return out, err
		}
		for _, s := range page.Subnets {
			out.subnets = append(out.subnets, subnetOf(s))
		}
	}
	slices.SortFunc(out.subnets, func(a, b Subnet) int { return strings.Compare(a.ID, b.ID) })
	vpcs := map[string]bool{}
	for _, s := range out.subnets {
		vpcs[s.VPC] = true
	}
	if len(vpcs) == 0 {
		return out, nil
	}
	got, err := a.ec2.DescribeVpcs(ctx, &ec2.DescribeVpcsInput{VpcIds: slices.Sorted(maps.Keys(vpcs))})
	if err != nil {
		return out, err
	}
	for _, v := range got.Vpcs {
		out.cidrs[awssdk.ToString(v.VpcId)] = vpcCIDRs(v)
	}
	return out, nil
}

func subnetOf(s ec2types.Subnet) Subnet {
	out := Subnet{
		ID: awssdk.ToString(s.SubnetId), VPC: awssdk.ToString(s.VpcId), Zone: awssdk.ToString(s.AvailabilityZone),
		CIDRs: []string{awssdk.ToString(s.CidrBlock)},
	}
	for _, v6 := range s.Ipv6CidrBlockAssociationSet {
		out.CIDRs = append(out.CIDRs, awssdk.ToString(v6.Ipv6CidrBlock))
	}
	return out
}

func vpcCIDRs(v ec2types.Vpc) []string {
	out := []string{awssdk.ToString(v.CidrBlock)}
	for _, more := range v.CidrBlockAssociationSet {
		out = append(out, awssdk.ToString(more.CidrBlock))
	}
	for _, v6 := range v.Ipv6CidrBlockAssociationSet {
		out = append(out, awssdk.ToString(v6.Ipv6CidrBlock))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// describeNodeGroups finds the security groups of members' nodes by the tag that cluster installers put on them.
// https://docs.aws.amazon.com/eks/latest/userguide/sec-group-reqs.html
func (a *account) describeNodeGroups(ctx context.Context, members []string) ([]NodeGroup, error) {
	keys := make([]string, len(members))
	for i, m := range members {
		keys[i] = tagNodeGroup + m
	}
	var out []NodeGroup
	pages := ec2.NewDescribeSecurityGroupsPaginator(a.ec2, &ec2.DescribeSecurityGroupsInput{
		Filters: []ec2types.Filter{filter("tag-key", keys...)},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, g := range page.SecurityGroups {
			for _, t := range g.Tags {
				if member, ok := strings.CutPrefix(awssdk.ToString(t.Key), tagNodeGroup); ok && slices.Contains(members, member) {
					out = append(out, NodeGroup{awssdk.ToString(g.GroupId), awssdk.ToString(g.VpcId), member})
				}
			}
		}
	}
	slices.SortFunc(out, func(a, b NodeGroup) int { return strings.Compare(a.ID+a.Member, b.ID+b.Member) })
	return out, nil
}

// observeQuotas reads the account's limits. Being denied that is no reason to stop.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeAccountLimits.html
func (o *observer) observeQuotas(ctx context.Context) error {
	quotas, err := o.quotas.get(ctx, "", func(ctx context.Context) (map[string]int, error) {
		out := map[string]int{}
		pages := elb.NewDescribeAccountLimitsPaginator(o.elb, &elb.DescribeAccountLimitsInput{})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if hasCode(err, deniedCodes...) {
				return out, nil
			}
			if err != nil {
				return nil, err
			}
			for _, l := range page.Limits {
				if n, err := strconv.Atoi(awssdk.ToString(l.Max)); err == nil {
					out[awssdk.ToString(l.Name)] = n
				}
			}
		}
		return out, nil
	})
	o.facts.Quotas = quotas
	return err
}
