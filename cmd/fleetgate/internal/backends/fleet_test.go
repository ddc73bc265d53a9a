package backends_test

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/fleetgate/fleetgate/cmd/fleetgate/internal/backends"
	"github.com/fleetgate/fleetgate/cmd/fleetgate/internal/manifest"
	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/e2e/backend/responder"
)

func TestEveryServiceOfTheSeedIsAnsweredInEveryMember(t *testing.T) {
	folder, err := manifest.Read("../../../../examples/seed")
	if err != nil {
		t.Fatal(err)
	}
	fleet := backends.NewFleet([]string{"a", "b"})
	defer fleet.Close()
	if err := fleet.Follow(t.Context(), folder); err != nil {
		t.Fatal(err)
	}
	for _, s := range folder.Services {
		for _, member := range []string{"a", "b"} {
			endpoints := fleet.Endpoints(member, config.Pool{Namespace: s.Namespace, Service: s.Name, Port: s.Spec.Ports[0].Port})
			if len(endpoints) != 1 {
				t.Fatalf("%s in %s: %v", s.Name, member, endpoints)
			}
			got := ask(t, endpoints[0])
			if got.Service != s.Name || got.Member != member {
				t.Errorf("%s in %s is answered by %+v", s.Name, member, got)
			}
		}
	}
}

func ask(t *testing.T, e config.Endpoint) (out responder.Answer) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+net.JoinHostPort(e.Address, strconv.Itoa(int(e.Port))), nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if err := json.NewDecoder(res.Body).Decode(&out); err != nil {
		t.Fatal(err)
	}
	return out
}

const slices = `
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: s-1, namespace: a, labels: {kubernetes.io/service-name: s}}
addressType: IPv4
ports: [{name: http, port: 8080}, {name: admin, port: 9090}]
endpoints:
- {addresses: [10.0.0.2], conditions: {ready: true}}
- {addresses: [10.0.0.1], conditions: {ready: true}}
- {addresses: [10.0.0.3], conditions: {ready: false}}
- {addresses: [10.0.0.4], conditions: {ready: false, serving: true, terminating: true}}
`

func TestEndpointSlicesAreReadByPortName(t *testing.T) {
	path := filepath.Join(t.TempDir(), "in.yaml")
	if err := os.WriteFile(path, []byte(slices), 0o600); err != nil {
		t.Fatal(err)
	}
	folder, err := manifest.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	fleet := backends.NewFleet([]string{"a"})
	defer fleet.Close()
	if err := fleet.Follow(t.Context(), folder); err != nil {
		t.Fatal(err)
	}
	got := fleet.Endpoints("a", config.Pool{Namespace: "a", Service: "s", PortName: "admin"})
	want := []config.Endpoint{{Address: "10.0.0.1", Port: 9090}, {Address: "10.0.0.2", Port: 9090}, {Address: "10.0.0.4", Port: 9090, Terminating: true}}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("endpoints %v, want %v", got, want)
	}
}
