package emulator

import (
	"encoding/json"
	"slices"
	"strings"
)

// wafService is WAFv2 in regional scope.
// https://docs.aws.amazon.com/waf/latest/APIReference/
func wafService() service {
	return service{
		protocol: awsJSON, throttled: "ThrottlingException",
		operations: map[string]operation{
			"CreateWebACL":                   op(createWebACL),
			"GetWebACL":                      op(getWebACL),
			"ListWebACLs":                    op(listWebACLs),
			"UpdateWebACL":                   op(updateWebACL),
			"DeleteWebACL":                   op(deleteWebACL),
			"AssociateWebACL":                op(associateWebACL),
			"DisassociateWebACL":             op(disassociateWebACL),
			"GetWebACLForResource":           op(getWebACLForResource),
			"ListResourcesForWebACL":         op(listResourcesForWebACL),
			"TagResource":                    op(tagWebACL),
			"UntagResource":                  op(untagWebACL),
			"ListTagsForResource":            op(listWebACLTags),
			"DescribeManagedRuleGroup":       op(describeManagedRuleGroup),
			"ListAvailableManagedRuleGroups": op(listManagedRuleGroups),
		},
	}
}

var wafTagErrors = tagErrors{
	duplicate: "WAFTagOperationException", invalid: "WAFTagOperationException", tooMany: "WAFLimitsExceededException",
}

// webACLSpec are the fields of a web ACL that are the caller's: UpdateWebACL replaces them all.
var webACLSpec = []string{
	"DefaultAction", "VisibilityConfig", "Description", "Rules", "CustomResponseBodies", "CaptchaConfig", "ChallengeConfig",
	"TokenDomains", "AssociationConfig", "DataProtectionConfig", "OnSourceDDoSProtectionConfig", "ApplicationConfig",
}

func specOf(in map[string]json.RawMessage) map[string]json.RawMessage {
	out := map[string]json.RawMessage{}
	for _, field := range webACLSpec {
		if raw, ok := in[field]; ok {
			out[field] = raw
		}
	}
	return out
}

// text is a string field of an input that is kept as raw fields.
func text(in map[string]json.RawMessage, field string) string {
	var s string
	_ = json.Unmarshal(in[field], &s) // absent or of another type is empty, which every caller refuses
	return s
}

type webACLSummary struct {
	ARN         string
	Id          string
	Name        string
	Description string `json:",omitempty"`
	LockToken   string
}

func (acl *webACL) summary() webACLSummary {
	return webACLSummary{acl.ARN, acl.ID, acl.Name, text(acl.Spec, "Description"), acl.LockToken}
}

// body is the WebACL structure of the answers.
func (acl *webACL) body(r *region) map[string]any {
	out := map[string]any{
		"ARN": acl.ARN, "Id": acl.ID, "Name": acl.Name, "Capacity": acl.Capacity, "ManagedByFirewallManager": acl.FirewallManager,
		"LabelNamespace": "awswaf:" + r.Account + ":webacl:" + acl.Name + ":", "Rules": []any{},
	}
	for field, raw := range acl.Spec {
		out[field] = raw
	}
	return out
}

func checkScope(scope string) error {
	if scope != "REGIONAL" {
		return fail("WAFInvalidParameterException", "the emulator has web ACLs of scope REGIONAL, not %q", scope)
	}
	return nil
}

type webACLSummaryOutput struct{ Summary webACLSummary }

// createWebACL is not idempotent: a name that is taken is WAFDuplicateItemException, whatever the settings.
// https://docs.aws.amazon.com/waf/latest/APIReference/API_CreateWebACL.html
func createWebACL(c *call, in *map[string]json.RawMessage) (*webACLSummaryOutput, error) {
	if err := checkScope(text(*in, "Scope")); err != nil {
		return nil, err
	}
	name := text(*in, "Name")
	if !webACLName.MatchString(name) {
		return nil, fail("WAFInvalidParameterException", "the name %q is not valid", name)
	}
	for _, other := range c.r.WebACLs {
		if other.Name == name {
			return nil, fail("WAFDuplicateItemException",
				"AWS WAF couldn't perform the operation because some resource in your request is a duplicate of an existing one.")
		}
	}
	if len(c.r.WebACLs) >= c.server.opts.quota(QuotaWebACLs) {
		return nil, fail("WAFLimitsExceededException", "AWS WAF couldn't perform the operation because you exceeded your resource limit.")
	}
	acl := &webACL{Name: name, ID: requestID(), AvailableAt: c.now.Add(c.server.opts.Timing.WebACLUnavailable)}
	acl.ARN = c.r.arn("wafv2", "regional/webacl/"+name+"/"+acl.ID)
	if err := c.describe(acl, *in); err != nil {
		return nil, err
	}
	var list []tag
	if raw := (*in)["Tags"]; raw != nil {
		if err := json.Unmarshal(raw, &list); err != nil {
			return nil, fail("WAFInvalidParameterException", "Tags: %s", err)
		}
	}
	tags, err := wafTagErrors.merge(nil, list)
	if err != nil {
		return nil, err
	}
	acl.Tags = tags
	c.r.WebACLs[acl.ARN] = acl
	return &webACLSummaryOutput{acl.summary()}, nil
}

// describe gives the web ACL what the input says and a new lock token, or leaves it alone.
func (c *call) describe(acl *webACL, in map[string]json.RawMessage) error {
	spec := specOf(in)
	capacity, err := checkWebACL(spec)
	if err != nil {
		return err
	}
	if capacity > c.server.opts.quota(QuotaWebACLCapacity) {
		return fail("WAFLimitsExceededException", "the rules need %d capacity units", capacity)
	}
	acl.Spec, acl.Capacity, acl.LockToken = spec, capacity, requestID()
	return nil
}

type webACLRef struct {
	Name  string
	Scope string
	Id    string
	ARN   string
}

func (r *region) webACL(ref webACLRef) (*webACL, error) {
	for _, acl := range r.WebACLs {
		if (ref.ARN != "" && acl.ARN == ref.ARN) || (ref.ARN == "" && acl.ID == ref.Id && acl.Name == ref.Name) {
			return acl, nil
		}
	}
	return nil, fail("WAFNonexistentItemException", "AWS WAF couldn't perform the operation because your resource doesn't exist.")
}

type webACLOutput struct {
	WebACL    map[string]any `json:",omitempty"`
	LockToken string         `json:",omitempty"`
}

func getWebACL(c *call, in *webACLRef) (*webACLOutput, error) {
	acl, err := c.r.webACL(*in)
	if err != nil {
		return nil, err
	}
	return &webACLOutput{acl.body(c.r), acl.LockToken}, nil
}

type listWAFInput struct {
	Scope      string
	NextMarker string
	Limit      int
}

type listWebACLsOutput struct {
	WebACLs    []webACLSummary
	NextMarker string `json:",omitempty"`
}

func listWebACLs(c *call, in *listWAFInput) (*listWebACLsOutput, error) {
	if err := checkScope(in.Scope); err != nil {
		return nil, err
	}
	p, err := paginate(c, ordered(c.r.WebACLs), func(acl *webACL) string { return acl.ARN }, in.NextMarker, pageSize(in.Limit, 100))
	if err != nil {
		return nil, err
	}
	out := &listWebACLsOutput{WebACLs: []webACLSummary{}, NextMarker: p.marker}
	for _, acl := range p.items {
		out.WebACLs = append(out.WebACLs, acl.summary())
	}
	return out, nil
}

// locked is the web ACL if the caller's lock token is still the current one.
func (r *region) locked(ref webACLRef, token string) (*webACL, error) {
	acl, err := r.webACL(ref)
	if err != nil {
		return nil, err
	}
	if token != acl.LockToken {
		return nil, fail("WAFOptimisticLockException", "AWS WAF couldn't save your changes because someone changed the resource after you started to edit it.")
	}
	return acl, nil
}

type updateWebACLOutput struct{ NextLockToken string }

func updateWebACL(c *call, in *map[string]json.RawMessage) (*updateWebACLOutput, error) {
	acl, err := c.r.locked(webACLRef{Name: text(*in, "Name"), Id: text(*in, "Id")}, text(*in, "LockToken"))
	if err != nil {
		return nil, err
	}
	if err := c.describe(acl, *in); err != nil {
		return nil, err
	}
	return &updateWebACLOutput{acl.LockToken}, nil
}

type deleteWebACLInput struct {
	webACLRef
	LockToken string
}

func deleteWebACL(c *call, in *deleteWebACLInput) (*done, error) {
	acl, err := c.r.locked(in.webACLRef, in.LockToken)
	if err != nil {
		return nil, err
	}
	switch {
	case acl.FirewallManager:
		return nil, fail("WAFInvalidOperationException", "the web ACL is managed by Firewall Manager")
	case len(acl.Resources) > 0:
		return nil, fail("WAFAssociatedItemException",
			"AWS WAF couldn't perform the operation because your resource is being used by another resource or it's associated with another resource.")
	}
	delete(c.r.WebACLs, acl.ARN)
	return &done{}, nil
}

type associationInput struct {
	WebACLArn   string
	ResourceArn string
}

// protectable is the load balancer of an ARN if a web ACL can be associated with it now.
func (c *call) protectable(arn string) (*loadBalancer, error) {
	if !strings.Contains(arn, ":loadbalancer/app/") {
		return nil, fail("WAFInvalidParameterException", "%s is not the ARN of an application load balancer", arn)
	}
	lb := c.r.LoadBalancers[arn]
	if lb == nil {
		return nil, fail("WAFNonexistentItemException", "AWS WAF couldn't perform the operation because your resource doesn't exist.")
	}
	return lb, nil
}

// associateWebACL replaces, without a word, whatever web ACL the load balancer had.
// https://docs.aws.amazon.com/waf/latest/APIReference/API_AssociateWebACL.html
func associateWebACL(c *call, in *associationInput) (*done, error) {
	acl, err := c.r.webACL(webACLRef{ARN: in.WebACLArn})
	if err != nil {
		return nil, err
	}
	lb, err := c.protectable(in.ResourceArn)
	if err != nil {
		return nil, err
	}
	if c.now.Before(acl.AvailableAt) || lb.state(c.now) != "active" {
		return nil, fail("WAFUnavailableEntityException", "AWS WAF couldn't retrieve a resource that you specified for this operation. Retry your request.")
	}
	if !slices.Contains(acl.Resources, lb.ARN) && len(acl.Resources) >= c.server.opts.quota(QuotaLoadBalancersPerACL) {
		return nil, fail("WAFLimitsExceededException", "the web ACL protects as many resources as it can")
	}
	c.r.unprotect(lb.ARN)
	acl.Resources = append(acl.Resources, lb.ARN)
	return &done{}, nil
}

func (r *region) unprotect(arn string) {
	for _, acl := range r.WebACLs {
		acl.Resources = slices.DeleteFunc(acl.Resources, func(other string) bool { return other == arn })
	}
}

func disassociateWebACL(c *call, in *associationInput) (*done, error) {
	if _, err := c.protectable(in.ResourceArn); err != nil {
		return nil, err
	}
	c.r.unprotect(in.ResourceArn)
	return &done{}, nil
}

// getWebACLForResource answers without a web ACL where there is none.
func getWebACLForResource(c *call, in *associationInput) (*webACLOutput, error) {
	if _, err := c.protectable(in.ResourceArn); err != nil {
		return nil, err
	}
	for _, acl := range c.r.WebACLs {
		if slices.Contains(acl.Resources, in.ResourceArn) {
			return &webACLOutput{WebACL: acl.body(c.r)}, nil
		}
	}
	return &webACLOutput{}, nil
}
