package e2e

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/wafv2"

	"github.com/fleetgate/fleetgate/e2e/stage"
)

// cloudAsDeclared reads scheme, address type, security groups and WAF back through the SDK.
func cloudAsDeclared(ctx context.Context, t *testing.T, s *stage.Stage) {
	elb := elasticloadbalancingv2.NewFromConfig(s.Cloud.Config())
	for _, gateway := range []string{production, restricted} {
		lb := loadBalancer(ctx, t, s, elb, gateway)
		if lb.Scheme != elbtypes.LoadBalancerSchemeEnumInternetFacing {
			t.Errorf("%s: scheme %s", gateway, lb.Scheme)
		}
		if lb.IpAddressType != elbtypes.IpAddressTypeIpv4 {
			t.Errorf("%s: address type %s", gateway, lb.IpAddressType)
		}
		if !slices.Contains(lb.SecurityGroups, "sg-12345678") {
			t.Errorf("%s: security groups %v lack sg-12345678", gateway, lb.SecurityGroups)
		}
		acl, err := wafv2.NewFromConfig(s.Cloud.Config()).GetWebACLForResource(ctx, &wafv2.GetWebACLForResourceInput{ResourceArn: lb.LoadBalancerArn})
		if err != nil {
			t.Fatal(err)
		}
		if acl.WebACL == nil || len(acl.WebACL.Rules) == 0 {
			t.Errorf("%s: no web ACL with rules: %+v", gateway, acl.WebACL)
		}
		listeners, err := elb.DescribeListeners(ctx, &elasticloadbalancingv2.DescribeListenersInput{LoadBalancerArn: lb.LoadBalancerArn})
		if err != nil {
			t.Fatal(err)
		}
		if len(listeners.Listeners) != 1 || aws.ToInt32(listeners.Listeners[0].Port) != 443 || listeners.Listeners[0].Protocol != elbtypes.ProtocolEnumHttps {
			t.Errorf("%s: listeners %+v", gateway, listeners.Listeners)
		}
	}
}

func loadBalancer(ctx context.Context, t *testing.T, s *stage.Stage, elb *elasticloadbalancingv2.Client, gateway string) elbtypes.LoadBalancer {
	t.Helper()
	name, err := s.Kubectl(ctx, s.Fleet.Hub, nil, "get", "gateways.gateway.networking.k8s.io", gateway, "-n", gatewayNamespace, "-o", "jsonpath={.status.addresses[0].value}")
	if err != nil {
		t.Fatal(err)
	}
	all, err := elb.DescribeLoadBalancers(ctx, &elasticloadbalancingv2.DescribeLoadBalancersInput{})
	if err != nil {
		t.Fatal(err)
	}
	for _, lb := range all.LoadBalancers {
		if aws.ToString(lb.DNSName) == name {
			return lb
		}
	}
	t.Fatalf("%s: no load balancer is called %q", gateway, name)
	return elbtypes.LoadBalancer{}
}

// deletedGateways deletes both Gateways and waits until the cloud and the members hold nothing of ours.
func deletedGateways(ctx context.Context, t *testing.T, s *stage.Stage) {
	if _, err := s.Kubectl(ctx, s.Fleet.Hub, nil, "delete", "gateways.gateway.networking.k8s.io", "--all", "-n", gatewayNamespace, "--timeout=2m"); err != nil {
		t.Fatal(err)
	}
	if left := owned(ctx, t, s); len(left) > 0 {
		t.Errorf("left in the cloud: %s", strings.Join(left, "\n"))
	}
	deadline := time.Now().Add(time.Minute)
	for _, member := range s.Fleet.Members {
		for {
			out, err := s.Kubectl(ctx, member, nil, "get", "proxyconfigs,deployments,services,serviceaccounts,roles,poddisruptionbudgets", "-n", gatewayNamespace, "-l", "app.kubernetes.io/managed-by=fleetgate", "-o", "name")
			if err == nil && strings.TrimSpace(out) == "" {
				break
			}
			if time.Now().After(deadline) {
				t.Errorf("left in %s: %s %v", member.Name, out, err)
				break
			}
			time.Sleep(500 * time.Millisecond)
		}
	}
}

// owned lists what the emulator holds that carries our tag.
func owned(ctx context.Context, t *testing.T, s *stage.Stage) []string {
	t.Helper()
	dump, err := s.Cloud.Admin(ctx, http.MethodGet, "resources", "")
	if err != nil {
		t.Fatal(err)
	}
	var resources []json.RawMessage
	if err := json.Unmarshal([]byte(dump), &resources); err != nil {
		t.Fatalf("resources: %v: %.300s", err, dump)
	}
	if len(resources) == 0 {
		t.Error("the emulator holds nothing at all: not even its default network")
	}
	var ours []string
	for _, r := range resources {
		if strings.Contains(string(r), "gateway.company.com/hub") {
			ours = append(ours, string(r))
		}
	}
	return ours
}
