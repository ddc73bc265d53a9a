package emulator

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

// elbService is the ELBv2 API, as far as application load balancers need it.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/
func elbService() service {
	return service{
		protocol: awsQuery, namespace: "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/", throttled: "Throttling",
		operations: map[string]operation{
			"CreateLoadBalancer":             op(createLoadBalancer),
			"DescribeLoadBalancers":          op(describeLoadBalancers),
			"DeleteLoadBalancer":             op(deleteLoadBalancer),
			"ModifyLoadBalancerAttributes":   op(modifyLoadBalancerAttributes),
			"DescribeLoadBalancerAttributes": op(describeLoadBalancerAttributes),
			"SetSecurityGroups":              op(setSecurityGroups),
			"SetSubnets":                     op(setSubnets),
			"SetIpAddressType":               op(setIPAddressType),
			"CreateTargetGroup":              op(createTargetGroup),
			"DescribeTargetGroups":           op(describeTargetGroups),
			"ModifyTargetGroup":              op(modifyTargetGroup),
			"ModifyTargetGroupAttributes":    op(modifyTargetGroupAttributes),
			"DescribeTargetGroupAttributes":  op(describeTargetGroupAttributes),
			"DeleteTargetGroup":              op(deleteTargetGroup),
			"RegisterTargets":                op(registerTargets),
			"DeregisterTargets":              op(deregisterTargets),
			"DescribeTargetHealth":           op(describeTargetHealth),
			"CreateListener":                 op(createListener),
			"DescribeListeners":              op(describeListeners),
			"ModifyListener":                 op(modifyListener),
			"DeleteListener":                 op(deleteListener),
			"AddListenerCertificates":        op(addListenerCertificates),
			"RemoveListenerCertificates":     op(removeListenerCertificates),
			"DescribeListenerCertificates":   op(describeListenerCertificates),
			"AddTags":                        op(addELBTags),
			"RemoveTags":                     op(removeELBTags),
			"DescribeTags":                   op(describeELBTags),
			"DescribeAccountLimits":          op(describeAccountLimits),
			"DescribeSSLPolicies":            op(describeSSLPolicies),
		},
	}
}

// done is the answer of calls that have nothing to say.
type done struct{}

var elbTagErrors = tagErrors{duplicate: "DuplicateTagKeys", invalid: "ValidationError", tooMany: "TooManyTags"}

// elbName is what load balancers and target groups may be called.
var elbName = regexp.MustCompile(`^[A-Za-z0-9](?:[A-Za-z0-9-]{0,30}[A-Za-z0-9])?$`)

func checkELBName(kind, name string) error {
	switch {
	case name == "":
		return fail("ValidationError", "%s name cannot be blank", kind)
	case len(name) > 32:
		return fail("ValidationError", "%s name '%s' cannot be longer than '32' characters", kind, name)
	case !elbName.MatchString(name):
		return fail("ValidationError",
			"%s name '%s' can only contain characters that are alphanumeric characters and hyphens(-), and cannot begin or end with a hyphen", kind, name)
	}
	return nil
}

// elbID is the hex part of an ARN. It depends on the moment too: a load balancer that is made again is another.
func elbID(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(append(parts, time.Now().String()), "/")))
	return hex.EncodeToString(sum[:8])
}

func (r *region) loadBalancer(arn string) (*loadBalancer, error) {
	if lb := r.LoadBalancers[arn]; lb != nil {
		return lb, nil
	}
	if !strings.HasPrefix(arn, "arn:aws:elasticloadbalancing:") {
		return nil, fail("ValidationError", "'%s' is not a valid load balancer ARN", arn)
	}
	return nil, fail("LoadBalancerNotFound", "Load balancer '%s' not found", arn)
}

func (r *region) targetGroup(arn string) (*targetGroup, error) {
	if tg := r.TargetGroups[arn]; tg != nil {
		return tg, nil
	}
	if !strings.HasPrefix(arn, "arn:aws:elasticloadbalancing:") {
		return nil, fail("ValidationError", "'%s' is not a valid target group ARN", arn)
	}
	return nil, fail("TargetGroupNotFound", "Target groups '%s' not found", arn)
}

func (r *region) listener(arn string) (*listener, error) {
	if l := r.Listeners[arn]; l != nil {
		return l, nil
	}
	if !strings.HasPrefix(arn, "arn:aws:elasticloadbalancing:") {
		return nil, fail("ValidationError", "'%s' is not a valid listener ARN", arn)
	}
	return nil, fail("ListenerNotFound", "One or more listeners not found")
}

// listenersOf are a load balancer's listeners by port.
func (r *region) listenersOf(arn string) []*listener {
	var out []*listener
	for _, l := range r.Listeners {
		if l.LoadBalancer == arn {
			out = append(out, l)
		}
	}
	slices.SortFunc(out, func(a, b *listener) int { return a.Port - b.Port })
	return out
}

// loadBalancersOf are the load balancers that forward to a target group.
func (r *region) loadBalancersOf(targetGroup string) []string {
	found := map[string]bool{}
	for _, l := range r.Listeners {
		if slices.Contains(forwards(l.Actions), targetGroup) {
			found[l.LoadBalancer] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// timestamp is a time as the query protocols write it.
func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
