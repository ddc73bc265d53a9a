package translate

import (
	"strings"
	"testing"

	awsv1alpha1 "github.com/fleetgate/fleetgate/apis/aws/v1alpha1"
	"github.com/fleetgate/fleetgate/internal/world"
)

func TestIntersect(t *testing.T) {
	cases := []struct {
		a, b, want string
		overlap    bool
		reason     string
	}{
		{"", "", "", true, "any and any is any"},
		{"", "a.example.com", "a.example.com", true, "any takes every name"},
		{"a.example.com", "a.example.com", "a.example.com", true, "a name is itself"},
		{"*.example.com", "a.example.com", "a.example.com", true, "a wildcard covers one label"},
		{"*.example.com", "b.a.example.com", "b.a.example.com", true, "and several"},
		{"*.example.com", "*.a.example.com", "*.a.example.com", true, "and narrower wildcards"},
		{"*.example.com", "example.com", "", false, "but not its own suffix"},
		{"*.example.com", "badexample.com", "", false, "nor a name that merely ends alike"},
		{"a.example.com", "b.example.com", "", false, "two names are two"},
		{"*.a.example.com", "*.b.example.com", "", false, "so are two wildcards side by side"},
	}
	for _, c := range cases {
		t.Run(c.a+" and "+c.b, func(t *testing.T) {
			for _, pair := range [][2]string{{c.a, c.b}, {c.b, c.a}} {
				if got, overlap := intersect(pair[0], pair[1]); got != c.want || overlap != c.overlap {
					t.Errorf("%s: got %q %t, want %q %t", c.reason, got, overlap, c.want, c.overlap)
				}
			}
		})
	}
}

func TestTier(t *testing.T) {
	ranked := []string{"b.a.example.com", "*.a.example.com", "*.example.com", "*.com", ""}
	for i := 1; i < len(ranked); i++ {
		if first, next := tier(ranked[i-1], "b.a.example.com"), tier(ranked[i], "b.a.example.com"); first >= next {
			t.Errorf("%q must rank before %q: %d and %d", ranked[i-1], ranked[i], first, next)
		}
	}
	if got := tier("*.b", "a.b"); got <= tier("a.b", "a.b") {
		t.Errorf("a wildcard of equal length must rank after the name itself, not %d", got)
	}
}

func TestLooksLikeRegexp(t *testing.T) {
	for _, value := range []string{".*Mobile.*", "^curl/", "v[0-9]+", `\d+`, "a.+b", "(?i)safari", "(chrome|safari)", "Bot$"} {
		if !looksLikeRegexp(value) {
			t.Errorf("%q looks like a regular expression", value)
		}
	}
	for _, value := range []string{"", "new-ui", "*/*", "text/html;q=0.9,*/*", "1.2.3", "a+b", "Mozilla/5.0 (X11; Linux)", "a|b", "[::1]", "price$5", "(["} {
		if looksLikeRegexp(value) {
			t.Errorf("%q is an ordinary value", value)
		}
	}
}

func TestSupportedVersion(t *testing.T) {
	cases := map[string]string{
		"": "", "v1.4.0": "True", "1.5.1": "True", "v1.7.0-rc.1": "True", "v1.3.9": "False", "v1.8.0": "False", "v2.0.0": "False", "main": "False", "v1.x": "False",
	}
	for bundle, want := range cases {
		if got := supportedVersion(bundle); got != want {
			t.Errorf("%q: got %q, want %q", bundle, got, want)
		}
	}
}

func TestCheckALB(t *testing.T) {
	number := func(n int32) *int32 { return &n }
	cases := []struct {
		field string
		spec  awsv1alpha1.ALBConfigSpec
	}{
		{"spec.region", awsv1alpha1.ALBConfigSpec{Region: "Frankfurt"}},
		{"spec.scheme", awsv1alpha1.ALBConfigSpec{Scheme: "public"}},
		{"spec.ipAddressType", awsv1alpha1.ALBConfigSpec{IPAddressType: "ipv6"}},
		{"spec.ipAddressType", awsv1alpha1.ALBConfigSpec{IPAddressType: addressNoPublicIPv4, Scheme: schemeInternal}},
		{"spec.deletionPolicy", awsv1alpha1.ALBConfigSpec{DeletionPolicy: "Orphan"}},
		{"spec.securityGroups[1]", awsv1alpha1.ALBConfigSpec{SecurityGroups: []string{"sg-12345678", "web"}}},
		{"spec.inboundCIDRs[0]", awsv1alpha1.ALBConfigSpec{InboundCIDRs: []string{"everybody"}}},
		{"spec.waf", awsv1alpha1.ALBConfigSpec{WAF: &awsv1alpha1.WAF{}}},
		{"spec.waf.webACLARN", awsv1alpha1.ALBConfigSpec{WAFEnabled: true, WAF: &awsv1alpha1.WAF{WebACLARN: "acl"}}},
		{"spec.subnets", awsv1alpha1.ALBConfigSpec{Subnets: &awsv1alpha1.Subnets{}}},
		{"spec.subnets.ids", awsv1alpha1.ALBConfigSpec{Subnets: &awsv1alpha1.Subnets{IDs: []string{"subnet-12345678"}}}},
		{"spec.tls.sslPolicy", awsv1alpha1.ALBConfigSpec{TLS: &awsv1alpha1.ALBTLS{SSLPolicy: "modern"}}},
		{"spec.tls.certificateARNs[0]", awsv1alpha1.ALBConfigSpec{TLS: &awsv1alpha1.ALBTLS{CertificateARNs: []string{"arn"}}}},
		{"spec.tags[aws:a]", awsv1alpha1.ALBConfigSpec{Tags: map[string]string{"aws:a": ""}}},
		{"spec.targetGroup.deregistrationDelaySeconds", awsv1alpha1.ALBConfigSpec{TargetGroup: &awsv1alpha1.TargetGroup{DeregistrationDelaySeconds: number(-1)}}},
		{"spec.targetGroup.healthCheck.timeoutSeconds", awsv1alpha1.ALBConfigSpec{TargetGroup: &awsv1alpha1.TargetGroup{
			HealthCheck: &awsv1alpha1.HealthCheck{TimeoutSeconds: number(10)},
		}}},
	}
	for _, c := range cases {
		t.Run(c.field, func(t *testing.T) {
			messages := checkALB(&c.spec)
			if len(messages) != 1 || !strings.HasPrefix(messages[0], c.field) {
				t.Errorf("got %q, want one message that begins with %s", messages, c.field)
			}
		})
	}
	filled := awsv1alpha1.ALBConfigSpec{}
	fillALB(&filled)
	if messages := checkALB(&filled); len(messages) > 0 {
		t.Errorf("the defaults themselves are invalid: %q", messages)
	}
}

func TestInstalledFeatures(t *testing.T) {
	all := []string{"UDPRoute", "HTTPRouteExternalAuth", "TLSRouteModeTerminate", "TLSRoute", "HTTPRouteRetryCodes", "HTTPRoute", "GatewayBackendClientCertificate"}
	cases := []struct {
		bundle       string
		experimental bool
		absent       []world.Kind
		want         string
	}{
		{"v1.7.0", true, nil, "GatewayBackendClientCertificate HTTPRoute HTTPRouteExternalAuth HTTPRouteRetryCodes TLSRoute TLSRouteModeTerminate UDPRoute"},
		{"v1.7.0", false, nil, "GatewayBackendClientCertificate HTTPRoute HTTPRouteRetryCodes TLSRoute TLSRouteModeTerminate UDPRoute"},
		{"", false, nil, "GatewayBackendClientCertificate HTTPRoute HTTPRouteRetryCodes TLSRoute TLSRouteModeTerminate UDPRoute"},
		{"v1.5.0", false, []world.Kind{world.KindUDPRoute}, "GatewayBackendClientCertificate HTTPRoute TLSRoute TLSRouteModeTerminate"},
		{"v1.4.1", false, []world.Kind{world.KindTLSRoute, world.KindUDPRoute}, "HTTPRoute"},
	}
	for _, c := range cases {
		if got := strings.Join(installedFeatures(&world.World{GatewayAPI: c.bundle, Experimental: c.experimental, Absent: c.absent}, all), " "); got != c.want {
			t.Errorf("%q, experimental %t, without %v: got %s, want %s", c.bundle, c.experimental, c.absent, got, c.want)
		}
	}
}
