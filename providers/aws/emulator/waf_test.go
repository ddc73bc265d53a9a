package emulator_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/wafv2"
	waftypes "github.com/aws/aws-sdk-go-v2/service/wafv2/types"

	"github.com/fleetgate/fleetgate/providers/aws/emulator"
)

func visibility(name string) *waftypes.VisibilityConfig {
	return &waftypes.VisibilityConfig{MetricName: aws.String(name), SampledRequestsEnabled: true, CloudWatchMetricsEnabled: true}
}

func managed(name string, priority int32) waftypes.Rule {
	return waftypes.Rule{
		Name: aws.String(name), Priority: priority, VisibilityConfig: visibility(name),
		OverrideAction: &waftypes.OverrideAction{None: &waftypes.NoneAction{}},
		Statement: &waftypes.Statement{ManagedRuleGroupStatement: &waftypes.ManagedRuleGroupStatement{
			VendorName: aws.String("AWS"), Name: aws.String(name),
		}},
	}
}

func (c *cloud) webACL(t *testing.T, name string, rules ...waftypes.Rule) (*waftypes.WebACLSummary, error) {
	t.Helper()
	out, err := c.waf.CreateWebACL(t.Context(), &wafv2.CreateWebACLInput{
		Name: aws.String(name), Scope: waftypes.ScopeRegional, DefaultAction: &waftypes.DefaultAction{Allow: &waftypes.AllowAction{}},
		VisibilityConfig: visibility(name), Rules: rules, Tags: []waftypes.Tag{{Key: aws.String("owner"), Value: aws.String("us")}},
	})
	if err != nil {
		return nil, err
	}
	return out.Summary, nil
}

func TestCreateWebACL(t *testing.T) {
	const common = "AWSManagedRulesCommonRuleSet"
	noOverride := managed(common, 1)
	noOverride.OverrideAction = nil
	cases := map[string]struct {
		reason, name string
		rules        []waftypes.Rule
		code         string
	}{
		"name taken":     {"names are unique", "first", nil, "WAFDuplicateItemException"},
		"same priority":  {"priorities are unique", "x", []waftypes.Rule{managed(common, 1), managed("AWSManagedRulesSQLiRuleSet", 1)}, "WAFInvalidParameterException"},
		"no such group":  {"managed groups are AWS's", "x", []waftypes.Rule{managed("NoSuchRuleSet", 1)}, "WAFNonexistentItemException"},
		"no override":    {"a group's action is overridden", "x", []waftypes.Rule{noOverride}, "WAFInvalidParameterException"},
		"too much":       {"capacity is bounded", "x", []waftypes.Rule{managed(common, 1), managed("AWSManagedRulesSQLiRuleSet", 2)}, "WAFLimitsExceededException"},
		"another, small": {"anything else goes", "second", []waftypes.Rule{managed(common, 1)}, ""},
	}
	c := control(t, func(o *emulator.Options) { o.Quotas = map[emulator.Quota]int{emulator.QuotaWebACLCapacity: 800} })
	first, err := c.webACL(t, "first", managed(common, 0))
	wantCode(t, err, "")
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := c.webACL(t, tc.name, tc.rules...)
			wantCode(t, err, tc.code)
		})
	}
	got, err := c.waf.GetWebACL(t.Context(), &wafv2.GetWebACLInput{Name: first.Name, Id: first.Id, Scope: waftypes.ScopeRegional})
	wantCode(t, err, "")
	if got.WebACL.Capacity != 700 || *got.WebACL.Rules[0].Statement.ManagedRuleGroupStatement.Name != common || *got.LockToken != *first.LockToken {
		t.Errorf("the web ACL is %+v", got.WebACL)
	}
	tags, err := c.waf.ListTagsForResource(t.Context(), &wafv2.ListTagsForResourceInput{ResourceARN: first.ARN})
	wantCode(t, err, "")
	if *tags.TagInfoForResource.TagList[0].Value != "us" {
		t.Errorf("tags are %v", tags.TagInfoForResource.TagList)
	}
	groups, err := c.waf.ListAvailableManagedRuleGroups(t.Context(), &wafv2.ListAvailableManagedRuleGroupsInput{Scope: waftypes.ScopeRegional})
	wantCode(t, err, "")
	if len(groups.ManagedRuleGroups) < 10 {
		t.Errorf("%d managed rule groups", len(groups.ManagedRuleGroups))
	}
}

func TestWebACLLockToken(t *testing.T) {
	c := control(t)
	acl, err := c.webACL(t, "acl", managed("AWSManagedRulesCommonRuleSet", 0))
	wantCode(t, err, "")
	update := func(token *string) (*wafv2.UpdateWebACLOutput, error) {
		return c.waf.UpdateWebACL(t.Context(), &wafv2.UpdateWebACLInput{
			Name: acl.Name, Id: acl.Id, Scope: waftypes.ScopeRegional, LockToken: token,
			DefaultAction: &waftypes.DefaultAction{Block: &waftypes.BlockAction{}}, VisibilityConfig: visibility("acl"),
		})
	}
	out, err := update(acl.LockToken)
	wantCode(t, err, "")
	_, err = update(acl.LockToken)
	wantCode(t, err, "WAFOptimisticLockException")
	got, err := c.waf.GetWebACL(t.Context(), &wafv2.GetWebACLInput{Name: acl.Name, Id: acl.Id, Scope: waftypes.ScopeRegional})
	wantCode(t, err, "")
	if len(got.WebACL.Rules) != 0 || got.WebACL.DefaultAction.Block == nil {
		t.Errorf("the web ACL is %+v: an update replaces the whole", got.WebACL)
	}
	ref := &wafv2.DeleteWebACLInput{Name: acl.Name, Id: acl.Id, Scope: waftypes.ScopeRegional, LockToken: acl.LockToken}
	_, err = c.waf.DeleteWebACL(t.Context(), ref)
	wantCode(t, err, "WAFOptimisticLockException")
	ref.LockToken = out.NextLockToken
	_, err = c.waf.DeleteWebACL(t.Context(), ref)
	wantCode(t, err, "")
	_, err = c.waf.DeleteWebACL(t.Context(), ref)
	wantCode(t, err, "WAFNonexistentItemException")
}

func TestAssociateWebACL(t *testing.T) {
	c := control(t, func(o *emulator.Options) { o.Timing.WebACLUnavailable = 100 * time.Millisecond })
	lb := c.loadBalancer(t, "lb")
	first, err := c.webACL(t, "first")
	wantCode(t, err, "")
	associate := func(arn *string) error {
		_, err := c.waf.AssociateWebACL(t.Context(), &wafv2.AssociateWebACLInput{WebACLArn: arn, ResourceArn: lb.LoadBalancerArn})
		return err
	}
	wantCode(t, associate(first.ARN), "WAFUnavailableEntityException")
	eventually(t, "the web ACL to be available", func() bool { return associate(first.ARN) == nil })
	wantCode(t, associate(first.ARN), "") // again is no error
	second, err := c.webACL(t, "second")
	wantCode(t, err, "")
	eventually(t, "the second web ACL to be available", func() bool { return associate(second.ARN) == nil })
	protects := func(acl *waftypes.WebACLSummary) int {
		out, err := c.waf.ListResourcesForWebACL(t.Context(), &wafv2.ListResourcesForWebACLInput{WebACLArn: acl.ARN})
		wantCode(t, err, "")
		return len(out.ResourceArns)
	}
	if protects(first) != 0 || protects(second) != 1 {
		t.Error("associating replaces, without a word")
	}
	_, err = c.waf.DeleteWebACL(t.Context(), &wafv2.DeleteWebACLInput{Name: second.Name, Id: second.Id, Scope: waftypes.ScopeRegional, LockToken: second.LockToken})
	wantCode(t, err, "WAFAssociatedItemException")

	foreign, err := c.AttachFirewallManagerACL(testRegion, *lb.LoadBalancerArn)
	wantCode(t, err, "")
	got, err := c.waf.GetWebACLForResource(t.Context(), &wafv2.GetWebACLForResourceInput{ResourceArn: lb.LoadBalancerArn})
	wantCode(t, err, "")
	if *got.WebACL.ARN != foreign || !got.WebACL.ManagedByFirewallManager {
		t.Errorf("the web ACL is %+v, want Firewall Manager's", got.WebACL)
	}
	_, err = c.waf.DisassociateWebACL(t.Context(), &wafv2.DisassociateWebACLInput{ResourceArn: lb.LoadBalancerArn})
	wantCode(t, err, "")
	_, err = c.waf.DisassociateWebACL(t.Context(), &wafv2.DisassociateWebACLInput{ResourceArn: aws.String(*lb.LoadBalancerArn + "0")})
	wantCode(t, err, "WAFNonexistentItemException")
	got, err = c.waf.GetWebACLForResource(t.Context(), &wafv2.GetWebACLForResourceInput{ResourceArn: lb.LoadBalancerArn})
	wantCode(t, err, "")
	if got.WebACL != nil {
		t.Error("a web ACL is left after its disassociation")
	}
	wantCode(t, associate(second.ARN), "")
	_, err = c.elb.DeleteLoadBalancer(t.Context(), &elb.DeleteLoadBalancerInput{LoadBalancerArn: lb.LoadBalancerArn})
	wantCode(t, err, "")
	if protects(second) != 0 {
		t.Error("a deleted load balancer is still protected")
	}
}
