package emulator_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/fleetgate/fleetgate/providers/aws/emulator"
)

func TestCreateLoadBalancer(t *testing.T) {
	base := func() *elb.CreateLoadBalancerInput {
		return &elb.CreateLoadBalancerInput{
			Name: aws.String("first"), Subnets: []string{publicA, publicB}, SecurityGroups: []string{"sg-12345678"},
			Tags: []elbtypes.Tag{{Key: aws.String("owner"), Value: aws.String("us")}},
		}
	}
	cases := map[string]struct {
		reason string
		edit   func(*elb.CreateLoadBalancerInput)
		code   string
	}{
		"again": {"equal settings are the same load balancer", func(*elb.CreateLoadBalancerInput) {}, ""},
		"order": {"sets have no order", func(in *elb.CreateLoadBalancerInput) { in.Subnets = []string{publicB, publicA} }, ""},
		"other scheme": {"a name with other settings is a conflict", func(in *elb.CreateLoadBalancerInput) {
			in.Scheme, in.Subnets = "internal", []string{internalA, internalB}
		}, "DuplicateLoadBalancerName"},
		"other tags":        {"tags are settings", func(in *elb.CreateLoadBalancerInput) { in.Tags = nil }, "DuplicateLoadBalancerName"},
		"long name":         {"names have at most 32 characters", func(in *elb.CreateLoadBalancerInput) { in.Name = aws.String(fmt.Sprintf("%033d", 1)) }, "ValidationError"},
		"hyphen at an edge": {"a name does not end with a hyphen", func(in *elb.CreateLoadBalancerInput) { in.Name = aws.String("a-") }, "ValidationError"},
		"reserved":          {"internal- is kept for DNS names", func(in *elb.CreateLoadBalancerInput) { in.Name = aws.String("internal-a") }, "ValidationError"},
		"one subnet":        {"two Availability Zones are the least", func(in *elb.CreateLoadBalancerInput) { in.Name, in.Subnets = aws.String("x"), []string{publicA} }, "ValidationError"},
		"one zone": {"a zone has one subnet", func(in *elb.CreateLoadBalancerInput) {
			in.Name, in.Subnets = aws.String("x"), []string{publicA, internalA}
		}, "InvalidConfigurationRequest"},
		"private": {"an internet-facing one needs public subnets", func(in *elb.CreateLoadBalancerInput) {
			in.Name, in.Subnets = aws.String("x"), []string{internalA, internalB}
		}, "InvalidSubnet"},
		"no such subnet": {"subnets must exist", func(in *elb.CreateLoadBalancerInput) {
			in.Name, in.Subnets = aws.String("x"), []string{publicA, "subnet-1"}
		}, "SubnetNotFound"},
		"no such group": {"groups must exist", func(in *elb.CreateLoadBalancerInput) { in.Name, in.SecurityGroups = aws.String("x"), []string{"sg-1"} }, "InvalidSecurityGroup"},
		"aws tag": {"aws: tags are AWS's", func(in *elb.CreateLoadBalancerInput) {
			in.Name, in.Tags = aws.String("x"), []elbtypes.Tag{{Key: aws.String("aws:x")}}
		}, "ValidationError"},
	}
	c := control(t)
	first, err := c.elb.CreateLoadBalancer(t.Context(), base())
	wantCode(t, err, "")
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			in := base()
			tc.edit(in)
			out, err := c.elb.CreateLoadBalancer(t.Context(), in)
			wantCode(t, err, tc.code)
			if err == nil && *out.LoadBalancers[0].LoadBalancerArn != *first.LoadBalancers[0].LoadBalancerArn {
				t.Error(tc.reason)
			}
		})
	}
	if n := c.Count()["load-balancer"]; n != 1 {
		t.Errorf("%d load balancers, want the first alone", n)
	}
}

func TestLoadBalancerBecomesActive(t *testing.T) {
	c := control(t, func(o *emulator.Options) { o.Timing.Provisioning = 100 * time.Millisecond })
	lb := c.loadBalancer(t, "slow")
	if lb.State.Code != elbtypes.LoadBalancerStateEnumProvisioning {
		t.Fatalf("a new load balancer is %s, want provisioning", lb.State.Code)
	}
	if _, ok := c.Resolve(*lb.DNSName); ok {
		t.Fatal("a load balancer resolves before it is active")
	}
	w := elb.NewLoadBalancerAvailableWaiter(c.elb, func(o *elb.LoadBalancerAvailableWaiterOptions) {
		o.MinDelay, o.MaxDelay = 10*time.Millisecond, 20*time.Millisecond
	})
	if err := w.Wait(t.Context(), &elb.DescribeLoadBalancersInput{Names: []string{"slow"}}, 5*time.Second); err != nil {
		t.Fatal(err)
	}
}

func TestDescribeLoadBalancers(t *testing.T) {
	c := control(t, func(o *emulator.Options) { o.MaxPage = 2 })
	for i := range 5 {
		c.loadBalancer(t, fmt.Sprintf("lb-%d", i))
	}
	seen := map[string]bool{}
	for p := elb.NewDescribeLoadBalancersPaginator(c.elb, &elb.DescribeLoadBalancersInput{}); p.HasMorePages(); {
		page, err := p.NextPage(t.Context())
		wantCode(t, err, "")
		if len(page.LoadBalancers) > 2 {
			t.Fatal("a page is larger than the cap")
		}
		for _, lb := range page.LoadBalancers {
			seen[*lb.LoadBalancerName] = true
		}
	}
	if len(seen) != 5 {
		t.Errorf("the pages hold %v, want all five", seen)
	}
	_, err := c.elb.DescribeLoadBalancers(t.Context(), &elb.DescribeLoadBalancersInput{Names: []string{"none"}})
	wantCode(t, err, "LoadBalancerNotFound")
}

func TestDeleteLoadBalancer(t *testing.T) {
	c := control(t)
	lb, tg := c.loadBalancer(t, "gone"), c.targetGroup(t, "stays")
	c.listener(t, *lb.LoadBalancerArn, 80, forwardTo(group(tg, 1)))
	ref := &elb.DeleteLoadBalancerInput{LoadBalancerArn: lb.LoadBalancerArn}
	protect := func(on string) {
		_, err := c.elb.ModifyLoadBalancerAttributes(t.Context(), &elb.ModifyLoadBalancerAttributesInput{
			LoadBalancerArn: lb.LoadBalancerArn,
			Attributes:      []elbtypes.LoadBalancerAttribute{{Key: aws.String("deletion_protection.enabled"), Value: aws.String(on)}},
		})
		wantCode(t, err, "")
	}
	protect("true")
	_, err := c.elb.DeleteLoadBalancer(t.Context(), ref)
	wantCode(t, err, "OperationNotPermitted")
	_, err = c.elb.DeleteTargetGroup(t.Context(), &elb.DeleteTargetGroupInput{TargetGroupArn: aws.String(tg)})
	wantCode(t, err, "ResourceInUse")
	protect("false")
	_, err = c.elb.DeleteLoadBalancer(t.Context(), ref)
	wantCode(t, err, "")
	_, err = c.elb.DeleteLoadBalancer(t.Context(), ref)
	wantCode(t, err, "") // deleting an absent one succeeds
	if got := c.Count(); got["listener"] != 0 || got["target-group"] != 1 {
		t.Errorf("after the delete there are %v, want the target group alone", got)
	}
}

func TestSettersReplace(t *testing.T) {
	c := control(t)
	lb := c.loadBalancer(t, "sets")
	groups, err := c.elb.SetSecurityGroups(t.Context(), &elb.SetSecurityGroupsInput{
		LoadBalancerArn: lb.LoadBalancerArn, SecurityGroups: []string{"sg-00000000000000001"},
	})
	wantCode(t, err, "")
	if len(groups.SecurityGroupIds) != 1 || groups.SecurityGroupIds[0] != "sg-00000000000000001" {
		t.Errorf("groups are %v: SetSecurityGroups replaces the set", groups.SecurityGroupIds)
	}
	subnets, err := c.elb.SetSubnets(t.Context(), &elb.SetSubnetsInput{
		LoadBalancerArn: lb.LoadBalancerArn, Subnets: []string{publicB, "subnet-0000000000000001c"},
	})
	wantCode(t, err, "")
	if len(subnets.AvailabilityZones) != 2 || *subnets.AvailabilityZones[1].ZoneName != testRegion+"c" {
		t.Errorf("zones are %v: SetSubnets replaces the set", subnets.AvailabilityZones)
	}
	_, err = c.elb.SetIpAddressType(t.Context(), &elb.SetIpAddressTypeInput{LoadBalancerArn: lb.LoadBalancerArn, IpAddressType: "dualstack"})
	wantCode(t, err, "")
	_, err = c.elb.ModifyLoadBalancerAttributes(t.Context(), &elb.ModifyLoadBalancerAttributesInput{
		LoadBalancerArn: lb.LoadBalancerArn, Attributes: []elbtypes.LoadBalancerAttribute{{Key: aws.String("no.such"), Value: aws.String("1")}},
	})
	wantCode(t, err, "ValidationError")
}

func TestTargetGroup(t *testing.T) {
	c := control(t)
	arn := c.targetGroup(t, "tg")
	if again := c.targetGroup(t, "tg"); again != arn {
		t.Error("equal settings make a second target group")
	}
	_, err := c.elb.CreateTargetGroup(t.Context(), &elb.CreateTargetGroupInput{
		Name: aws.String("tg"), Protocol: "HTTP", Port: aws.Int32(81), VpcId: aws.String(vpcID), TargetType: "ip",
	})
	wantCode(t, err, "DuplicateTargetGroupName")
	out, err := c.elb.ModifyTargetGroup(t.Context(), &elb.ModifyTargetGroupInput{
		TargetGroupArn: aws.String(arn), Matcher: &elbtypes.Matcher{HttpCode: aws.String("200-299")},
	})
	wantCode(t, err, "")
	if tg := out.TargetGroups[0]; *tg.HealthCheckPath != "/ready" || *tg.Matcher.HttpCode != "200-299" || *tg.HealthCheckIntervalSeconds != 5 {
		t.Errorf("the target group is %+v: ModifyTargetGroup leaves alone what it does not name", tg)
	}
	_, err = c.elb.ModifyTargetGroup(t.Context(), &elb.ModifyTargetGroupInput{TargetGroupArn: aws.String(arn), HealthCheckTimeoutSeconds: aws.Int32(9)})
	wantCode(t, err, "ValidationError") // a timeout is shorter than its interval
	_, err = c.elb.ModifyTargetGroupAttributes(t.Context(), &elb.ModifyTargetGroupAttributesInput{
		TargetGroupArn: aws.String(arn),
		Attributes:     []elbtypes.TargetGroupAttribute{{Key: aws.String("deregistration_delay.timeout_seconds"), Value: aws.String("30")}},
	})
	wantCode(t, err, "")
	attrs, err := c.elb.DescribeTargetGroupAttributes(t.Context(), &elb.DescribeTargetGroupAttributesInput{TargetGroupArn: aws.String(arn)})
	wantCode(t, err, "")
	if *attrs.Attributes[0].Value != "30" {
		t.Errorf("attributes are %v", attrs.Attributes)
	}
}

func TestRegisterTargetsByAddress(t *testing.T) {
	cases := map[string]struct{ reason, id, zone, code string }{
		"in the VPC":      {"its zone is found by itself", "10.1.2.3", "", ""},
		"private, no all": {"outside the VPC the zone must be all", "192.168.1.1", "", "InvalidTarget"},
		"private, all":    {"outside the VPC the zone must be all", "192.168.1.1", "all", ""},
		"public":          {"public addresses cannot be registered", "8.8.8.8", "all", "InvalidTarget"},
		"no address":      {"a target of type ip is an address", "node-1", "", "ValidationError"},
	}
	c := control(t)
	arn := c.targetGroup(t, "tg")
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			d := elbtypes.TargetDescription{Id: aws.String(tc.id)}
			if tc.zone != "" {
				d.AvailabilityZone = aws.String(tc.zone)
			}
			_, err := c.elb.RegisterTargets(t.Context(), &elb.RegisterTargetsInput{TargetGroupArn: aws.String(arn), Targets: []elbtypes.TargetDescription{d}})
			wantCode(t, err, tc.code)
		})
	}
}

func TestCreateListener(t *testing.T) {
	c := control(t)
	lb, tg := c.loadBalancer(t, "lb"), c.targetGroup(t, "tg")
	other := c.loadBalancer(t, "other")
	cert := c.importCertificate(t, selfSigned(t, "EC", "a.test"))
	arn := c.listener(t, *lb.LoadBalancerArn, 80, forwardTo(group(tg, 1)))
	if again := c.listener(t, *lb.LoadBalancerArn, 80, forwardTo(group(tg, 1))); again != arn {
		t.Error("equal settings make a second listener")
	}
	six := []elbtypes.TargetGroupTuple{}
	for i := range 6 {
		six = append(six, group(c.targetGroup(t, fmt.Sprintf("six-%d", i)), 1))
	}
	input := func(lb *string, protocol elbtypes.ProtocolEnum, port int32, actions []elbtypes.Action) *elb.CreateListenerInput {
		return &elb.CreateListenerInput{LoadBalancerArn: lb, Protocol: protocol, Port: aws.Int32(port), DefaultActions: actions}
	}
	secure := input(lb.LoadBalancerArn, "HTTPS", 443, forwardTo(group(tg, 1)))
	secure.Certificates = []elbtypes.Certificate{{CertificateArn: aws.String(cert)}}
	secure.SslPolicy = aws.String("ELBSecurityPolicy-None")
	foreign := input(lb.LoadBalancerArn, "HTTPS", 444, forwardTo(group(tg, 1)))
	foreign.Certificates = []elbtypes.Certificate{{CertificateArn: aws.String(cert + "0")}}
	cases := map[string]struct {
		reason string
		in     *elb.CreateListenerInput
		code   string
	}{
		"port taken":     {"a port has one listener", input(lb.LoadBalancerArn, "HTTP", 80, forwardTo(six[0])), "DuplicateListener"},
		"no certificate": {"HTTPS needs a certificate", input(lb.LoadBalancerArn, "HTTPS", 443, forwardTo(group(tg, 1))), "ValidationError"},
		"no such policy": {"policies are AWS's", secure, "SSLPolicyNotFound"},
		"no such cert":   {"certificates must exist", foreign, "CertificateNotFound"},
		"six groups":     {"a forward has at most five groups", input(lb.LoadBalancerArn, "HTTP", 81, forwardTo(six...)), "TooManyTargetGroups"},
		"shared group":   {"a group belongs to one load balancer", input(other.LoadBalancerArn, "HTTP", 80, forwardTo(group(tg, 1))), "TargetGroupAssociationLimit"},
		"no such group":  {"groups must exist", input(lb.LoadBalancerArn, "HTTP", 82, forwardTo(group(tg+"0", 1))), "TargetGroupNotFound"},
		"tcp":            {"an application load balancer speaks HTTP", input(lb.LoadBalancerArn, "TCP", 83, forwardTo(group(tg, 1))), "UnsupportedProtocol"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := c.elb.CreateListener(t.Context(), tc.in)
			wantCode(t, err, tc.code)
		})
	}
}

func TestListenerCertificates(t *testing.T) {
	c := control(t, func(o *emulator.Options) { o.Quotas = map[emulator.Quota]int{emulator.QuotaCertificates: 2} })
	lb, tg := c.loadBalancer(t, "lb"), c.targetGroup(t, "tg")
	var certs []elbtypes.Certificate
	for i := range 4 {
		arn := c.importCertificate(t, selfSigned(t, "EC", fmt.Sprintf("c%d.test", i)))
		certs = append(certs, elbtypes.Certificate{CertificateArn: aws.String(arn)})
	}
	arn := aws.String(c.listener(t, *lb.LoadBalancerArn, 443, forwardTo(group(tg, 1)), *certs[0].CertificateArn))
	_, err := c.elb.AddListenerCertificates(t.Context(), &elb.AddListenerCertificatesInput{ListenerArn: arn, Certificates: certs[1:3]})
	wantCode(t, err, "")
	_, err = c.elb.AddListenerCertificates(t.Context(), &elb.AddListenerCertificatesInput{ListenerArn: arn, Certificates: certs[3:]})
	wantCode(t, err, "TooManyCertificates")
	_, err = c.elb.RemoveListenerCertificates(t.Context(), &elb.RemoveListenerCertificatesInput{ListenerArn: arn, Certificates: certs[:1]})
	wantCode(t, err, "OperationNotPermitted") // the default certificate stays
	_, err = c.elb.ModifyListener(t.Context(), &elb.ModifyListenerInput{ListenerArn: arn, SslPolicy: aws.String("ELBSecurityPolicy-TLS13-1-2-2021-06")})
	wantCode(t, err, "")
	_, err = c.elb.RemoveListenerCertificates(t.Context(), &elb.RemoveListenerCertificatesInput{ListenerArn: arn, Certificates: certs[1:2]})
	wantCode(t, err, "")
	out, err := c.elb.DescribeListenerCertificates(t.Context(), &elb.DescribeListenerCertificatesInput{ListenerArn: arn})
	wantCode(t, err, "")
	if len(out.Certificates) != 2 || !*out.Certificates[0].IsDefault || *out.Certificates[1].CertificateArn != *certs[2].CertificateArn {
		t.Errorf("certificates are %v, want the default one and the third: ModifyListener leaves the rest alone", out.Certificates)
	}
}

func TestQuotasAreReportedAndHeld(t *testing.T) {
	c := control(t, func(o *emulator.Options) {
		o.Quotas = map[emulator.Quota]int{emulator.QuotaLoadBalancers: 1, emulator.QuotaListeners: 1, emulator.QuotaTargetGroups: 1, emulator.QuotaTargetsPerGroup: 1}
	})
	lb, tg := c.loadBalancer(t, "one"), c.targetGroup(t, "one")
	c.listener(t, *lb.LoadBalancerArn, 80, forwardTo(group(tg, 1)))
	_, err := c.elb.CreateLoadBalancer(t.Context(), &elb.CreateLoadBalancerInput{Name: aws.String("two"), Subnets: []string{publicA, publicB}})
	wantCode(t, err, "TooManyLoadBalancers")
	_, err = c.elb.CreateTargetGroup(t.Context(), &elb.CreateTargetGroupInput{
		Name: aws.String("two"), Protocol: "HTTP", Port: aws.Int32(80), VpcId: aws.String(vpcID), TargetType: "ip",
	})
	wantCode(t, err, "TooManyTargetGroups")
	_, err = c.elb.CreateListener(t.Context(), &elb.CreateListenerInput{
		LoadBalancerArn: lb.LoadBalancerArn, Protocol: "HTTP", Port: aws.Int32(81), DefaultActions: forwardTo(group(tg, 1)),
	})
	wantCode(t, err, "TooManyListeners")
	_, err = c.elb.RegisterTargets(t.Context(), &elb.RegisterTargetsInput{
		TargetGroupArn: aws.String(tg), Targets: []elbtypes.TargetDescription{{Id: aws.String("10.0.0.1")}, {Id: aws.String("10.0.0.2")}},
	})
	wantCode(t, err, "TooManyTargets")
	limits, err := c.elb.DescribeAccountLimits(t.Context(), &elb.DescribeAccountLimitsInput{})
	wantCode(t, err, "")
	if *limits.Limits[0].Name != "application-load-balancers" || *limits.Limits[0].Max != "1" {
		t.Errorf("limits are %v", limits.Limits)
	}
}

func TestELBTags(t *testing.T) {
	c := control(t)
	lb := c.loadBalancer(t, "lb")
	arns := []string{*lb.LoadBalancerArn}
	_, err := c.elb.AddTags(t.Context(), &elb.AddTagsInput{ResourceArns: arns, Tags: []elbtypes.Tag{
		{Key: aws.String("a"), Value: aws.String("1")}, {Key: aws.String("b"), Value: aws.String("2")},
	}})
	wantCode(t, err, "")
	_, err = c.elb.RemoveTags(t.Context(), &elb.RemoveTagsInput{ResourceArns: arns, TagKeys: []string{"a"}})
	wantCode(t, err, "")
	out, err := c.elb.DescribeTags(t.Context(), &elb.DescribeTagsInput{ResourceArns: arns})
	wantCode(t, err, "")
	if tags := out.TagDescriptions[0].Tags; len(tags) != 1 || *tags[0].Key != "b" || *tags[0].Value != "2" {
		t.Errorf("tags are %v, want b=2", tags)
	}
	many := make([]string, 21)
	for i := range many {
		many[i] = arns[0]
	}
	_, err = c.elb.DescribeTags(t.Context(), &elb.DescribeTagsInput{ResourceArns: many})
	wantCode(t, err, "ValidationError")
	policies, err := c.elb.DescribeSSLPolicies(t.Context(), &elb.DescribeSSLPoliciesInput{})
	wantCode(t, err, "")
	if len(policies.SslPolicies) < 10 {
		t.Errorf("%d policies", len(policies.SslPolicies))
	}
}
