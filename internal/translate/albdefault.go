package translate

import (
	awsv1alpha1 "github.com/fleetgate/fleetgate/apis/aws/v1alpha1"
)

// Values of ALBConfigSpec that more than one place names.
const (
	schemeInternal        = "internal"
	schemeInternetFacing  = "internet-facing"
	addressIPv4           = "ipv4"
	addressDualstack      = "dualstack"
	addressNoPublicIPv4   = "dualstack-without-public-ipv4"
	defaultSSLPolicy      = "ELBSecurityPolicy-TLS13-1-2-2021-06"
	defaultDelay          = 60
	defaultInterval       = 10
	defaultTimeout        = 5
	defaultThreshold      = 2
	everybodyIPv4         = "0.0.0.0/0"
	everybodyIPv6         = "::/0"
	managedRuleVendor     = "AWS"
	defaultMemberWeight   = 100
	healthPort            = 15021
	healthPath            = "/ready"
	reservedTagAWS        = "aws:"
	reservedTagOurs       = "gateway.company.com/"
	maxCertificateARNs    = 25
	maxSecurityGroups     = 4
	maxInboundCIDRs       = 50
	maxManagedRuleGroups  = 10
	maxTags               = 30
	maxAttributes         = 20
	minRateLimit          = 10
	maxRateLimit          = 2_000_000_000
	minSubnets            = 2
	maxSubnets            = 12
	maxSubnetTags         = 10
	maxDeregistration     = 3600
	maxManagedRuleNameLen = 128
)

// fillALB writes the documented default of every field that is not set.
func fillALB(spec *awsv1alpha1.ALBConfigSpec) {
	fill(&spec.Scheme, schemeInternal)
	fill(&spec.IPAddressType, addressIPv4)
	fill(&spec.DeletionPolicy, awsv1alpha1.DeletionPolicyDelete)
	if len(spec.SecurityGroups) == 0 && len(spec.InboundCIDRs) == 0 {
		spec.InboundCIDRs = []string{everybodyIPv4}
		if spec.IPAddressType != addressIPv4 {
			spec.InboundCIDRs = append(spec.InboundCIDRs, everybodyIPv6)
		}
	}
	if spec.TLS == nil {
		spec.TLS = &awsv1alpha1.ALBTLS{}
	}
	fill(&spec.TLS.SSLPolicy, defaultSSLPolicy)
	if spec.WAFEnabled {
		fillWAF(spec)
	}
	fillTargetGroup(spec)
}

func fillWAF(spec *awsv1alpha1.ALBConfigSpec) {
	if spec.WAF == nil {
		spec.WAF = &awsv1alpha1.WAF{}
	}
	if spec.WAF.WebACLARN != "" {
		return
	}
	if len(spec.WAF.ManagedRuleGroups) == 0 {
		spec.WAF.ManagedRuleGroups = []awsv1alpha1.ManagedRuleGroup{
			{Name: "AWSManagedRulesCommonRuleSet"},
			{Name: "AWSManagedRulesKnownBadInputsRuleSet"},
			{Name: "AWSManagedRulesAmazonIpReputationList"},
		}
	}
	for i := range spec.WAF.ManagedRuleGroups {
		fill(&spec.WAF.ManagedRuleGroups[i].Vendor, managedRuleVendor)
	}
}

func fillTargetGroup(spec *awsv1alpha1.ALBConfigSpec) {
	if spec.TargetGroup == nil {
		spec.TargetGroup = &awsv1alpha1.TargetGroup{}
	}
	if spec.TargetGroup.HealthCheck == nil {
		spec.TargetGroup.HealthCheck = &awsv1alpha1.HealthCheck{}
	}
	fillPointer(&spec.TargetGroup.DeregistrationDelaySeconds, defaultDelay)
	check := spec.TargetGroup.HealthCheck
	fillPointer(&check.IntervalSeconds, defaultInterval)
	fillPointer(&check.TimeoutSeconds, min(defaultTimeout, *check.IntervalSeconds-1))
	fillPointer(&check.HealthyThreshold, defaultThreshold)
	fillPointer(&check.UnhealthyThreshold, defaultThreshold)
}

func fill[T ~string](field *T, value T) {
	if *field == "" {
		*field = value
	}
}

func fillPointer(field **int32, value int32) {
	if *field == nil {
		*field = &value
	}
}
