package service_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/providers"
	"github.com/fleetgate/fleetgate/providers/service"
)

// settled makes passes until the front is as wanted.
func settled(t *testing.T, p providers.Provider, f ir.Front) providers.Result {
	t.Helper()
	for range 20 {
		got, err := providers.Reconcile(t.Context(), p, f)
		if err != nil {
			t.Fatal(err)
		}
		if got.Pending == "" && len(got.Steps) == 0 {
			return got
		}
	}
	t.Fatal("it does not settle")
	return providers.Result{}
}

// there is the one Service of the front in a member.
func there(t *testing.T, f *fleet, member string) corev1.Service {
	t.Helper()
	list := &corev1.ServiceList{}
	if err := f.clients[member].List(t.Context(), list, client.HasLabels{service.LabelGatewayUID}); err != nil || len(list.Items) != 1 {
		t.Fatalf("%s has %d Services of the front: %v", member, len(list.Items), err)
	}
	return list.Items[0]
}

func TestAMemberThatCannotBeAskedKeepsItsAddress(t *testing.T) {
	f := newFleet("east", "west")
	p := service.New(f)
	before := settled(t, p, front(t))
	f.away["west"] = true
	during := settled(t, p, front(t))
	if fmt.Sprint(before.Addresses) != fmt.Sprint(during.Addresses) {
		t.Errorf("addresses were %v and are %v", before.Addresses, during.Addresses)
	}
	done, pending, err := providers.Destroy(t.Context(), p, front(t))
	if !done || err != nil {
		t.Errorf("a member that is away holds up the deletion: %q, %v", pending, err)
	}
	f.away["west"] = false
	there(t, f, "west")
}

func TestWhatOthersSetStays(t *testing.T) {
	f := newFleet("east")
	p := service.New(f)
	given := front(t)
	given.Members = given.Members[:1]
	given.Service.Annotations = map[string]string{"ours": "1", "gone": "1"}
	settled(t, p, given)
	got := there(t, f, "east")
	got.Annotations["theirs"], got.Annotations["ours"], got.Labels["theirs"] = "1", "2", "1"
	if err := f.clients["east"].Update(t.Context(), &got, client.FieldOwner("somebody")); err != nil {
		t.Fatal(err)
	}
	given.Service.Annotations = map[string]string{"ours": "1"}
	settled(t, p, given)
	got = there(t, f, "east")
	_, gone := got.Annotations["gone"]
	if got.Annotations["theirs"] != "1" || got.Labels["theirs"] != "1" || got.Annotations["ours"] != "1" || gone {
		t.Errorf("got annotations %v, labels %v", got.Annotations, got.Labels)
	}
}

func TestAForeignServiceIsNotTakenOver(t *testing.T) {
	f := newFleet("east", "west")
	foreign := &corev1.Service{Spec: corev1.ServiceSpec{Selector: map[string]string{"app": "theirs"}}}
	foreign.Namespace, foreign.Name = "default", "shop-1234567890-front"
	if err := f.clients["east"].Create(t.Context(), foreign, client.FieldOwner("somebody")); err != nil {
		t.Fatal(err)
	}
	got, err := providers.Reconcile(t.Context(), service.New(f), front(t))
	if terminal, ok := providers.AsTerminal(err); !ok || !strings.Contains(terminal.Message, "was not made for this Gateway") {
		t.Errorf("got %v", err)
	}
	if len(got.Addresses) != 1 {
		t.Errorf("the other member should serve: %+v", got)
	}
	if err := f.clients["east"].Get(t.Context(), client.ObjectKeyFromObject(foreign), foreign); err != nil || foreign.Spec.Selector["app"] != "theirs" {
		t.Errorf("it was changed to %v, %v", foreign.Spec, err)
	}
}

func TestServicesByWhatIsAskedFor(t *testing.T) {
	f := newFleet("east", "west")
	p := service.New(f)
	given := front(t)
	given.Addresses = []string{"192.0.2.201", "192.0.2.202", "192.0.2.203"}
	got := settled(t, p, given)
	if want := "[{ 192.0.2.201} { 192.0.2.202} { 192.0.2.203}]"; fmt.Sprint(got.Addresses) != want {
		t.Errorf("got %v, want %s", got.Addresses, want)
	}
	names := cloud{f}.Owned(t, given.Owner)
	given.Addresses = given.Addresses[2:]
	given.Members = []string{"east"}
	got = settled(t, p, given)
	left := cloud{f}.Owned(t, given.Owner)
	if len(left) != 1 || !slices.Contains(names, left[0]) || len(got.Addresses) != 1 {
		t.Errorf("the Service that had the address should stay: had %v, has %v", names, left)
	}
	given.Addresses, given.Service.LoadBalancerClass = nil, "example.com/other"
	settled(t, p, given)
	if made := there(t, f, "east"); *made.Spec.LoadBalancerClass != "example.com/other" || len(made.Name) > 63 {
		t.Errorf("got %s with %v", made.Name, made.Spec)
	}
	given.Service.Type, given.Service.LoadBalancerClass = "NodePort", ""
	given.Ports[2].Port = 30080
	got = settled(t, p, given)
	if made := there(t, f, "east"); made.Spec.Ports[2].NodePort != 30080 {
		t.Errorf("the port is not the node's own: %v", made.Spec.Ports)
	}
	if want := "[{ 10.9.0.1}]"; fmt.Sprint(got.Addresses) != want {
		t.Errorf("got %v, want %s", got.Addresses, want)
	}
}

func TestRefusalsAreToldByTheirCode(t *testing.T) {
	services := schema.GroupResource{Resource: "services"}
	for _, c := range []struct {
		name, reason string
		given        error
		terminal     bool
		pending      string
	}{
		{name: "forbidden", reason: "somebody has to grant it", given: apierrors.NewForbidden(services, "a", nil), terminal: true},
		{name: "invalid", reason: "somebody has to correct it", given: apierrors.NewInvalid(schema.GroupKind{Kind: "Service"}, "a", nil), terminal: true},
		{name: "no namespace", reason: "it is made with the proxies", given: apierrors.NewNotFound(services, "default"), pending: "namespace default in east"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFleet("east")
			f.refusal = c.given
			given := front(t)
			given.Members = given.Members[:1]
			got, err := providers.Reconcile(t.Context(), service.New(f), given)
			if _, terminal := providers.AsTerminal(err); terminal != c.terminal || got.Pending != c.pending {
				t.Errorf("%s: got %v and pending %q", c.reason, err, got.Pending)
			}
		})
	}
}
