package experimental

import (
	"net/http"
	"testing"
	"time"

	"github.com/fleetgate/fleetgate/e2e/ground"
)

// defaultGateways reaches a route that names no Gateway, until the Gateway is no default any more.
func defaultGateways(t *testing.T, g *ground.Ground) {
	s := open(t, g, "default-gateways")
	c := s.client(t)
	c.eventually(t, "/", is(http.StatusOK))
	s.eventually(t, "default-gateways/web", "httproute/app", "{range .status.parents[*]}{.parentRef.namespace}/{.parentRef.name}{end}")
	s.eventually(t, "True", "httproute/app", `{.status.parents[0].conditions[?(@.type=="Accepted")].status}`)
	s.eventually(t, "1", "gateways.gateway.networking.k8s.io/web", "{.status.listeners[0].attachedRoutes}")

	s.kubectl(t, "patch", "gateways.gateway.networking.k8s.io", "web", "--type=merge", "-p", `{"spec": {"defaultScope": "None"}}`)
	c.eventually(t, "/", is(http.StatusNotFound))
	s.eventually(t, "0", "gateways.gateway.networking.k8s.io/web", "{.status.listeners[0].attachedRoutes}")
	s.eventually(t, "", "httproute/app", "{.status.parents[*].parentRef.name}")

	s.kubectl(t, "patch", "gateways.gateway.networking.k8s.io", "web", "--type=merge", "-p", `{"spec": {"defaultScope": "All"}}`)
	c.eventually(t, "/", is(http.StatusOK))
	s.kubectl(t, "patch", "httproute", "app", "--type=merge", "-p", `{"spec": {"useDefaultGateways": "None"}}`)
	c.eventually(t, "/", is(http.StatusNotFound))
	s.eventually(t, "", "httproute/app", "{.status.parents[*].parentRef.name}")
}

// eventually waits until a JSON path of an object gives a text.
func (s *scene) eventually(t *testing.T, want, object, path string) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		got := s.kubectl(t, "get", object, "-o", "jsonpath="+path)
		if got == want {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: %s is %q, want %q", object, path, got, want)
		}
		time.Sleep(100 * time.Millisecond)
	}
}
