package integration

import (
	"context"
	"fmt"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/providers/memory"
)

// setSays is what a ListenerSet's status says, in short.
func setSays(t *testing.T, s shop) string {
	t.Helper()
	set := &gatewayv1.ListenerSet{}
	if err := hub.client.Get(context.Background(), client.ObjectKey{Namespace: s.key.Namespace, Name: "more"}, set); err != nil {
		return err.Error()
	}
	accepted := meta.FindStatusCondition(set.Status.Conditions, "Accepted")
	if accepted == nil {
		return "nothing"
	}
	text := string(accepted.Status) + " " + accepted.Reason
	for _, listener := range set.Status.Listeners {
		text += fmt.Sprintf(" %s:%d", listener.Name, listener.AttachedRoutes)
	}
	if attached := s.gateway(t).Status.AttachedListenerSets; attached != nil {
		text += fmt.Sprintf(" of %d", *attached)
	}
	return text
}

func TestAListenerSetComesAndGoes(t *testing.T) {
	joinBoth(t)
	s := openShop(t, "sets", one, two)
	cloud := memory.NewCloud(memory.Options{})
	operate(t, cloud)
	set := &gatewayv1.ListenerSet{ObjectMeta: metav1.ObjectMeta{Name: "more", Namespace: s.key.Namespace}}
	set.Spec.ParentRef = gatewayv1.ParentGatewayReference{Name: gatewayv1.ObjectName(s.key.Name)}
	set.Spec.Listeners = []gatewayv1.ListenerEntry{{Name: "other", Port: 8080, Protocol: gatewayv1.HTTPProtocolType}}
	create(t, hub, set)
	expect := func(what, want string) {
		t.Helper()
		eventually(t, what, func() string {
			if got := setSays(t, s); got != want {
				return got
			}
			return ""
		})
	}
	expect("a Gateway should allow no ListenerSets by default", "False NotAllowed")

	gateway := s.gateway(t)
	before := gateway.DeepCopy()
	gateway.Spec.AllowedListeners = &gatewayv1.AllowedListeners{Namespaces: &gatewayv1.ListenerNamespaces{From: new(gatewayv1.NamespacesFromSame)}}
	if err := hub.client.Patch(t.Context(), gateway, client.MergeFrom(before)); err != nil {
		t.Fatal(err)
	}
	expect("the ListenerSet should be taken", "True Accepted other:0 of 1")

	route := &gatewayv1.HTTPRoute{}
	if err := hub.client.Get(t.Context(), client.ObjectKey{Namespace: s.key.Namespace, Name: "route"}, route); err != nil {
		t.Fatal(err)
	}
	was := route.DeepCopy()
	route.Spec.ParentRefs = append(route.Spec.ParentRefs, gatewayv1.ParentReference{
		Group: new(gatewayv1.Group(gatewayv1.GroupName)), Kind: new(gatewayv1.Kind("ListenerSet")), Name: "more",
	})
	if err := hub.client.Patch(t.Context(), route, client.MergeFrom(was)); err != nil {
		t.Fatal(err)
	}
	expect("the route should be counted", "True Accepted other:1 of 1")
	s.close(t, cloud, one, two)
	expect("without the Gateway the ListenerSet should not be accepted", "False ParentNotAccepted")
	if err := hub.client.Delete(t.Context(), set); err != nil {
		t.Fatal(err)
	}
}
