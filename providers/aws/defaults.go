package aws

import (
	"cmp"
	"maps"
	"strconv"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"

	awsv1alpha1 "github.com/fleetgate/fleetgate/apis/aws/v1alpha1"
)

const (
	schemeInternal       = "internal"
	schemeInternetFacing = "internet-facing"
	ipv4                 = "ipv4"

	// defaultSSLPolicy speaks TLS 1.2 and 1.3 with forward secrecy.
	// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html
	defaultSSLPolicy = "ELBSecurityPolicy-TLS13-1-2-2021-06"

	attributeDeletionProtection = "deletion_protection.enabled"
	attributeDeregistration     = "deregistration_delay.timeout_seconds"
	defaultDeregistration       = 60
)

// defaultRuleGroups are AWS's baseline for any web site.
// https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-baseline.html
var defaultRuleGroups = []WebACLRule{
	{Vendor: "AWS", Name: "AWSManagedRulesCommonRuleSet"},
	{Vendor: "AWS", Name: "AWSManagedRulesKnownBadInputsRuleSet"},
	{Vendor: "AWS", Name: "AWSManagedRulesAmazonIpReputationList"},
}

// withDefaults fills in what every part of rendering takes for granted. The rest of the Spec stays shared.
func withDefaults(spec awsv1alpha1.ALBConfigSpec) awsv1alpha1.ALBConfigSpec {
	spec.Scheme = cmp.Or(spec.Scheme, schemeInternal)
	spec.IPAddressType = cmp.Or(spec.IPAddressType, ipv4)
	return spec
}

// loadBalancerAttributes are ours with the user's over them. Deletion protection can be declared; it is never
// switched off, which a user alone may do.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancerAttribute.html
func loadBalancerAttributes(spec awsv1alpha1.ALBConfigSpec) map[string]string {
	out := map[string]string{"routing.http.drop_invalid_header_fields.enabled": "true"}
	maps.Copy(out, spec.Attributes)
	if out[attributeDeletionProtection] != "true" {
		delete(out, attributeDeletionProtection)
	}
	return out
}

// targetGroupAttributes are ours with the user's over them.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroupAttribute.html
func targetGroupAttributes(spec awsv1alpha1.ALBConfigSpec) map[string]string {
	out := map[string]string{attributeDeregistration: strconv.Itoa(defaultDeregistration)}
	if spec.TargetGroup == nil {
		return out
	}
	if d := spec.TargetGroup.DeregistrationDelaySeconds; d != nil {
		out[attributeDeregistration] = strconv.Itoa(int(*d))
	}
	maps.Copy(out, spec.TargetGroup.Attributes)
	return out
}

// healthCheck is how the proxies are asked whether they are ready.
func healthCheck(spec awsv1alpha1.ALBConfigSpec, port int32, path string) HealthCheck {
	out := HealthCheck{
		Port: strconv.Itoa(int(port)), Path: path,
		IntervalSeconds: 10, TimeoutSeconds: 5, HealthyThreshold: 2, UnhealthyThreshold: 2,
	}
	if spec.TargetGroup == nil || spec.TargetGroup.HealthCheck == nil {
		return out
	}
	h := spec.TargetGroup.HealthCheck
	out.IntervalSeconds = awssdk.ToInt32(cmp.Or(h.IntervalSeconds, &out.IntervalSeconds))
	// An interval that is declared alone must stay above the timeout.
	out.TimeoutSeconds = min(out.TimeoutSeconds, out.IntervalSeconds-1)
	out.TimeoutSeconds = awssdk.ToInt32(cmp.Or(h.TimeoutSeconds, &out.TimeoutSeconds))
	out.HealthyThreshold = awssdk.ToInt32(cmp.Or(h.HealthyThreshold, &out.HealthyThreshold))
	out.UnhealthyThreshold = awssdk.ToInt32(cmp.Or(h.UnhealthyThreshold, &out.UnhealthyThreshold))
	return out
}
