package aws

import (
	"strings"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	waftypes "github.com/aws/aws-sdk-go-v2/service/wafv2/types"
)

// rateRule is the name of the rule that holds the rate limit.
const rateRule = "rate-limit"

// rulesOf are a web ACL's rules: the rate limit, which is cheap, then the groups in the order declared.
// https://docs.aws.amazon.com/waf/latest/APIReference/API_Rule.html
func rulesOf(spec WebACLSpec) []waftypes.Rule {
	var out []waftypes.Rule
	if spec.RateLimit > 0 {
		out = append(out, waftypes.Rule{
			Name: awssdk.String(rateRule), Action: &waftypes.RuleAction{Block: &waftypes.BlockAction{}},
			Statement: &waftypes.Statement{RateBasedStatement: &waftypes.RateBasedStatement{
				AggregateKeyType: waftypes.RateBasedStatementAggregateKeyTypeIp, Limit: &spec.RateLimit,
			}},
			VisibilityConfig: visible(rateRule),
		})
	}
	for _, r := range spec.Rules {
		override := &waftypes.OverrideAction{None: &waftypes.NoneAction{}}
		if r.Count {
			override = &waftypes.OverrideAction{Count: &waftypes.CountAction{}}
		}
		out = append(out, waftypes.Rule{
			Name: awssdk.String(r.Vendor + "-" + r.Name), OverrideAction: override,
			Statement: &waftypes.Statement{ManagedRuleGroupStatement: &waftypes.ManagedRuleGroupStatement{
				VendorName: awssdk.String(r.Vendor), Name: awssdk.String(r.Name),
			}},
			VisibilityConfig: visible(r.Name),
		})
	}
	for i := range out {
		out[i].Priority = int32(i)
	}
	return out
}

// webACLSpecOf reads the rules back. One that is none of ours becomes an entry that nothing wanted equals.
func webACLSpecOf(acl *waftypes.WebACL) WebACLSpec {
	out := WebACLSpec{Rules: []WebACLRule{}}
	for _, r := range acl.Rules {
		switch {
		case r.Statement != nil && r.Statement.ManagedRuleGroupStatement != nil:
			g := r.Statement.ManagedRuleGroupStatement
			out.Rules = append(out.Rules, WebACLRule{
				Vendor: awssdk.ToString(g.VendorName), Name: awssdk.ToString(g.Name),
				Count: r.OverrideAction != nil && r.OverrideAction.Count != nil,
			})
		case r.Statement != nil && r.Statement.RateBasedStatement != nil && awssdk.ToString(r.Name) == rateRule:
			out.RateLimit = awssdk.ToInt64(r.Statement.RateBasedStatement.Limit)
		default:
			out.Rules = append(out.Rules, WebACLRule{Name: awssdk.ToString(r.Name)})
		}
	}
	return out
}

func allow() *waftypes.DefaultAction { return &waftypes.DefaultAction{Allow: &waftypes.AllowAction{}} }

// visible names a metric, for which WAF takes letters, digits, hyphens and underscores.
func visible(name string) *waftypes.VisibilityConfig {
	clean := strings.Map(func(r rune) rune {
		if r == '-' || r == '_' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' {
			return r
		}
		return '-'
	}, name)
	return &waftypes.VisibilityConfig{MetricName: &clean, CloudWatchMetricsEnabled: true, SampledRequestsEnabled: true}
}
