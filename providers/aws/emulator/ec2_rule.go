package emulator

import (
	"fmt"
	"maps"
	"net/netip"
)

// permission is a set of rules as the older half of the API has it: one port range and many peers.
type permission struct {
	IpProtocol string
	FromPort   *int
	ToPort     *int
	Groups     []struct {
		GroupId     string
		GroupName   string
		Description string
	}
	IpRanges []struct {
		CidrIp      string
		Description string
	}
	Ipv6Ranges []struct {
		CidrIpv6    string
		Description string
	}
	PrefixListIds []struct {
		PrefixListId string
		Description  string
	}
}

type permissionXML struct {
	Protocol    string       `xml:"ipProtocol"`
	From        *int         `xml:"fromPort,omitempty"`
	To          *int         `xml:"toPort,omitempty"`
	Groups      []peerXML    `xml:"groups>item"`
	IPv4        []rangeXML   `xml:"ipRanges>item"`
	IPv6        []range6XML  `xml:"ipv6Ranges>item"`
	PrefixLists []prefixList `xml:"prefixListIds>item"`
}

type peerXML struct {
	UserID      string `xml:"userId"`
	GroupID     string `xml:"groupId"`
	Description string `xml:"description,omitempty"`
}

type rangeXML struct {
	CIDR        string `xml:"cidrIp"`
	Description string `xml:"description,omitempty"`
}

type range6XML struct {
	CIDR        string `xml:"cidrIpv6"`
	Description string `xml:"description,omitempty"`
}

type prefixList struct {
	ID          string `xml:"prefixListId"`
	Description string `xml:"description,omitempty"`
}

// permissions are the group's rules, folded by protocol and ports.
func (g *securityGroup) permissions(account string, egress bool) []permissionXML {
	index := map[string]int{}
	var out []permissionXML
	for _, rule := range ordered(g.Rules) {
		if rule.Egress != egress {
			continue
		}
		key := fmt.Sprint(rule.Protocol, rule.From, rule.To)
		at, ok := index[key]
		if !ok {
			at = len(out)
			index[key] = at
			p := permissionXML{Protocol: rule.Protocol}
			if rule.Protocol != "-1" {
				p.From, p.To = &rule.From, &rule.To
			}
			out = append(out, p)
		}
		p := &out[at]
		switch {
		case rule.IPv4 != "":
			p.IPv4 = append(p.IPv4, rangeXML{rule.IPv4, rule.Description})
		case rule.IPv6 != "":
			p.IPv6 = append(p.IPv6, range6XML{rule.IPv6, rule.Description})
		case rule.PrefixList != "":
			p.PrefixLists = append(p.PrefixLists, prefixList{rule.PrefixList, rule.Description})
		default:
			p.Groups = append(p.Groups, peerXML{account, rule.PeerGroup, rule.Description})
		}
	}
	return out
}

// same tells whether two rules allow the same; what they are called and tagged does not count.
func (rule *groupRule) same(other *groupRule) bool {
	return rule.Egress == other.Egress && rule.Protocol == other.Protocol && rule.From == other.From && rule.To == other.To &&
		rule.IPv4 == other.IPv4 && rule.IPv6 == other.IPv6 && rule.PrefixList == other.PrefixList && rule.PeerGroup == other.PeerGroup
}

type ingressInput struct {
	GroupId     string
	GroupName   string
	RuleIds     []string           `q:"SecurityGroupRuleId"`
	Permissions []permission       `q:"IpPermissions"`
	Tags        []tagSpecification `q:"TagSpecification"`

	// The short form, for one rule.
	IpProtocol string
	FromPort   *int
	ToPort     *int
	CidrIp     string
}

// ingressRules are the single rules that the input spells in either form.
func (c *call) ingressRules(in *ingressInput) ([]*groupRule, error) {
	permissions := in.Permissions
	if in.CidrIp != "" {
		short := permission{IpProtocol: in.IpProtocol, FromPort: in.FromPort, ToPort: in.ToPort}
		short.IpRanges = append(short.IpRanges, struct{ CidrIp, Description string }{in.CidrIp, ""})
		permissions = append(permissions, short)
	}
	var out []*groupRule
	for _, p := range permissions {
		rules, err := c.rulesOf(p)
		if err != nil {
			return nil, err
		}
		out = append(out, rules...)
	}
	return out, nil
}

func (c *call) rulesOf(p permission) ([]*groupRule, error) {
	base, err := p.ports()
	if err != nil {
		return nil, err
	}
	var out []*groupRule
	add := func(edit func(*groupRule)) {
		rule := base
		edit(&rule)
		out = append(out, &rule)
	}
	for _, r := range p.IpRanges {
		if prefix, err := netip.ParsePrefix(r.CidrIp); err != nil || !prefix.Addr().Is4() || prefix.Masked() != prefix {
			return nil, fail("InvalidParameterValue", "CIDR block %s is malformed", r.CidrIp)
		}
		add(func(rule *groupRule) { rule.IPv4, rule.Description = r.CidrIp, r.Description })
	}
	for _, r := range p.Ipv6Ranges {
		if prefix, err := netip.ParsePrefix(r.CidrIpv6); err != nil || !prefix.Addr().Is6() {
			return nil, fail("InvalidParameterValue", "CIDR block %s is malformed", r.CidrIpv6)
		}
		add(func(rule *groupRule) { rule.IPv6, rule.Description = r.CidrIpv6, r.Description })
	}
	for _, l := range p.PrefixListIds {
		add(func(rule *groupRule) { rule.PrefixList, rule.Description = l.PrefixListId, l.Description })
	}
	for _, g := range p.Groups {
		if _, err := c.r.group(g.GroupId); err != nil {
			return nil, err
		}
		add(func(rule *groupRule) { rule.PeerGroup, rule.Description = g.GroupId, g.Description })
	}
	if len(out) == 0 {
		return nil, fail("InvalidParameterValue", "a permission names no source")
	}
	return out, nil
}

// ports is a rule with the permission's protocol and ports and no peer yet.
func (p permission) ports() (groupRule, error) {
	protocol := p.IpProtocol
	switch protocol {
	case "6":
		protocol = "tcp"
	case "17":
		protocol = "udp"
	case "tcp", "udp", "icmp", "icmpv6", "-1":
	case "":
		return groupRule{}, fail("MissingParameter", "The request must contain the parameter ipProtocol")
	default:
		return groupRule{}, fail("InvalidPermission.Malformed", "Unsupported IP protocol \"%s\"", protocol)
	}
	rule := groupRule{Protocol: protocol, From: -1, To: -1}
	if protocol == "-1" {
		return rule, nil // EC2 ignores the ports of all traffic
	}
	if p.FromPort == nil || p.ToPort == nil {
		return groupRule{}, fail("InvalidParameterValue", "Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.")
	}
	rule.From, rule.To = *p.FromPort, *p.ToPort
	if protocol != "icmp" && protocol != "icmpv6" && (rule.From < 0 || rule.From > rule.To || rule.To > 65535) {
		return groupRule{}, fail("InvalidParameterValue", "Invalid value for portRange: %d-%d", rule.From, rule.To)
	}
	return rule, nil
}

type rulesOutput struct {
	Return    *bool     `xml:"return,omitempty"`
	Rules     []ruleXML `xml:"securityGroupRuleSet>item"`
	Revoked   []ruleXML `xml:"revokedSecurityGroupRuleSet>item"`
	NextToken string    `xml:"nextToken,omitempty"`
}

type ruleXML struct {
	ID          string   `xml:"securityGroupRuleId"`
	ARN         string   `xml:"securityGroupRuleArn"`
	Group       string   `xml:"groupId"`
	Owner       string   `xml:"groupOwnerId"`
	Egress      bool     `xml:"isEgress"`
	Protocol    string   `xml:"ipProtocol"`
	From        int      `xml:"fromPort"`
	To          int      `xml:"toPort"`
	IPv4        string   `xml:"cidrIpv4,omitempty"`
	IPv6        string   `xml:"cidrIpv6,omitempty"`
	PrefixList  string   `xml:"prefixListId,omitempty"`
	Peer        *peerXML `xml:"referencedGroupInfo,omitempty"`
	Description string   `xml:"description,omitempty"`
	Tags        []ec2Tag `xml:"tagSet>item"`
}

func (rule *groupRule) xml(c *call) ruleXML {
	out := ruleXML{
		ID: rule.ID, ARN: c.r.arn("ec2", "security-group-rule/"+rule.ID), Group: rule.Group, Owner: c.account, Egress: rule.Egress,
		Protocol: rule.Protocol, From: rule.From, To: rule.To, IPv4: rule.IPv4, IPv6: rule.IPv6, PrefixList: rule.PrefixList,
		Description: rule.Description, Tags: ec2TagList(rule.Tags),
	}
	if rule.PeerGroup != "" {
		out.Peer = &peerXML{UserID: c.account, GroupID: rule.PeerGroup}
	}
	return out
}

// authorizeIngress adds all the rules or, if one of them is there already, none.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AuthorizeSecurityGroupIngress.html
func authorizeIngress(c *call, in *ingressInput) (*rulesOutput, error) {
	g, err := c.r.group(in.GroupId)
	if err != nil {
		return nil, err
	}
	added, err := c.ingressRules(in)
	if err != nil {
		return nil, err
	}
	tags, err := tagsFor("security-group-rule", in.Tags)
	if err != nil {
		return nil, err
	}
	weight := 0
	for i, rule := range added {
		if g.find(rule) != nil || containsRule(added[:i], rule) {
			return nil, fail("InvalidPermission.Duplicate", "the specified rule \"peer: %s%s%s%s, %s, from port: %d, to port: %d, ALLOW\" already exists",
				rule.IPv4, rule.IPv6, rule.PrefixList, rule.PeerGroup, rule.Protocol, rule.From, rule.To)
		}
		weight += rule.weight()
	}
	for _, rule := range g.Rules {
		if !rule.Egress {
			weight += rule.weight()
		}
	}
	if weight > c.server.opts.quota(QuotaRulesPerGroup) {
		return nil, fail("RulesPerSecurityGroupLimitExceeded", "The maximum number of rules per security group has been reached.")
	}
	yes := true
	out := &rulesOutput{Return: &yes}
	for _, rule := range added {
		rule.Tags = maps.Clone(tags)
		g.allow(rule)
		out.Rules = append(out.Rules, rule.xml(c))
	}
	return out, nil
}

// weight is what a rule counts against the quota: a prefix list, its most entries.
func (rule *groupRule) weight() int {
	if rule.PrefixList != "" {
		return prefixListEntries
	}
	return 1
}

// prefixListEntries is the size of every prefix list here; CloudFront's counts 55.
const prefixListEntries = 55

func containsRule(rules []*groupRule, wanted *groupRule) bool {
	for _, rule := range rules {
		if rule.same(wanted) {
			return true
		}
	}
	return false
}

func (g *securityGroup) find(wanted *groupRule) *groupRule {
	for _, rule := range g.Rules {
		if rule.same(wanted) {
			return rule
		}
	}
	return nil
}
