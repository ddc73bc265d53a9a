package aws_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/acm"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/providers"
	"github.com/fleetgate/fleetgate/providers/aws"
)

func TestRotationKeepsTheARN(t *testing.T) {
	c := startEmulator(t, nil)
	front, p := testFront(t), c.open(t, nil)
	settle(t, p, front)
	before := c.certificateARNs(t)
	for _, port := range front.Ports {
		for i := range port.Certificates {
			port.Certificates[i] = testCertificate(t, port.Certificates[i].Secret, port.Certificates[i].Hostnames...)
		}
	}
	settle(t, p, front)
	if after := c.certificateARNs(t); !slices.Equal(before, after) || len(after) != 2 {
		t.Errorf("rotation changed the ARNs: %v, then %v", before, after)
	}
	if n := len(c.emulator.Calls("ModifyListener", "AddListenerCertificates")); n > 1 {
		t.Errorf("rotation touched the listeners with %d calls", n)
	}
}

func (c cloud) certificateARNs(t *testing.T) []string {
	t.Helper()
	found, err := c.certificates(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, th := range found {
		out = append(out, th.Ref)
	}
	slices.Sort(out)
	return out
}

func TestDiscovery(t *testing.T) {
	c := startEmulator(t, nil)
	front, p := testFront(t), c.open(t, nil)
	front.Ports[1].Certificates = nil
	front.Ports[1].DiscoverHostnames = []ir.DiscoverHostname{{Listener: "https", Hostname: "secure.example.com"}}
	got := settle(t, p, front)
	if len(got.Problems) != 1 || got.Problems[0].Listener != "https" || !strings.Contains(got.Problems[0].Message, "secure.example.com") {
		t.Errorf("no certificate covers the hostname: %v", got.Problems)
	}
	if n := c.counts(t, front.Owner)["Listener"]; n != 1 {
		t.Errorf("the other listener does not go on: %d listeners", n)
	}
	wild := testCertificate(t, "", "*.example.com")
	made, err := c.acm.ImportCertificate(t.Context(), &acm.ImportCertificateInput{Certificate: wild.CertPEM, PrivateKey: wild.KeyPEM})
	if err != nil {
		t.Fatal(err)
	}
	if got := settle(t, p, front); len(got.Problems) > 0 {
		t.Errorf("a wildcard certificate is there: %v", got.Problems)
	}
	lb := c.loadBalancer(t)
	listeners, err := c.elb.DescribeListeners(t.Context(), &elb.DescribeListenersInput{LoadBalancerArn: lb.LoadBalancerArn})
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range listeners.Listeners {
		if *l.Port == 443 && *l.Certificates[0].CertificateArn != *made.CertificateArn {
			t.Errorf("the listener serves %v", l.Certificates)
		}
	}
	destroy(t, p, front)
	if arns := c.certificateARNs(t); len(arns) != 1 {
		t.Errorf("a certificate that is not ours was deleted: %v", arns)
	}
}

func TestRulesInNodeGroups(t *testing.T) {
	c := startEmulator(t, nil)
	front, p := testFront(t), c.open(t, nil)
	settle(t, p, front)
	owned := c.owned(t, front.Owner)
	for _, port := range []string{"80", "443", "15021"} {
		if want := "SecurityGroupRule sg-0000000000000ea57/" + port + "/backend"; !slices.Contains(owned, want) {
			t.Errorf("%s is missing in %q", want, owned)
		}
	}
	front.Ports = front.Ports[:1]
	settle(t, p, front)
	if owned := c.owned(t, front.Owner); slices.Contains(owned, "SecurityGroupRule sg-0000000000000ea57/443/backend") {
		t.Errorf("the rule of a port that went is still there: %q", owned)
	}
}

func TestExistingSecurityGroups(t *testing.T) {
	c := startEmulator(t, nil)
	front, p := testFront(t), c.open(t, nil)
	settle(t, p, front)
	front.ALB.SecurityGroups = []string{"sg-12345678"}
	settle(t, p, front)
	if lb := c.loadBalancer(t); len(lb.SecurityGroups) != 2 || !slices.Contains(lb.SecurityGroups, "sg-12345678") {
		t.Errorf("the load balancer has %v", lb.SecurityGroups)
	}
	if owned := c.owned(t, front.Owner); slices.Contains(owned, "SecurityGroup front") {
		t.Errorf("a group for the front is there all the same: %q", owned)
	}
}

func TestMoreMembersThanAnActionTakes(t *testing.T) {
	c := startEmulator(t, nil)
	front, p := testFront(t), c.open(t, nil)
	front.Members, front.Ports = nil, front.Ports[:1]
	front.Ports[0].Targets = nil
	for i := range 9 {
		name := fmt.Sprintf("member-%d", i)
		front.Members = append(front.Members, name)
		front.Ports[0].Targets = append(front.Ports[0].Targets, ir.TargetSet{Member: name, Weight: 100, Addresses: []string{fmt.Sprintf("10.0.7.%d", i+1)}})
	}
	settle(t, p, front)
	if n := c.counts(t, front.Owner)["TargetGroup"]; n > 5 {
		t.Errorf("%d target groups", n)
	}
}

func TestReplacementWaits(t *testing.T) {
	c := startEmulator(t, nil)
	now := time.Now()
	front := testFront(t)
	p := c.open(t, func(o *aws.Options) {
		o.ReplacementGrace = time.Minute
		o.Now = func() time.Time { return now }
	})
	settle(t, p, front)
	front.ALB.Scheme = "internet-facing"
	var got providers.Result
	for range 20 {
		var err error
		if got, err = providers.Reconcile(t.Context(), p, front); err != nil {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Millisecond)
	}
	if !strings.Contains(got.Pending, "DNS") || strings.HasPrefix(got.Addresses[0].Hostname, "internal-") {
		t.Errorf("the new load balancer is to be announced while the old one stays: %+v", got)
	}
	if n := c.counts(t, front.Owner)["LoadBalancer"]; n != 2 {
		t.Errorf("%d load balancers while DNS caches may still lead to the old one", n)
	}
	now = now.Add(2 * time.Minute)
	settle(t, p, front)
	if n := c.counts(t, front.Owner)["LoadBalancer"]; n != 1 {
		t.Errorf("%d load balancers in the end", n)
	}
}

func TestSteadyPassIsCheap(t *testing.T) {
	c := startEmulator(t, nil)
	front := testFront(t)
	p := c.open(t, func(o *aws.Options) { o.CacheTTL = time.Hour })
	settle(t, p, front)
	settle(t, p, front)
	before := len(c.emulator.Calls())
	if _, err := providers.Reconcile(t.Context(), p, front); err != nil {
		t.Fatal(err)
	}
	// Two listeners, one with HTTPS, four target groups; pages of five make two of the groups' and the rules' lists.
	n := len(c.emulator.Calls()) - before
	t.Logf("%d calls", n)
	if n > 20 {
		t.Errorf("a pass without a change makes %d calls: %v", n, c.emulator.Calls()[before:])
	}
}
