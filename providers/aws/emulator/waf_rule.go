package emulator

import (
	"encoding/json"
	"regexp"
)

var webACLName = regexp.MustCompile(`^[\w\-]{1,128}$`)

// managedRuleGroups are AWS's own, with the capacity that each takes.
// https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-list.html
var managedRuleGroups = map[string]int{
	"AWSManagedRulesCommonRuleSet":          700,
	"AWSManagedRulesAdminProtectionRuleSet": 100,
	"AWSManagedRulesKnownBadInputsRuleSet":  200,
	"AWSManagedRulesSQLiRuleSet":            200,
	"AWSManagedRulesLinuxRuleSet":           200,
	"AWSManagedRulesUnixRuleSet":            100,
	"AWSManagedRulesWindowsRuleSet":         200,
	"AWSManagedRulesPHPRuleSet":             100,
	"AWSManagedRulesWordPressRuleSet":       100,
	"AWSManagedRulesAmazonIpReputationList": 25,
	"AWSManagedRulesAnonymousIpList":        50,
	"AWSManagedRulesBotControlRuleSet":      50,
	"AWSManagedRulesATPRuleSet":             50,
	"AWSManagedRulesACFPRuleSet":            50,
	"AWSManagedRulesAntiDDoSRuleSet":        50,
}

type wafRule struct {
	Name             string
	Priority         *int
	Action           map[string]any
	OverrideAction   map[string]any
	VisibilityConfig *visibility
	Statement        map[string]json.RawMessage
}

type visibility struct {
	MetricName               string
	SampledRequestsEnabled   *bool
	CloudWatchMetricsEnabled *bool
}

// checkWebACL refuses what WAF refuses and adds up the capacity.
func checkWebACL(spec map[string]json.RawMessage) (int, error) {
	var acl struct {
		DefaultAction    map[string]any
		VisibilityConfig *visibility
		Rules            []wafRule
	}
	whole, err := json.Marshal(spec)
	if err == nil {
		err = json.Unmarshal(whole, &acl)
	}
	if err != nil {
		return 0, fail("WAFInvalidParameterException", "%s", err)
	}
	if len(acl.DefaultAction) != 1 {
		return 0, fail("WAFInvalidParameterException", "the default action must be exactly one of Allow and Block")
	}
	if err := acl.VisibilityConfig.check("the web ACL"); err != nil {
		return 0, err
	}
	capacity := 0
	names, priorities := map[string]bool{}, map[int]bool{}
	for _, rule := range acl.Rules {
		if rule.Priority == nil || rule.Name == "" {
			return 0, fail("WAFInvalidParameterException", "a rule needs a name and a priority")
		}
		if names[rule.Name] || priorities[*rule.Priority] {
			return 0, fail("WAFInvalidParameterException", "the name or the priority of rule %s is taken by another", rule.Name)
		}
		names[rule.Name], priorities[*rule.Priority] = true, true
		units, err := rule.check()
		if err != nil {
			return 0, err
		}
		capacity += units
	}
	return capacity, nil
}

func (v *visibility) check(of string) error {
	if v == nil || v.MetricName == "" || v.SampledRequestsEnabled == nil || v.CloudWatchMetricsEnabled == nil {
		return fail("WAFInvalidParameterException", "%s needs a whole VisibilityConfig", of)
	}
	return nil
}

// check answers the rule's capacity. A rule that names a group overrides the group's action; any other has its own.
func (rule wafRule) check() (int, error) {
	if err := rule.VisibilityConfig.check("rule " + rule.Name); err != nil {
		return 0, err
	}
	if len(rule.Statement) != 1 {
		return 0, fail("WAFInvalidParameterException", "rule %s needs exactly one statement", rule.Name)
	}
	_, managed := rule.Statement["ManagedRuleGroupStatement"]
	_, own := rule.Statement["RuleGroupReferenceStatement"]
	if group := managed || own; group != (len(rule.OverrideAction) == 1) || group == (len(rule.Action) == 1) {
		return 0, fail("WAFInvalidParameterException", "rule %s must have an OverrideAction if its statement names a rule group, and else an Action", rule.Name)
	}
	if !managed {
		return statementCapacity(rule.Statement), nil
	}
	var named struct{ VendorName, Name string }
	if err := json.Unmarshal(rule.Statement["ManagedRuleGroupStatement"], &named); err != nil {
		return 0, fail("WAFInvalidParameterException", "rule %s: %s", rule.Name, err)
	}
	units, known := managedRuleGroups[named.Name]
	if !known || named.VendorName != "AWS" {
		return 0, fail("WAFNonexistentItemException", "there is no managed rule group %s of %s", named.Name, named.VendorName)
	}
	return units, nil
}

// statementCapacity is roughly what WAF counts: what matters here is that it adds up.
// https://docs.aws.amazon.com/waf/latest/developerguide/aws-waf-capacity-units.html
func statementCapacity(statement map[string]json.RawMessage) int {
	for kind := range statement {
		switch kind {
		case "RateBasedStatement":
			return 2
		case "GeoMatchStatement", "IPSetReferenceStatement", "LabelMatchStatement":
			return 1
		}
	}
	return 10
}

type managedGroupInput struct {
	VendorName string
	Name       string
	Scope      string
}

type managedGroupOutput struct {
	Capacity       int
	LabelNamespace string
	Rules          []struct{ Name string }
}

func describeManagedRuleGroup(_ *call, in *managedGroupInput) (*managedGroupOutput, error) {
	units, known := managedRuleGroups[in.Name]
	if !known || in.VendorName != "AWS" {
		return nil, fail("WAFNonexistentItemException", "there is no managed rule group %s of %s", in.Name, in.VendorName)
	}
	return &managedGroupOutput{Capacity: units, LabelNamespace: "awswaf:managed:aws:" + in.Name + ":", Rules: []struct{ Name string }{}}, nil
}

type managedGroupSummary struct {
	VendorName          string
	Name                string
	VersioningSupported bool
}

type managedGroupsOutput struct {
	ManagedRuleGroups []managedGroupSummary
	NextMarker        string `json:",omitempty"`
}

func listManagedRuleGroups(c *call, in *listWAFInput) (*managedGroupsOutput, error) {
	var all []managedGroupSummary
	for _, name := range sortedKeys(managedRuleGroups) {
		all = append(all, managedGroupSummary{"AWS", name, true})
	}
	p, err := paginate(c, all, func(g managedGroupSummary) string { return g.Name }, in.NextMarker, pageSize(in.Limit, 100))
	if err != nil {
		return nil, err
	}
	return &managedGroupsOutput{p.items, p.marker}, nil
}
