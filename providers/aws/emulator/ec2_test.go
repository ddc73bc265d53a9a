package emulator_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/fleetgate/fleetgate/providers/aws/emulator"
)

func filter(name string, values ...string) ec2types.Filter {
	return ec2types.Filter{Name: aws.String(name), Values: values}
}

func TestDescribeSubnets(t *testing.T) {
	cases := map[string]struct {
		reason  string
		filters []ec2types.Filter
		want    int
		code    string
	}{
		"all":      {"the default world has six", nil, 6, ""},
		"public":   {"subnets are discovered by tag", []ec2types.Filter{filter("tag:kubernetes.io/role/elb", "1", "")}, 3, ""},
		"internal": {"subnets are discovered by tag key", []ec2types.Filter{filter("tag-key", "kubernetes.io/role/internal-elb")}, 3, ""},
		"both":     {"filters all count", []ec2types.Filter{filter("vpc-id", vpcID), filter("availability-zone", testRegion+"a")}, 2, ""},
		"wildcard": {"values may have wildcards", []ec2types.Filter{filter("tag:Name", "public-?")}, 3, ""},
		"no vpc":   {"no match is no error", []ec2types.Filter{filter("vpc-id", "vpc-1")}, 0, ""},
		"unknown":  {"a filter that does not exist is refused", []ec2types.Filter{filter("colour", "red")}, 0, "InvalidParameterValue"},
	}
	c := control(t)
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			out, err := c.ec2.DescribeSubnets(t.Context(), &ec2.DescribeSubnetsInput{Filters: tc.filters})
			wantCode(t, err, tc.code)
			if err == nil && len(out.Subnets) != tc.want {
				t.Errorf("%d subnets, want %d: %s", len(out.Subnets), tc.want, tc.reason)
			}
		})
	}
	_, err := c.ec2.DescribeSubnets(t.Context(), &ec2.DescribeSubnetsInput{SubnetIds: []string{publicA, "subnet-1"}})
	wantCode(t, err, "InvalidSubnetID.NotFound")
	vpcs, err := c.ec2.DescribeVpcs(t.Context(), &ec2.DescribeVpcsInput{Filters: []ec2types.Filter{filter("is-default", "true")}})
	wantCode(t, err, "")
	if len(vpcs.Vpcs) != 1 || *vpcs.Vpcs[0].CidrBlock != "10.0.0.0/8" || len(vpcs.Vpcs[0].CidrBlockAssociationSet) != 1 {
		t.Errorf("VPCs are %+v", vpcs.Vpcs)
	}
	zones, err := c.ec2.DescribeAvailabilityZones(t.Context(), &ec2.DescribeAvailabilityZonesInput{})
	wantCode(t, err, "")
	if len(zones.AvailabilityZones) != 3 {
		t.Errorf("zones are %+v", zones.AvailabilityZones)
	}
}

func (c *cloud) securityGroup(t *testing.T, name string) string {
	t.Helper()
	out, err := c.ec2.CreateSecurityGroup(t.Context(), &ec2.CreateSecurityGroupInput{
		GroupName: aws.String(name), Description: aws.String("test"), VpcId: aws.String(vpcID),
		TagSpecifications: []ec2types.TagSpecification{{
			ResourceType: ec2types.ResourceTypeSecurityGroup, Tags: []ec2types.Tag{{Key: aws.String("owner"), Value: aws.String(name)}},
		}},
	})
	return *must[*ec2.CreateSecurityGroupOutput](t)(out, err).GroupId
}

func tcp(port int32, cidrs ...string) ec2types.IpPermission {
	p := ec2types.IpPermission{IpProtocol: aws.String("tcp"), FromPort: aws.Int32(port), ToPort: aws.Int32(port)}
	for _, c := range cidrs {
		p.IpRanges = append(p.IpRanges, ec2types.IpRange{CidrIp: aws.String(c), Description: aws.String("front")})
	}
	return p
}

func TestSecurityGroups(t *testing.T) {
	c := control(t)
	id := c.securityGroup(t, "front")
	_, err := c.ec2.CreateSecurityGroup(t.Context(), &ec2.CreateSecurityGroupInput{GroupName: aws.String("front"), Description: aws.String("test")})
	wantCode(t, err, "InvalidGroup.Duplicate")
	out, err := c.ec2.DescribeSecurityGroups(t.Context(), &ec2.DescribeSecurityGroupsInput{Filters: []ec2types.Filter{filter("tag:owner", "front")}})
	wantCode(t, err, "")
	if len(out.SecurityGroups) != 1 || *out.SecurityGroups[0].GroupId != id || len(out.SecurityGroups[0].IpPermissionsEgress) != 1 {
		t.Errorf("found by tag: %+v", out.SecurityGroups)
	}
	_, err = c.ec2.DescribeSecurityGroups(t.Context(), &ec2.DescribeSecurityGroupsInput{GroupIds: []string{"sg-0abc"}})
	wantCode(t, err, "InvalidGroup.NotFound")
	_, err = c.ec2.DescribeSecurityGroups(t.Context(), &ec2.DescribeSecurityGroupsInput{GroupIds: []string{"front"}})
	wantCode(t, err, "InvalidGroupId.Malformed")
	_, err = c.ec2.CreateTags(t.Context(), &ec2.CreateTagsInput{Resources: []string{id}, Tags: []ec2types.Tag{{Key: aws.String("x"), Value: aws.String("y")}}})
	wantCode(t, err, "")
	_, err = c.ec2.DeleteTags(t.Context(), &ec2.DeleteTagsInput{Resources: []string{id}, Tags: []ec2types.Tag{{Key: aws.String("owner")}}})
	wantCode(t, err, "")
	if tags := c.Resources()[0].Tags; len(tags) != 1 || tags["x"] != "y" {
		t.Errorf("tags are %v, want x=y", tags)
	}
}

func TestSecurityGroupRules(t *testing.T) {
	c := control(t, func(o *emulator.Options) { o.Quotas = map[emulator.Quota]int{emulator.QuotaRulesPerGroup: 4} })
	id, peer := aws.String(c.securityGroup(t, "front")), c.securityGroup(t, "peer")
	authorize := func(p ...ec2types.IpPermission) (*ec2.AuthorizeSecurityGroupIngressOutput, error) {
		return c.ec2.AuthorizeSecurityGroupIngress(t.Context(), &ec2.AuthorizeSecurityGroupIngressInput{
			GroupId: id, IpPermissions: p, TagSpecifications: []ec2types.TagSpecification{{
				ResourceType: ec2types.ResourceTypeSecurityGroupRule, Tags: []ec2types.Tag{{Key: aws.String("owner"), Value: aws.String("us")}},
			}},
		})
	}
	out, err := authorize(tcp(443, "0.0.0.0/0", "10.0.0.0/8"), ec2types.IpPermission{
		IpProtocol: aws.String("-1"), UserIdGroupPairs: []ec2types.UserIdGroupPair{{GroupId: aws.String(peer)}},
	})
	wantCode(t, err, "")
	if len(out.SecurityGroupRules) != 3 || *out.SecurityGroupRules[0].Tags[0].Value != "us" || *out.SecurityGroupRules[0].CidrIpv4 != "0.0.0.0/0" {
		t.Fatalf("rules are %+v, want one for each peer, tagged", out.SecurityGroupRules)
	}
	_, err = authorize(tcp(80, "0.0.0.0/0"), tcp(443, "10.0.0.0/8"))
	wantCode(t, err, "InvalidPermission.Duplicate")
	_, err = authorize(tcp(1, "0.0.0.0/0"), tcp(2, "0.0.0.0/0"))
	wantCode(t, err, "RulesPerSecurityGroupLimitExceeded")
	_, err = authorize(tcp(80, "10.0.0.1/8"))
	wantCode(t, err, "InvalidParameterValue") // bits beyond the mask
	rules, err := c.ec2.DescribeSecurityGroupRules(t.Context(), &ec2.DescribeSecurityGroupRulesInput{Filters: []ec2types.Filter{filter("group-id", *id)}})
	wantCode(t, err, "")
	if len(rules.SecurityGroupRules) != 4 {
		t.Errorf("%d rules, want three in and the one out: nothing of a refused call stays", len(rules.SecurityGroupRules))
	}
	_, err = c.ec2.DeleteSecurityGroup(t.Context(), &ec2.DeleteSecurityGroupInput{GroupId: aws.String(peer)})
	wantCode(t, err, "DependencyViolation") // a rule of the other group names it
	_, err = c.ec2.RevokeSecurityGroupIngress(t.Context(), &ec2.RevokeSecurityGroupIngressInput{
		GroupId: id, SecurityGroupRuleIds: []string{*out.SecurityGroupRules[2].SecurityGroupRuleId},
	})
	wantCode(t, err, "")
	_, err = c.ec2.RevokeSecurityGroupIngress(t.Context(), &ec2.RevokeSecurityGroupIngressInput{GroupId: id, IpPermissions: []ec2types.IpPermission{tcp(443, "10.0.0.0/8")}})
	wantCode(t, err, "")
	_, err = c.ec2.RevokeSecurityGroupIngress(t.Context(), &ec2.RevokeSecurityGroupIngressInput{GroupId: id, IpPermissions: []ec2types.IpPermission{tcp(443, "10.0.0.0/8")}})
	wantCode(t, err, "InvalidPermission.NotFound")
	_, err = c.ec2.DeleteSecurityGroup(t.Context(), &ec2.DeleteSecurityGroupInput{GroupId: aws.String(peer)})
	wantCode(t, err, "")
}

func TestRuleOnAForeignGroupIsAResource(t *testing.T) {
	c := control(t)
	_, err := c.ec2.AuthorizeSecurityGroupIngress(t.Context(), &ec2.AuthorizeSecurityGroupIngressInput{
		GroupId: aws.String("sg-12345678"), IpPermissions: []ec2types.IpPermission{tcp(1, "10.0.0.0/8")},
	})
	wantCode(t, err, "")
	if got := c.Count(); got["security-group-rule"] != 1 || got["security-group"] != 0 {
		t.Errorf("count is %v: what a call leaves in a group that was there before would be a leak", got)
	}
}

func TestInterfacesLinger(t *testing.T) {
	c := control(t, func(o *emulator.Options) { o.Timing.InterfaceLinger = 150 * time.Millisecond })
	id := c.securityGroup(t, "front")
	lb := c.loadBalancer(t, "lb")
	_, err := c.elb.SetSecurityGroups(t.Context(), &elb.SetSecurityGroupsInput{LoadBalancerArn: lb.LoadBalancerArn, SecurityGroups: []string{id}})
	wantCode(t, err, "")
	interfaces := func() int {
		out, err := c.ec2.DescribeNetworkInterfaces(t.Context(), &ec2.DescribeNetworkInterfacesInput{Filters: []ec2types.Filter{filter("group-id", id)}})
		wantCode(t, err, "")
		return len(out.NetworkInterfaces)
	}
	remove := func() error {
		_, err := c.ec2.DeleteSecurityGroup(t.Context(), &ec2.DeleteSecurityGroupInput{GroupId: aws.String(id)})
		return err
	}
	if n := interfaces(); n != 2 {
		t.Fatalf("%d interfaces, want one in each subnet", n)
	}
	wantCode(t, remove(), "DependencyViolation")
	_, err = c.elb.DeleteLoadBalancer(t.Context(), &elb.DeleteLoadBalancerInput{LoadBalancerArn: lb.LoadBalancerArn})
	wantCode(t, err, "")
	wantCode(t, remove(), "DependencyViolation")
	eventually(t, "the interfaces to go", func() bool { return interfaces() == 0 })
	wantCode(t, remove(), "")
}
