package loadbalancer

import (
	"log/slog"
	"net/netip"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/fake"
)

func TestAddresses(t *testing.T) {
	class := "somebody/else"
	tests := []struct {
		name, reason string
		change       func(*corev1.Service)
		want         string
	}{
		{"any", "the first that is free", func(*corev1.Service) {}, "10.0.0.2"},
		{"has one", "addresses stay after a restart", func(s *corev1.Service) {
			s.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{IP: "10.0.0.9"}}
		}, "10.0.0.9"},
		{"has another's", "each has its own", func(s *corev1.Service) {
			s.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{IP: "10.0.0.1"}}
		}, "10.0.0.2"},
		{"asks", "of the reserved ones too", func(s *corev1.Service) { s.Spec.LoadBalancerIP = "10.0.0.250" }, "10.0.0.250"},
		{"asks for another's", "it is taken", func(s *corev1.Service) { s.Spec.LoadBalancerIP = "10.0.0.1" }, ""},
		{"asks outside", "it leads elsewhere", func(s *corev1.Service) { s.Spec.LoadBalancerIP = "192.0.2.1" }, ""},
		{"asks for the last", "it is the broadcast address", func(s *corev1.Service) { s.Spec.LoadBalancerIP = "10.0.0.255" }, ""},
		{"asks anew", "what it had is not what it wants", func(s *corev1.Service) {
			s.Spec.LoadBalancerIP = "192.0.2.1"
			s.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{IP: "10.0.0.9"}}
		}, ""},
		{"of a class", "it is somebody else's", func(s *corev1.Service) { s.Spec.LoadBalancerClass = &class }, ""},
		{"of another type", "it wants none", func(s *corev1.Service) { s.Spec.Type = corev1.ServiceTypeNodePort }, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			service := &corev1.Service{
				ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "s", UID: "s"},
				Spec:       corev1.ServiceSpec{Type: corev1.ServiceTypeLoadBalancer},
			}
			test.change(service)
			b := &balancer{
				client: fake.NewClientset(service), pool: netip.MustParsePrefix("10.0.0.0/24"), log: slog.Default(),
				given: map[types.UID]netip.Addr{"other": netip.MustParseAddr("10.0.0.1")},
			}
			b.see(t.Context(), service)
			after, err := b.client.CoreV1().Services("default").Get(t.Context(), "s", metav1.GetOptions{})
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for _, ingress := range after.Status.LoadBalancer.Ingress {
				got += ingress.IP
			}
			if got != test.want {
				t.Errorf("%s: got %q, want %q", test.reason, got, test.want)
			}
		})
	}
}

func TestAFullPoolGivesNothing(t *testing.T) {
	pool := netip.MustParsePrefix("10.0.0.0/26")
	taken := map[netip.Addr]bool{}
	for {
		address, ok := free(pool, taken)
		if !ok {
			break
		}
		if taken[address] || !usable(pool, address) {
			t.Fatalf("%s was given twice, or may not be", address)
		}
		taken[address] = true
	}
	if len(taken) != 64-Reserved-1 {
		t.Errorf("%d were given", len(taken))
	}
}
