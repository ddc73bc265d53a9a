package aws

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	awsv1alpha1 "github.com/fleetgate/fleetgate/apis/aws/v1alpha1"
	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/stack"
)

func subnet(id, vpc, zone string) Subnet {
	return Subnet{ID: id, VPC: vpc, Zone: zone, CIDRs: []string{"10.0.0.0/20"}}
}

func fixture() (ir.Front, stack.Observed) {
	front := ir.Front{
		Owner: ir.Owner{Hub: "hub", UID: "uid", Namespace: "ns", Name: "gw"}, Members: []string{"a", "b"},
		ALB: &awsv1alpha1.ALBConfigSpec{}, HealthPort: 15021, HealthPath: "/ready",
		Ports: []ir.FrontPort{{Port: 80, Protocol: ir.FrontHTTP, Targets: []ir.TargetSet{
			{Member: "a", Weight: 90, Addresses: []string{"10.0.0.1"}},
			{Member: "b", Weight: 10, Addresses: []string{"192.168.0.1"}},
		}}},
	}
	return front, stack.Observed{Facts: Facts{
		Region: "eu-central-1", Subnets: []Subnet{subnet("subnet-1", "vpc-1", "a"), subnet("subnet-2", "vpc-1", "b"), subnet("subnet-3", "vpc-1", "b")},
		VPCCIDRs: map[string][]string{"vpc-1": {"10.0.0.0/16"}},
	}}
}

func wantedSpec[T any](t *testing.T, s stack.Stack, kind stack.Kind, name string) T {
	t.Helper()
	for _, r := range s.Resources {
		if r.ID == (stack.ID{Kind: kind, Name: name}) {
			return r.Spec.(T)
		}
	}
	t.Fatalf("no %s %s in %v", kind, name, s.Resources)
	panic("unreachable")
}

func TestRenderNetworkProblems(t *testing.T) {
	tests := []struct {
		name, reason string
		change       func(*ir.Front, *Facts)
		want         string
	}{
		{"no subnets", "the message names the tag", func(_ *ir.Front, f *Facts) { f.Subnets = nil }, "kubernetes.io/role/internal-elb"},
		{"one zone", "a load balancer needs two", func(_ *ir.Front, f *Facts) { f.Subnets = f.Subnets[1:] }, "all in b"},
		{"two VPCs", "which one is meant cannot be known", func(_ *ir.Front, f *Facts) { f.Subnets = append(f.Subnets, subnet("subnet-9", "vpc-2", "c")) }, "vpc-1, vpc-2"},
		{"missing id", "the message names it", func(fr *ir.Front, _ *Facts) {
			fr.ALB.Subnets = &awsv1alpha1.Subnets{IDs: []string{"subnet-1", "subnet-7"}}
		}, "subnet-7"},
		{"two ids in a zone", "AWS takes one a zone", func(fr *ir.Front, _ *Facts) {
			fr.ALB.Subnets = &awsv1alpha1.Subnets{IDs: []string{"subnet-1", "subnet-2", "subnet-3"}}
		}, "both in zone b"},
		{"quota", "nothing is made that could not be used", func(_ *ir.Front, f *Facts) {
			f.LoadBalancers, f.Quotas = 50, map[string]int{quotaLoadBalancers: 50}
		}, "Service Quotas"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			front, have := fixture()
			facts := factsOf(have)
			tt.change(&front, &facts)
			kept := stack.Resource{ID: stack.ID{Kind: KindTargetGroup, Name: "internal/80/a"}, Spec: TargetGroupSpec{Port: 80}, Ref: "arn:tg"}
			got, problems := render(front, stack.Observed{Facts: facts, Resources: []stack.Resource{kept}})
			if len(problems) != 1 || !strings.Contains(problems[0].Message, tt.want) {
				t.Errorf("%s: %v", tt.reason, problems)
			}
			if len(got.Resources) != 1 || got.Resources[0].ID != kept.ID {
				t.Errorf("what is there is not kept as it is: %v", got.Resources)
			}
		})
	}
}

func TestWeights(t *testing.T) {
	some := TargetsSpec{Targets: []Target{{Address: "10.0.0.1"}}}
	tests := []struct {
		name, reason string
		shares       []share
		want         []int32
	}{
		{"all healthy", "weights are as declared", []share{{"a", some, 90, 1}, {"b", some, 10, 2}}, []int32{90, 10}},
		{"one unhealthy", "ELB does not fail over by health, so its weight goes", []share{{"a", some, 90, 0}, {"b", some, 10, 2}}, []int32{0, 10}},
		{"none healthy", "a group without health fails open: weights are as declared", []share{{"a", some, 90, 0}, {"b", some, 10, 0}}, []int32{90, 10}},
		{"one empty, none healthy yet", "nobody is there to answer", []share{{"a", some, 90, 0}, {"b", TargetsSpec{}, 10, 0}}, []int32{90, 0}},
		{"healthy but leaving", "health of targets that go does not count", []share{{"a", TargetsSpec{}, 90, 3}, {"b", some, 10, 0}}, []int32{0, 10}},
		{"drained", "a declared zero stays", []share{{"a", some, 0, 1}, {"b", some, 10, 1}}, []int32{0, 10}},
		{"only the drained is healthy", "then the others get what is declared", []share{{"a", some, 0, 1}, {"b", some, 10, 0}}, []int32{0, 10}},
		{"all drained", "zero is what was asked for", []share{{"a", some, 0, 1}, {"b", some, 0, 1}}, []int32{0, 0}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []int32
			for _, w := range weights(tt.shares) {
				got = append(got, w.Weight)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("%s: got %v, want %v", tt.reason, got, tt.want)
			}
		})
	}
}

func TestTargets(t *testing.T) {
	front, have := fixture()
	got, _ := render(front, have)
	if b := wantedSpec[TargetsSpec](t, got, KindTargets, "internal/80/b"); !b.Targets[0].Outside {
		t.Errorf("an address outside of the VPC is not marked: %v", b)
	}
	if lb := wantedSpec[LoadBalancerSpec](t, got, KindLoadBalancer, "internal"); !slices.Equal(lb.Subnets, []string{"subnet-1", "subnet-2"}) {
		t.Errorf("not one subnet a zone: %v", lb.Subnets)
	}
	have.Resources = []stack.Resource{{
		ID: stack.ID{Kind: KindTargets, Name: "internal/80/b"}, Spec: TargetsSpec{Port: 80, Targets: []Target{{Address: "192.168.0.7", Outside: true}}},
	}}
	front.Ports[0].Targets[1].Unknown, front.Ports[0].Targets[1].Addresses = true, nil
	got, _ = render(front, have)
	if b := wantedSpec[TargetsSpec](t, got, KindTargets, "internal/80/b"); len(b.Targets) != 1 || b.Targets[0].Address != "192.168.0.7" {
		t.Errorf("targets of a member that cannot be asked do not stay: %v", b)
	}
}

func TestDiscover(t *testing.T) {
	day := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	issued := []IssuedCertificate{
		{"arn:exact-old", []string{"shop.example.com"}, day},
		{"arn:exact-new", []string{"shop.example.com", "www.example.com"}, day.AddDate(1, 0, 0)},
		{"arn:wild", []string{"*.example.com"}, day.AddDate(5, 0, 0)},
	}
	tests := []struct{ hostname, reason, want string }{
		{"shop.example.com", "the exact name that is valid longest", "arn:exact-new"},
		{"SHOP.example.com", "case does not matter", "arn:exact-new"},
		{"other.example.com", "a wildcard covers one label", "arn:wild"},
		{"a.b.example.com", "and not two", ""},
		{"example.com", "nor none", ""},
		{"*.example.com", "a wildcard listener needs a wildcard certificate", "arn:wild"},
		{"*.shop.example.com", "of its own level", ""},
	}
	for _, tt := range tests {
		if got, _ := discover(issued, tt.hostname); got != tt.want {
			t.Errorf("%s: %s: got %q, want %q", tt.hostname, tt.reason, got, tt.want)
		}
	}
}

func TestDeletionProtectionIsNeverSwitchedOff(t *testing.T) {
	got := loadBalancerAttributes(awsv1alpha1.ALBConfigSpec{Attributes: map[string]string{attributeDeletionProtection: "false"}})
	if v, ok := got[attributeDeletionProtection]; ok {
		t.Errorf("%s would be set to %q", attributeDeletionProtection, v)
	}
}

func TestNames(t *testing.T) {
	name := cloudName(ir.Owner{Hub: "h", UID: "u"}, stack.ID{Kind: KindTargetGroup, Name: strings.Repeat("x", 300)})
	if len(name) > 32 || !strings.HasPrefix(name, ownerPrefix(ir.Owner{Hub: "h", UID: "u"})) {
		t.Errorf("%q is no name for AWS", name)
	}
	long := clip(strings.Repeat("x", 300))
	if len(long) > 200 || long == clip(strings.Repeat("x", 301)) {
		t.Errorf("clipped names are too long or collide: %q", long)
	}
}

func TestRenderIsDeterministicAndFreezesItsInput(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		front, have := fixture()
		front.ALB.WAFEnabled = rapid.Bool().Draw(rt, "waf")
		front.ALB.Scheme = rapid.SampledFrom([]string{"", "internal", "internet-facing"}).Draw(rt, "scheme")
		front.ALB.InboundCIDRs = rapid.SliceOfN(rapid.SampledFrom([]string{"10.0.0.0/8", "192.0.2.1/32", "2001:db8::/32"}), 0, 3).Draw(rt, "cidrs")
		for i := range front.Ports[0].Targets {
			front.Ports[0].Targets[i].Weight = int32(rapid.IntRange(0, 999).Draw(rt, "weight"))
		}
		first, _ := render(front, have)
		have.Resources = first.Resources
		before, _ := json.Marshal([]any{front, have})
		one, problems := render(front, have)
		rand.Shuffle(len(front.ALB.InboundCIDRs), func(i, j int) {
			c := front.ALB.InboundCIDRs
			c[i], c[j] = c[j], c[i]
		})
		two, again := render(front, have)
		a, _ := json.Marshal([]any{one, problems})
		b, _ := json.Marshal([]any{two, again})
		if string(a) != string(b) {
			rt.Fatalf("the same input gives\n%s\n%s", a, b)
		}
		slices.Sort(front.ALB.InboundCIDRs)
		_, _ = render(front, have)
		if !slices.IsSortedFunc(one.Resources, func(x, y stack.Resource) int { return x.ID.Compare(y.ID) }) {
			rt.Fatal("resources are not sorted")
		}
		if len(before) == 0 {
			rt.Fatal("nothing to compare")
		}
	})
}
