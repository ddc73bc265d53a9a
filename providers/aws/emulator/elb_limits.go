package emulator

import (
	"crypto/tls"
	"maps"
	"slices"
	"strconv"
)

type accountLimitsOutput struct {
	Limits []limit `xml:"Limits>member"`
}

type limit struct {
	Name string
	Max  string
}

// describeAccountLimits reports the quotas that ELBv2 reports.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeAccountLimits.html
func describeAccountLimits(c *call, _ *struct{}) (*accountLimitsOutput, error) {
	out := &accountLimitsOutput{}
	for _, q := range []Quota{
		QuotaLoadBalancers, QuotaCertificates, QuotaListeners, QuotaTargetGroupsPerAction, QuotaTargetGroupsPerLB,
		QuotaTargetGroups, QuotaTargetsPerLB, QuotaTargetsPerGroup,
	} {
		out.Limits = append(out.Limits, limit{string(q), strconv.Itoa(c.server.opts.quota(q))})
	}
	return out, nil
}

// defaultSSLPolicy is what a listener made through the API gets.
const defaultSSLPolicy = "ELBSecurityPolicy-2016-08"

// sslPolicies are the protocols of each policy.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html
var sslPolicies = map[string][]string{
	"ELBSecurityPolicy-2016-08":                  {"TLSv1", "TLSv1.1", "TLSv1.2"},
	"ELBSecurityPolicy-TLS-1-0-2015-04":          {"TLSv1", "TLSv1.1", "TLSv1.2"},
	"ELBSecurityPolicy-TLS-1-1-2017-01":          {"TLSv1.1", "TLSv1.2"},
	"ELBSecurityPolicy-TLS-1-2-2017-01":          {"TLSv1.2"},
	"ELBSecurityPolicy-TLS-1-2-Ext-2018-06":      {"TLSv1.2"},
	"ELBSecurityPolicy-FS-2018-06":               {"TLSv1", "TLSv1.1", "TLSv1.2"},
	"ELBSecurityPolicy-FS-1-1-2019-08":           {"TLSv1.1", "TLSv1.2"},
	"ELBSecurityPolicy-FS-1-2-2019-08":           {"TLSv1.2"},
	"ELBSecurityPolicy-FS-1-2-Res-2019-08":       {"TLSv1.2"},
	"ELBSecurityPolicy-FS-1-2-Res-2020-10":       {"TLSv1.2"},
	"ELBSecurityPolicy-TLS13-1-0-2021-06":        {"TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"},
	"ELBSecurityPolicy-TLS13-1-1-2021-06":        {"TLSv1.1", "TLSv1.2", "TLSv1.3"},
	"ELBSecurityPolicy-TLS13-1-2-2021-06":        {"TLSv1.2", "TLSv1.3"},
	"ELBSecurityPolicy-TLS13-1-2-Res-2021-06":    {"TLSv1.2", "TLSv1.3"},
	"ELBSecurityPolicy-TLS13-1-2-Ext1-2021-06":   {"TLSv1.2", "TLSv1.3"},
	"ELBSecurityPolicy-TLS13-1-2-Ext2-2021-06":   {"TLSv1.2", "TLSv1.3"},
	"ELBSecurityPolicy-TLS13-1-3-2021-06":        {"TLSv1.3"},
	"ELBSecurityPolicy-TLS13-1-2-FIPS-2023-04":   {"TLSv1.2", "TLSv1.3"},
	"ELBSecurityPolicy-TLS13-1-3-FIPS-2023-04":   {"TLSv1.3"},
	"ELBSecurityPolicy-TLS13-1-2-PQ-2025-09":     {"TLSv1.2", "TLSv1.3"},
	"ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09": {"TLSv1.2", "TLSv1.3"},
	"ELBSecurityPolicy-TLS13-1-3-PQ-2025-09":     {"TLSv1.3"},
}

var tlsVersions = map[string]uint16{
	"TLSv1": tls.VersionTLS10, "TLSv1.1": tls.VersionTLS11, "TLSv1.2": tls.VersionTLS12, "TLSv1.3": tls.VersionTLS13,
}

type sslPoliciesInput struct {
	Names    []string
	Marker   string
	PageSize int
}

type sslPoliciesOutput struct {
	SslPolicies []sslPolicyXML `xml:"SslPolicies>member"`
	NextMarker  string         `xml:",omitempty"`
}

type sslPolicyXML struct {
	Name                       string
	SslProtocols               []string `xml:"SslProtocols>member"`
	SupportedLoadBalancerTypes []string `xml:"SupportedLoadBalancerTypes>member"`
}

func describeSSLPolicies(c *call, in *sslPoliciesInput) (*sslPoliciesOutput, error) {
	names := in.Names
	for _, name := range names {
		if _, known := sslPolicies[name]; !known {
			return nil, fail("SSLPolicyNotFound", "SSL policy '%s' not found", name)
		}
	}
	if len(names) == 0 {
		names = slices.Collect(maps.Keys(sslPolicies))
	}
	slices.Sort(names)
	p, err := paginate(c, names, func(n string) string { return n }, in.Marker, pageSize(in.PageSize, 400))
	if err != nil {
		return nil, err
	}
	out := &sslPoliciesOutput{NextMarker: p.marker}
	for _, name := range p.items {
		out.SslPolicies = append(out.SslPolicies, sslPolicyXML{name, sslPolicies[name], []string{"application", "network"}})
	}
	return out, nil
}
