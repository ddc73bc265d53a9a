package emulator

import "fmt"

// revokeIngress removes rules by id or by permission. One that is not there is InvalidPermission.NotFound, as in any
// VPC but a default one; nothing is removed then.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RevokeSecurityGroupIngress.html
func revokeIngress(c *call, in *ingressInput) (*rulesOutput, error) {
	g, err := c.r.group(in.GroupId)
	if err != nil {
		return nil, err
	}
	if len(in.RuleIds) > 0 && len(in.Permissions) > 0 {
		return nil, fail("InvalidParameterCombination", "rule ids and permissions cannot be specified at the same time")
	}
	var gone []*groupRule
	for _, id := range in.RuleIds {
		rule := g.Rules[id]
		if rule == nil || rule.Egress {
			return nil, fail("InvalidSecurityGroupRuleId.NotFound", "The security group rule ID '%s' does not exist", id)
		}
		gone = append(gone, rule)
	}
	named, err := c.ingressRules(in)
	if err != nil {
		return nil, err
	}
	for _, wanted := range named {
		rule := g.find(wanted)
		if rule == nil {
			return nil, fail("InvalidPermission.NotFound", "The specified rule does not exist in this security group.")
		}
		gone = append(gone, rule)
	}
	yes := true
	out := &rulesOutput{Return: &yes}
	for _, rule := range gone {
		delete(g.Rules, rule.ID)
		out.Revoked = append(out.Revoked, rule.xml(c))
	}
	return out, nil
}

type rulesInput struct {
	RuleIds    []string `q:"SecurityGroupRuleId"`
	Filters    []filter `q:"Filter"`
	MaxResults int
	NextToken  string
}

func describeSecurityGroupRules(c *call, in *rulesInput) (*rulesOutput, error) {
	var all []*groupRule
	for _, g := range ordered(c.r.Groups) {
		all = append(all, ordered(g.Rules)...)
	}
	about := func(rule *groupRule) facts {
		return facts{
			"group-id": {rule.Group}, "security-group-rule-id": {rule.ID}, "is-egress": {fmt.Sprint(rule.Egress)},
		}.tagged(rule.Tags)
	}
	ids := idFilter{"security-group-rule-id", in.RuleIds, "InvalidSecurityGroupRuleId.NotFound"}
	found, err := selected(all, about, ids, in.Filters)
	if err != nil {
		return nil, err
	}
	key := func(rule *groupRule) string { return rule.Group + "/" + rule.ID }
	p, err := paginate(c, found, key, in.NextToken, pageSize(in.MaxResults, 1000))
	if err != nil {
		return nil, err
	}
	out := &rulesOutput{NextToken: p.marker}
	for _, rule := range p.items {
		out.Rules = append(out.Rules, rule.xml(c))
	}
	return out, nil
}
