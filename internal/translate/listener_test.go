package translate_test

import (
	"fmt"
	"testing"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/translate"
	"github.com/fleetgate/fleetgate/internal/world"
	"github.com/fleetgate/fleetgate/internal/world/worldtest"
)

// TestManyListeners holds that as many listeners as the API takes serve together, told apart by nested wildcards,
// and that each route is on the listeners of its own alone.
func TestManyListeners(t *testing.T) {
	w := worldtest.Many(1, false)
	gateway := w.Gateways[web]
	allowed := gateway.Spec.Listeners[0].AllowedRoutes
	gateway.Spec.Listeners = nil
	hostname := "example.com"
	for i := range 64 {
		hostname = fmt.Sprintf("l%d.%s", i%8, hostname)
		if i%8 == 0 {
			hostname = fmt.Sprintf("l%d.example.com", i)
		}
		gateway.Spec.Listeners = append(gateway.Spec.Listeners, gatewayv1.Listener{
			Name: gatewayv1.SectionName(fmt.Sprintf("l%d", i)), Port: 80, Protocol: gatewayv1.HTTPProtocolType,
			Hostname: new(gatewayv1.Hostname("*." + hostname)), AllowedRoutes: allowed,
		})
	}
	name := world.Name{Namespace: "team-0", Name: "route-0"}
	route := w.HTTPRoutes.Get(name)
	route.Spec.Hostnames = nil
	route.Spec.ParentRefs[0].SectionName = new(gatewayv1.SectionName("l9"))
	meant := translate.All(w)
	for _, listener := range meant.Gateways[0].Listeners {
		if !listener.Serves || listener.Attached != map[bool]int32{true: 1}[listener.Name == "l9"] {
			t.Errorf("listener %s: serves %t, %d routes, %v", listener.Name, listener.Serves, listener.Attached, listener.Problems)
		}
	}
	hosts := meant.Route(ir.RouteKey{Key: ir.Key(name), Kind: ir.HTTPRoute}).Gateways[0].Hosts
	if len(hosts) != 1 || hosts[0].Listener != "l9" || hosts[0].Hostname != "*.l1.l8.example.com" {
		t.Errorf("the route has hosts %+v", hosts)
	}
}

// TestTooManyListeners holds that the listeners of the last ListenerSets are refused before the proxies' configuration gets
// too large to store.
func TestTooManyListeners(t *testing.T) {
	w := worldtest.Many(1, false)
	worldtest.InSets(w, 8_200)
	gateway := translate.All(w).Gateways[0]
	refused := 0
	for _, listener := range gateway.Listeners {
		if !listener.Serves {
			refused++
			if listener.Problems[0].Reason != "TooManyListeners" {
				t.Fatalf("listener %s: %v", listener.Name, listener.Problems)
			}
		}
	}
	if refused != 8_201-8_192 {
		t.Errorf("%d listeners of 8,201 are refused", refused)
	}
}
