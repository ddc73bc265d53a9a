package integration

import (
	"context"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/providers/memory"
)

func TestStatusOfOthersStays(t *testing.T) {
	joinBoth(t)
	s := openShop(t, "others", one, two)
	at := client.ObjectKey{Namespace: "others", Name: "route"}
	theirs := gatewayv1.RouteParentStatus{
		ParentRef: gatewayv1.ParentReference{Name: "gw"}, ControllerName: "example.com/theirs",
		Conditions: []metav1.Condition{{
			Type: "Accepted", Status: "True", Reason: "Theirs", LastTransitionTime: metav1.Now(), ObservedGeneration: 1,
		}},
	}
	route := &gatewayv1.HTTPRoute{}
	if err := hub.client.Get(t.Context(), at, route); err != nil {
		t.Fatal(err)
	}
	route.Status.Parents = []gatewayv1.RouteParentStatus{theirs}
	if err := hub.client.Status().Update(t.Context(), route); err != nil {
		t.Fatal(err)
	}
	cloud := memory.NewCloud(memory.Options{})
	operate(t, cloud)
	ours := func() string {
		if err := hub.client.Get(context.Background(), at, route); err != nil {
			return err.Error()
		}
		var reason string
		for _, parent := range route.Status.Parents {
			accepted := meta.FindStatusCondition(parent.Conditions, "Accepted")
			switch parent.ControllerName {
			case "example.com/theirs":
				reason += accepted.Reason
			case controllerName:
				reason += "+" + string(accepted.Status)
			}
		}
		if reason != "Theirs+True" && reason != "Again+True" {
			return "parents are " + reason
		}
		return ""
	}
	eventually(t, "our entry should come beside theirs", ours)
	route.Status.Parents = route.Status.Parents[:1]
	route.Status.Parents[0].Conditions[0].Reason = "Again"
	if err := hub.client.Status().Update(t.Context(), route); err != nil {
		t.Fatal(err)
	}
	eventually(t, "our entry should come back after they dropped it", ours)
	if got := route.Status.Parents[0].Conditions[0].Reason; got != "Again" {
		t.Errorf("their entry was put back to %q", got)
	}
	s.close(t, cloud, one, two)
}
