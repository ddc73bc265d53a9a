package aws

import "cmp"

// webACL wants a web ACL before the load balancer: the user's, or one of ours. One that somebody else put there
// stays, and then ours is not made: associating would replace theirs silently.
// https://docs.aws.amazon.com/waf/latest/APIReference/API_AssociateWebACL.html
func (r *renderer) webACL() {
	if !r.spec.WAFEnabled || r.facts.WAFUnknown {
		return
	}
	declared := ""
	if r.spec.WAF != nil {
		declared = r.spec.WAF.WebACLARN
	}
	if foreign := r.facts.ForeignWebACL; foreign != "" && foreign != declared {
		r.problemf("Invalid", "web ACL %s was associated with the load balancer by somebody else and is "+
			"left there: disassociate it, or set spec.waf.webACLARN to it in the ALBConfig", foreign)
		return
	}
	if declared == "" {
		r.want(KindWebACL, webACLName, r.baseline())
	}
	r.want(KindAssociation, r.lb, AssociationSpec{WebACL: cmp.Or(declared, webACLName)})
}

// baseline is the web ACL of ours.
func (r *renderer) baseline() WebACLSpec {
	out := WebACLSpec{Rules: defaultRuleGroups, Tags: r.tags()}
	if r.spec.WAF == nil {
		return out
	}
	if r.spec.WAF.RateLimit != nil {
		out.RateLimit = *r.spec.WAF.RateLimit
	}
	if len(r.spec.WAF.ManagedRuleGroups) == 0 {
		return out
	}
	out.Rules = nil
	for _, g := range r.spec.WAF.ManagedRuleGroups {
		out.Rules = append(out.Rules, WebACLRule{Vendor: cmp.Or(g.Vendor, "AWS"), Name: g.Name, Count: g.Count})
	}
	return out
}
