package cluster_test

import (
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	gatewayv1alpha1 "github.com/fleetgate/fleetgate/apis/gateway/v1alpha1"
	"github.com/fleetgate/fleetgate/cmd/fleetgate/internal/cluster"
	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/world"
	"github.com/fleetgate/fleetgate/providers"
	"github.com/fleetgate/fleetgate/providers/providertest"
	"github.com/fleetgate/fleetgate/providers/service"
)

// reach gives each Gateway and member an address.
func reach(gateway world.Name, member string) (string, error) {
	return fmt.Sprintf("127.0.%d.%d", len(gateway.Name), len(member)), nil
}

// fleet is the members as the provider's contract sees them.
type fleet struct{ *cluster.Fleet }

func (f fleet) Open(*testing.T) providers.Provider { return service.New(f) }

func (f fleet) Owned(t *testing.T, owner ir.Owner) []string {
	t.Helper()
	return f.list(t, owner.Namespace, map[string]string{service.LabelGatewayUID: owner.UID})
}

func (f fleet) Foreign(t *testing.T, owner ir.Owner) string {
	t.Helper()
	return strings.Join(f.list(t, owner.Namespace, map[string]string{"foreign": "yes"}), "\n")
}

func (f fleet) list(t *testing.T, namespace string, labels map[string]string) []string {
	t.Helper()
	var out []string
	for _, member := range f.Names() {
		found, err := f.Services(t.Context(), member, namespace, labels)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range found {
			out = append(out, member+"/"+s.Name+" "+fmt.Sprint(s.Spec))
		}
	}
	return out
}

func (f fleet) LoseAnswers(*testing.T) bool { return false }

func front(*testing.T) ir.Front {
	targets := []ir.TargetSet{
		{Member: "east", Weight: 100, Addresses: []string{"10.0.1.1", "10.0.1.2"}},
		{Member: "wester", Weight: 100, Addresses: []string{"10.0.2.1"}},
	}
	return ir.Front{
		Owner:   ir.Owner{Hub: "hub", UID: "uid", Namespace: "default", Name: "shop"},
		Service: &gatewayv1alpha1.ServiceConfigSpec{Type: "LoadBalancer", ExternalTrafficPolicy: "Cluster"},
		Proxy:   "shop-1234567890", Members: []string{"east", "wester"},
		Ports: []ir.FrontPort{
			{Port: 53, Protocol: ir.FrontUDP, Targets: targets}, {Port: 80, Protocol: ir.FrontHTTP, Targets: targets},
		},
	}
}

func TestTheProviderOfServicesKeepsItsContractHere(t *testing.T) {
	providertest.Run(t, providertest.Suite{
		New: func(t *testing.T) providertest.Cloud {
			f := fleet{cluster.New([]string{"east", "wester"}, reach)}
			foreign := &corev1.Service{}
			foreign.Namespace, foreign.Name, foreign.Labels = "default", "foreign", map[string]string{"foreign": "yes"}
			if _, err := f.ApplyService(t.Context(), "east", foreign, false); err != nil {
				t.Fatal(err)
			}
			return f
		},
		Front: front,
	})
}

func TestAddressesByTypeAndByWhatIsAskedFor(t *testing.T) {
	for _, c := range []struct {
		name, reason string
		edit         func(*ir.Front)
		want         string
	}{
		{"load balancers", "each member has its own", func(*ir.Front) {}, "[{127.0.4.4} {127.0.4.6}]"},
		{
			"cluster addresses", "clients inside reach the same proxies",
			func(f *ir.Front) { f.Service = &gatewayv1alpha1.ServiceConfigSpec{Type: "ClusterIP"} }, "[{127.0.4.4} {127.0.4.6}]",
		},
		{
			"an address by value", "it is granted, wherever it leads",
			func(f *ir.Front) { f.Members, f.Addresses = []string{"east"}, []string{"192.0.2.7"} }, "[{192.0.2.7}]",
		},
		{
			"an address that another Gateway has", "one load balancer has it",
			func(f *ir.Front) { f.Members, f.Addresses = []string{"east"}, []string{"192.0.2.9"} }, "[]",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			members := cluster.New([]string{"east", "wester"}, reach)
			provider := service.New(members)
			other := front(t)
			other.Owner.UID, other.Owner.Name, other.Proxy = "other", "other", "other-1234567890"
			other.Members, other.Addresses = []string{"east"}, []string{"192.0.2.9"}
			if _, err := providers.Reconcile(t.Context(), provider, other); err != nil {
				t.Fatal(err)
			}
			want := front(t)
			c.edit(&want)
			got, err := providers.Reconcile(t.Context(), provider, want)
			if err != nil {
				t.Fatal(err)
			}
			text := strings.ReplaceAll(fmt.Sprint(got.Addresses), "{ ", "{")
			if text != c.want {
				t.Errorf("%s: addresses %s, want %s", c.reason, text, c.want)
			}
		})
	}
	members := cluster.New([]string{"east"}, reach)
	asking := front(t)
	asking.Members, asking.Addresses = []string{"east"}, []string{"192.0.2.7"}
	if _, err := providers.Reconcile(t.Context(), service.New(members), asking); err != nil {
		t.Fatal(err)
	}
	if at := members.At("192.0.2.7"); at != "127.0.4.4" {
		t.Errorf("the address that was asked for leads to %q", at)
	}
}
