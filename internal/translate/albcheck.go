package translate

import (
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	awsv1alpha1 "github.com/fleetgate/fleetgate/apis/aws/v1alpha1"
)

var (
	regionPattern        = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9]+$`)
	securityGroupPattern = regexp.MustCompile(`^sg-[0-9a-f]{8,17}$`)
	subnetPattern        = regexp.MustCompile(`^subnet-[0-9a-f]{8,17}$`)
	sslPolicyPattern     = regexp.MustCompile(`^ELBSecurityPolicy-[A-Za-z0-9-]+$`)
	certificatePattern   = regexp.MustCompile(`^arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{12}:certificate/.+$`)
	webACLPattern        = regexp.MustCompile(`^arn:aws[a-z-]*:wafv2:[a-z0-9-]+:[0-9]{12}:regional/webacl/.+$`)
)

// faults collects messages about the fields of one object.
type faults []string

func (f *faults) checkf(ok bool, format string, args ...any) {
	if !ok {
		*f = append(*f, fmt.Sprintf(format, args...))
	}
}

func (f *faults) oneOf(field, value string, allowed ...string) {
	f.checkf(value == "" || slices.Contains(allowed, value),
		"spec.%s: %q is none of %s", field, value, strings.Join(allowed, ", "))
}

func (f *faults) pattern(field string, values []string, pattern *regexp.Regexp, hint string) {
	for i, value := range values {
		f.checkf(pattern.MatchString(value), "spec.%s[%d]: %q: %s", field, i, value, hint)
	}
}

func (f *faults) between(field string, value *int32, least, most int32) {
	if value != nil {
		f.checkf(*value >= least && *value <= most, "spec.%s: %d is not between %d and %d", field, *value, least, most)
	}
}

func (f *faults) atMost(field string, count, most int) {
	f.checkf(count <= most, "spec.%s has %d entries: at most %d are allowed", field, count, most)
}

// checkALB says again what the CRD says: objects also come from files, past any API server. Each message
// names the field.
func checkALB(spec *awsv1alpha1.ALBConfigSpec) []string {
	var f faults
	f.checkf(spec.Region == "" || regionPattern.MatchString(spec.Region),
		"spec.region: %q: a region looks like eu-central-1", spec.Region)
	f.oneOf("scheme", spec.Scheme, schemeInternetFacing, schemeInternal)
	f.oneOf("ipAddressType", spec.IPAddressType, addressIPv4, addressDualstack, addressNoPublicIPv4)
	f.oneOf("deletionPolicy", string(spec.DeletionPolicy),
		string(awsv1alpha1.DeletionPolicyDelete), string(awsv1alpha1.DeletionPolicyRetain))
	f.checkf(spec.IPAddressType != addressNoPublicIPv4 || spec.Scheme == schemeInternetFacing,
		"spec.ipAddressType: %s needs scheme: internet-facing", addressNoPublicIPv4)
	f.atMost("securityGroups", len(spec.SecurityGroups), maxSecurityGroups)
	f.pattern("securityGroups", spec.SecurityGroups, securityGroupPattern,
		"a security group is named by its id: sg- and 8 to 17 hexadecimal digits")
	f.checkf(len(spec.SecurityGroups) == 0 || len(spec.InboundCIDRs) == 0,
		"spec.inboundCIDRs: inboundCIDRs opens the security group that is made when securityGroups is empty: set one of the two")
	f.atMost("inboundCIDRs", len(spec.InboundCIDRs), maxInboundCIDRs)
	for i, cidr := range spec.InboundCIDRs {
		_, err := netip.ParsePrefix(cidr)
		f.checkf(err == nil, "spec.inboundCIDRs[%d]: %q: an inbound CIDR is a network such as 10.0.0.0/8 or 2001:db8::/32", i, cidr)
	}
	f.atMost("attributes", len(spec.Attributes), maxAttributes)
	f.checkTags(spec.Tags)
	f.checkWAF(spec)
	f.checkSubnets(spec.Subnets)
	f.checkTLS(spec.TLS)
	f.checkTargetGroup(spec.TargetGroup)
	f.checkPlacement(spec.Placement)
	return f
}

func (f *faults) checkTags(tags map[string]string) {
	f.atMost("tags", len(tags), maxTags)
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		reserved := strings.HasPrefix(key, reservedTagAWS) || strings.HasPrefix(key, reservedTagOurs)
		f.checkf(!reserved, "spec.tags[%s]: tag keys that begin with aws: or gateway.company.com/ are reserved: use another key", key)
	}
}

func (f *faults) checkWAF(spec *awsv1alpha1.ALBConfigSpec) {
	waf := spec.WAF
	if waf == nil {
		return
	}
	f.checkf(spec.WAFEnabled, "spec.waf: waf is set but wafEnabled is not: set wafEnabled: true, or remove waf")
	f.checkf(waf.WebACLARN == "" || webACLPattern.MatchString(waf.WebACLARN),
		"spec.waf.webACLARN: %q: a web ACL is named by its regional WAFv2 ARN: arn:aws:wafv2:REGION:ACCOUNT:regional/webacl/NAME/ID", waf.WebACLARN)
	f.checkf(waf.WebACLARN == "" || (len(waf.ManagedRuleGroups) == 0 && waf.RateLimit == nil),
		"spec.waf.webACLARN: webACLARN names a web ACL that is yours: set its rules there, and remove managedRuleGroups and rateLimit here")
	f.atMost("waf.managedRuleGroups", len(waf.ManagedRuleGroups), maxManagedRuleGroups)
	for i, group := range waf.ManagedRuleGroups {
		f.checkf(group.Name != "" && len(group.Name) <= maxManagedRuleNameLen,
			"spec.waf.managedRuleGroups[%d].name: a name of 1 to 128 characters is needed", i)
	}
	if waf.RateLimit != nil {
		f.checkf(*waf.RateLimit >= minRateLimit && *waf.RateLimit <= maxRateLimit,
			"spec.waf.rateLimit: %d is not between %d and %d", *waf.RateLimit, minRateLimit, maxRateLimit)
	}
}

func (f *faults) checkSubnets(subnets *awsv1alpha1.Subnets) {
	if subnets == nil {
		return
	}
	f.checkf((len(subnets.IDs) > 0) != (len(subnets.Tags) > 0),
		"spec.subnets: name subnets by ids or by tags: set exactly one of the two")
	f.checkf(len(subnets.IDs) == 0 || (len(subnets.IDs) >= minSubnets && len(subnets.IDs) <= maxSubnets),
		"spec.subnets.ids has %d entries: a load balancer needs %d to %d, in at least two zones", len(subnets.IDs), minSubnets, maxSubnets)
	f.pattern("subnets.ids", subnets.IDs, subnetPattern, "a subnet is named by its id: subnet- and 8 to 17 hexadecimal digits")
	f.atMost("subnets.tags", len(subnets.Tags), maxSubnetTags)
}

func (f *faults) checkTLS(tls *awsv1alpha1.ALBTLS) {
	if tls == nil {
		return
	}
	f.checkf(tls.SSLPolicy == "" || sslPolicyPattern.MatchString(tls.SSLPolicy),
		"spec.tls.sslPolicy: %q: a policy looks like %s", tls.SSLPolicy, defaultSSLPolicy)
	f.atMost("tls.certificateARNs", len(tls.CertificateARNs), maxCertificateARNs)
	f.pattern("tls.certificateARNs", tls.CertificateARNs, certificatePattern,
		"a certificate is named by its ACM ARN: arn:aws:acm:REGION:ACCOUNT:certificate/ID")
}

func (f *faults) checkTargetGroup(group *awsv1alpha1.TargetGroup) {
	if group == nil {
		return
	}
	f.between("targetGroup.deregistrationDelaySeconds", group.DeregistrationDelaySeconds, 0, maxDeregistration)
	f.atMost("targetGroup.attributes", len(group.Attributes), maxAttributes)
	check := group.HealthCheck
	if check == nil {
		return
	}
	f.between("targetGroup.healthCheck.intervalSeconds", check.IntervalSeconds, 5, 300)
	f.between("targetGroup.healthCheck.timeoutSeconds", check.TimeoutSeconds, 2, 120)
	f.between("targetGroup.healthCheck.healthyThreshold", check.HealthyThreshold, 2, 10)
	f.between("targetGroup.healthCheck.unhealthyThreshold", check.UnhealthyThreshold, 2, 10)
	interval := int32(defaultInterval)
	if check.IntervalSeconds != nil {
		interval = *check.IntervalSeconds
	}
	if check.TimeoutSeconds != nil {
		f.checkf(*check.TimeoutSeconds < interval,
			"spec.targetGroup.healthCheck.timeoutSeconds: %d must be less than intervalSeconds, which is %d", *check.TimeoutSeconds, interval)
	}
}

func (f *faults) checkPlacement(placement *awsv1alpha1.Placement) {
	if placement == nil || placement.ClusterSelector == nil {
		return
	}
	_, err := metav1.LabelSelectorAsSelector(placement.ClusterSelector)
	f.checkf(err == nil, "spec.placement.clusterSelector: %v", err)
}
