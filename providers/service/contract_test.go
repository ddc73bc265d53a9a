package service_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	gatewayv1alpha1 "github.com/fleetgate/fleetgate/apis/gateway/v1alpha1"
	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/providers"
	"github.com/fleetgate/fleetgate/providers/providertest"
	"github.com/fleetgate/fleetgate/providers/service"
)

// fleet is two members whose API servers are in memory and can lose answers.
type fleet struct {
	clients map[string]client.WithWatch

	mu sync.Mutex
	// away are members that cannot be asked; refusal is what any that can say to a write.
	away    map[string]bool
	refusal error
	// lost counts answers that are still to be lost, by verb.
	lost map[string]int
	uids int
}

func newFleet(names ...string) *fleet {
	f := &fleet{clients: map[string]client.WithWatch{}, away: map[string]bool{}, lost: map[string]int{}}
	for _, name := range names {
		f.clients[name] = fake.NewClientBuilder().WithReturnManagedFields().WithStatusSubresource(&corev1.Service{}).Build()
	}
	return f
}

func (f *fleet) Names() []string {
	var out []string
	for name := range f.clients {
		out = append(out, name)
	}
	return out
}

func (f *fleet) reach(member string) (client.WithWatch, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.away[member] {
		return nil, providers.Pending(member+" to be reachable", nil)
	}
	return f.clients[member], nil
}

func (f *fleet) Services(ctx context.Context, member, namespace string, labels map[string]string) ([]corev1.Service, error) {
	c, err := f.reach(member)
	if err != nil {
		return nil, err
	}
	list := &corev1.ServiceList{}
	if err := c.List(ctx, list, client.InNamespace(namespace), client.MatchingLabels(labels)); err != nil {
		return nil, err
	}
	return list.Items, nil
}

var errLost = errors.New("connection reset")

// lose says whether the answer to a verb is lost now.
func (f *fleet) lose(verb string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.lost[verb] == 0 {
		return false
	}
	f.lost[verb]--
	return true
}

func (f *fleet) ApplyService(ctx context.Context, member string, want *corev1.Service, take bool) (*corev1.Service, error) {
	c, err := f.reach(member)
	if err != nil {
		return nil, err
	}
	if f.refusal != nil {
		return nil, f.refusal
	}
	key := client.ObjectKeyFromObject(want)
	before := &corev1.Service{}
	isNew := c.Get(ctx, key, before) != nil
	options := []client.PatchOption{client.FieldOwner(service.Manager)}
	if take {
		options = append(options, client.ForceOwnership)
	}
	//nolint:staticcheck // what is applied is typed here
	if err := c.Patch(ctx, want.DeepCopy(), client.Apply, options...); err != nil {
		return nil, err
	}
	got := &corev1.Service{}
	if err := c.Get(ctx, key, got); err != nil {
		return nil, err
	}
	if isNew { // as an API server does, which this one leaves out
		f.mu.Lock()
		f.uids++
		got.UID = types.UID(fmt.Sprintf("uid-%d", f.uids))
		f.mu.Unlock()
		if err := c.Update(ctx, got, client.FieldOwner("server")); err != nil {
			return nil, err
		}
	}
	assign(got)
	if err := c.Status().Update(ctx, got); err != nil {
		return nil, err
	}
	if f.lose("apply") {
		return nil, errLost
	}
	return got, c.Get(ctx, key, got)
}

// assign plays the controller of load balancers.
func assign(service *corev1.Service) {
	sum := 0
	for _, b := range []byte(service.Name) {
		sum += int(b)
	}
	ip := fmt.Sprintf("192.0.2.%d", sum%200)
	if service.Spec.LoadBalancerIP != "" {
		ip = service.Spec.LoadBalancerIP
	}
	service.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{IP: ip}}
}

func (f *fleet) DeleteService(ctx context.Context, member, namespace, name, _ string) error {
	c, err := f.reach(member)
	if err != nil {
		return err
	}
	gone := &corev1.Service{}
	gone.Namespace, gone.Name = namespace, name
	if err := c.Delete(ctx, gone); err != nil {
		return err
	}
	if f.lose("delete") {
		return errLost
	}
	return nil
}

type cloud struct{ *fleet }

func (c cloud) Open(*testing.T) providers.Provider { return service.New(c.fleet) }

func (c cloud) all(t *testing.T, ours bool, owner ir.Owner) []string {
	t.Helper()
	var out []string
	for member, api := range c.clients {
		list := &corev1.ServiceList{}
		if err := api.List(t.Context(), list); err != nil {
			t.Fatal(err)
		}
		for _, item := range list.Items {
			if (item.Labels[service.LabelGatewayUID] == owner.UID) == ours {
				out = append(out, member+"/"+item.Name+" "+fmt.Sprint(item.Spec))
			}
		}
	}
	slices.Sort(out)
	return out
}

func (c cloud) Owned(t *testing.T, owner ir.Owner) []string {
	t.Helper()
	return c.all(t, true, owner)
}

func (c cloud) Foreign(t *testing.T, owner ir.Owner) string {
	t.Helper()
	return fmt.Sprint(c.all(t, false, owner))
}

func (c cloud) LoseAnswers(*testing.T) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lost["apply"], c.lost["delete"] = 1, 1
	return true
}

func front(*testing.T) ir.Front {
	targets := []ir.TargetSet{
		{Member: "east", Weight: 100, Addresses: []string{"10.0.1.1", "10.0.1.2"}, Hosts: []string{"10.9.0.1"}},
		{Member: "west", Weight: 100, Addresses: []string{"10.0.2.1"}, Hosts: []string{"10.9.1.1"}},
	}
	return ir.Front{
		Owner:   ir.Owner{Hub: "hub", UID: "uid", Namespace: "default", Name: "shop"},
		Service: &gatewayv1alpha1.ServiceConfigSpec{Type: "LoadBalancer", ExternalTrafficPolicy: "Cluster"},
		Proxy:   "shop-1234567890",
		Members: []string{"east", "west"},
		Ports: []ir.FrontPort{
			{Port: 80, Protocol: ir.FrontHTTP, Targets: targets},
			{Port: 5300, Protocol: ir.FrontTCP, Targets: targets},
			{Port: 5300, Protocol: ir.FrontUDP, Targets: targets},
		},
		HealthPort: 15021, HealthPath: "/ready",
	}
}

func TestContract(t *testing.T) {
	providertest.Run(t, providertest.Suite{
		New: func(t *testing.T) providertest.Cloud {
			f := newFleet("east", "west")
			for name, api := range f.clients {
				foreign := &corev1.Service{Spec: corev1.ServiceSpec{Type: corev1.ServiceTypeLoadBalancer}}
				foreign.Namespace, foreign.Name = "default", "foreign-in-"+name
				if err := api.Create(t.Context(), foreign); err != nil {
					t.Fatal(err)
				}
			}
			return cloud{f}
		},
		Front: front,
	})
}
