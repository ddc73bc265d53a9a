package apis_test

import (
	"context"
	"os"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/yaml"
)

// TestALBConfigAdmission asks a real API server, so that schema and CEL rules are tested as users meet them.
func TestALBConfigAdmission(t *testing.T) {
	cases := []admission{
		{"article", "the article's fields, as it writes them", "{securityGroups: [sg-12345678], scheme: internet-facing, ipAddressType: ipv4, wafEnabled: true}", ""},
		{"empty", "every field has a default", "{}", ""},
		{"full", "all fields together", `{region: eu-central-1, scheme: internal, wafEnabled: true, waf: {rateLimit: 2000},
			subnets: {ids: [subnet-11111111, subnet-22222222]}, inboundCIDRs: [10.0.0.0/8, "2001:db8::/32"],
			tls: {sslPolicy: ELBSecurityPolicy-TLS13-1-2-2021-06, certificateARNs: ["arn:aws:acm:eu-central-1:123456789012:certificate/a"]},
			targetGroup: {healthCheck: {intervalSeconds: 10, timeoutSeconds: 5}, deregistrationDelaySeconds: 30},
			tags: {team: edge}, attributes: {idle_timeout.timeout_seconds: "60"}, deletionPolicy: Retain,
			placement: {clusterSelector: {matchLabels: {region: eu}}}}`, ""},
		{"scheme", "only AWS's two schemes", "{scheme: public}", `"internet-facing", "internal"`},
		{"security group", "names are not ids", "{securityGroups: [web]}", "named by its id"},
		{"waf off", "rules without a WAF are a mistake", "{waf: {rateLimit: 2000}}", "set wafEnabled: true"},
		{"waf twice", "a foreign ACL's rules are not ours", `{wafEnabled: true, waf: {rateLimit: 2000, webACLARN: "arn:aws:wafv2:eu-central-1:123456789012:regional/webacl/a/b"}}`, "set its rules there"},
		{"cidr", "an address is not a network", "{inboundCIDRs: [10.0.0.300/8]}", "an inbound CIDR is a network"},
		{"groups and cidrs", "CIDRs open a group that is not made", "{securityGroups: [sg-12345678], inboundCIDRs: [10.0.0.0/8]}", "set one of the two"},
		{"subnets both", "ids and tags contradict", "{subnets: {ids: [subnet-11111111, subnet-22222222], tags: {a: b}}}", "exactly one of the two"},
		{"one subnet", "an ALB needs two zones", "{subnets: {ids: [subnet-11111111]}}", "at least 2 items"},
		{"health check", "a check must end before the next", "{targetGroup: {healthCheck: {intervalSeconds: 5, timeoutSeconds: 5}}}", "must be less than intervalSeconds"},
		{"reserved tag", "our tags prove ownership", "{tags: {gateway.company.com/hub: x}}", "are reserved"},
		{"dualstack", "no public IPv4 means public IPv6", "{ipAddressType: dualstack-without-public-ipv4, scheme: internal}", "needs scheme: internet-facing"},
		{"certificate", "a name is not an ARN", "{tls: {certificateARNs: [shop]}}", "named by its ACM ARN"},
	}
	server := startAPI(t)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.run(t, server, "gateway.aws.company.com/v1alpha1", "ALBConfig") })
	}
}

// TestServiceConfigAdmission asks a real API server too.
func TestServiceConfigAdmission(t *testing.T) {
	cases := []admission{
		{"empty", "every field has a default", "{}", ""},
		{"full", "all fields together", `{type: LoadBalancer, loadBalancerClass: example.com/lb, annotations: {a: b}, externalTrafficPolicy: Local,
			addresses: [192.0.2.1, "2001:db8::1"], addressPool: {name: public}, placement: {clusterSelector: {matchLabels: {region: eu}}}}`, ""},
		{"type", "ExternalName has no proxies behind it", "{type: ExternalName}", `"LoadBalancer", "NodePort", "ClusterIP"`},
		{"class", "nodes are no load balancer", "{type: NodePort, loadBalancerClass: a}", "loadBalancerClass needs type: LoadBalancer"},
		{"addresses", "a cluster's own address cannot be chosen", "{type: ClusterIP, addresses: [192.0.2.1]}", "addresses needs type: LoadBalancer"},
		{"pool", "pools are load balancers'", "{type: NodePort, addressPool: {name: a}}", "addressPool needs type: LoadBalancer"},
		{"policy", "nothing external reaches it", "{type: ClusterIP, externalTrafficPolicy: Local}", "needs type: LoadBalancer or NodePort"},
		{"no address", "a name is no address", "{addresses: [web]}", "an address is an IP address"},
		{"reserved", "our annotations prove ownership", "{annotations: {gateway.company.com/gateway: x}}", "are reserved"},
		{"pool without name", "there is nothing to take from", "{addressPool: {}}", "addressPool.name"},
	}
	server := startAPI(t)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.run(t, server, "gateway.company.com/v1alpha1", "ServiceConfig") })
	}
}

// admission is a spec, and what the API server says to it.
type admission struct {
	name, reason, spec string
	// want is a part of the refusal; "" if it must be admitted.
	want string
}

func (c admission) run(t *testing.T, server client.Client, version, kind string) {
	t.Helper()
	err := server.Create(context.Background(), parameters(t, version, kind, c.spec), client.DryRunAll)
	if c.want == "" && err != nil {
		t.Fatalf("refused, but %s: %v", c.reason, err)
	}
	if c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
		t.Fatalf("want a refusal with %q since %s, got: %v", c.want, c.reason, err)
	}
}

func parameters(t *testing.T, version, kind, spec string) *unstructured.Unstructured {
	t.Helper()
	object := &unstructured.Unstructured{}
	// Flow style in the table may be indented by tabs, which YAML refuses.
	manifest := "apiVersion: " + version + "\nkind: " + kind + "\nmetadata: {generateName: case-}\nspec: " + strings.ReplaceAll(spec, "\t", " ")
	if err := yaml.Unmarshal([]byte(manifest), &object.Object); err != nil {
		t.Fatal(err)
	}
	return object
}

func startAPI(t *testing.T) client.Client {
	t.Helper()
	if os.Getenv("KUBEBUILDER_ASSETS") == "" {
		t.Skip("needs an API server: make unit sets KUBEBUILDER_ASSETS")
	}
	server := &envtest.Environment{CRDDirectoryPaths: []string{"../charts/fleetgate-crds/templates"}, ErrorIfCRDPathMissing: true}
	config, err := server.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	api, err := client.New(config, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return api
}
