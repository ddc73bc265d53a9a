package emulator

import (
	"encoding/json"
	"slices"
	"time"
)

type resourcesOutput struct{ ResourceArns []string }

func listResourcesForWebACL(c *call, in *associationInput) (*resourcesOutput, error) {
	acl, err := c.r.webACL(webACLRef{ARN: in.WebACLArn})
	if err != nil {
		return nil, err
	}
	return &resourcesOutput{append([]string{}, acl.Resources...)}, nil
}

type wafTagsInput struct {
	ResourceARN string
	Tags        []tag
	TagKeys     []string
}

type wafTagsOutput struct{ TagInfoForResource wafTagInfo }

type wafTagInfo struct {
	ResourceARN string
	TagList     []tag
}

func tagWebACL(c *call, in *wafTagsInput) (*done, error) {
	acl, err := c.r.webACL(webACLRef{ARN: in.ResourceARN})
	if err != nil {
		return nil, err
	}
	merged, err := wafTagErrors.merge(acl.Tags, in.Tags)
	if err != nil {
		return nil, err
	}
	acl.Tags = merged
	return &done{}, nil
}

func untagWebACL(c *call, in *wafTagsInput) (*done, error) {
	acl, err := c.r.webACL(webACLRef{ARN: in.ResourceARN})
	if err != nil {
		return nil, err
	}
	for _, k := range in.TagKeys {
		delete(acl.Tags, k)
	}
	return &done{}, nil
}

func listWebACLTags(c *call, in *wafTagsInput) (*wafTagsOutput, error) {
	acl, err := c.r.webACL(webACLRef{ARN: in.ResourceARN})
	if err != nil {
		return nil, err
	}
	return &wafTagsOutput{wafTagInfo{acl.ARN, tagList(acl.Tags)}}, nil
}

// AttachFirewallManagerACL associates a load balancer with a web ACL that Firewall Manager owns, as an
// organisation's security team would behind a controller's back. It answers the web ACL's ARN.
func (s *Server) AttachFirewallManagerACL(region, loadBalancerARN string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.regionOf(s.opts.Account, region)
	if _, err := r.loadBalancer(loadBalancerARN); err != nil {
		return "", err
	}
	acl := &webACL{
		Name: "FMManagedWebACLV2-policy-" + randomHex(8), ID: requestID(), LockToken: requestID(), FirewallManager: true,
		Spec: map[string]json.RawMessage{
			"DefaultAction":    json.RawMessage(`{"Allow":{}}`),
			"VisibilityConfig": json.RawMessage(`{"MetricName":"fms","SampledRequestsEnabled":false,"CloudWatchMetricsEnabled":false}`),
		},
		Tags: map[string]string{},
	}
	acl.ARN = r.arn("wafv2", "regional/webacl/"+acl.Name+"/"+acl.ID)
	r.unprotect(loadBalancerARN)
	acl.Resources = []string{loadBalancerARN}
	r.WebACLs[acl.ARN] = acl
	return acl.ARN, s.commit(time.Now())
}

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
