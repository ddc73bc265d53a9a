package local_test

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fleetgate/fleetgate/cmd/fleetgate/internal/local"
	"github.com/fleetgate/fleetgate/e2e/backend/responder"
)

// copySeed makes a folder of its own with the seed's files.
func copySeed(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(seed)); err != nil {
		t.Fatal(err)
	}
	return dir
}

// edit replaces text in a file of a folder.
func edit(t *testing.T, dir, file, before, after string) {
	t.Helper()
	path := filepath.Join(dir, file)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(data), before) {
		t.Fatalf("%s has no %q", file, before)
	}
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(string(data), before, after)), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestAChangedFileIsLoaded(t *testing.T) {
	t.Parallel()
	dir := copySeed(t)
	r := start(t, local.Options{Path: dir, Mode: local.Emulator, Members: []string{"local"}})
	address := r.find(t, "frontend-team/").Address

	edit(t, dir, "60-frontend.yaml", "value: /api", "value: /moved")
	r.report = await(t, r.next, nil)
	q := r.find(t, "frontend-team/frontend-route, /moved")
	var got responder.Answer
	if status := r.send(t, r.client(q.Address), q, &got); status != http.StatusOK || got.Service != "backend-service" {
		t.Errorf("after the change: status %d from %q", status, got.Service)
	}
	if q.Address != address {
		t.Errorf("the load balancer moved from %s to %s", address, q.Address)
	}
}

func TestABrokenObjectIsToldAndNeighboursGoOn(t *testing.T) {
	t.Parallel()
	dir := copySeed(t)
	r := start(t, local.Options{Path: dir, Mode: local.Plain, Listen: loopback(101), Members: []string{"local"}})

	edit(t, dir, "50-payments.yaml", "      timeouts:\n        request: 10s\n",
		"      filters:\n        - type: RequestTimeout\n          requestTimeout:\n            duration: 10s\n")
	r.report = await(t, r.next, nil)
	const want = "HTTPRoute payments-team/payment-service: unknown field spec.rules[0].filters[0].requestTimeout, which is ignored: " +
		"there is no RequestTimeout filter: set rules[].timeouts.request"
	if len(r.report.Faults) != 1 || !strings.Contains(r.report.Faults[0], want) {
		t.Errorf("faults %v, want one with %q", r.report.Faults, want)
	}
	q := r.find(t, "frontend-team/")
	if status := r.send(t, r.client(q.Address), q, &responder.Answer{}); status != http.StatusOK {
		t.Errorf("a neighbour answers %d", status)
	}
}

func TestAGatewayThatIsGoneLeavesNothing(t *testing.T) {
	t.Parallel()
	dir := copySeed(t)
	r := start(t, local.Options{Path: dir, Mode: local.Emulator, Members: []string{"local"}})
	vault := r.find(t, "vault-team/")

	edit(t, dir, "20-gateways.yaml", "name: restricted-gateway", "name: another-gateway")
	r.report = await(t, r.next, nil)
	for _, g := range r.report.Gateways {
		if g.Name == "gateway-infra/restricted-gateway" || g.Address == "" {
			t.Errorf("there is %+v", g)
		}
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+vault.Host+vault.Path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if res, err := r.client(vault.Address).Do(request); err == nil {
		_ = res.Body.Close()
		t.Errorf("the load balancer of a Gateway that is gone answers %d", res.StatusCode)
	}
}

func TestOptionsThatCannotWorkAreRefused(t *testing.T) {
	for _, c := range []struct {
		name string
		o    local.Options
		want string
	}{
		{"no such mode", local.Options{Mode: "cloud", Members: []string{"a"}}, `no provider "cloud"`},
		{"no member", local.Options{Mode: local.Emulator}, "at least one member"},
		{"members that nothing balances", local.Options{Mode: local.Plain, Members: []string{"a", "b"}}, "name one member"},
		{"no port left", local.Options{Mode: local.Plain, Members: []string{"a"}, PortOffset: 65000}, "leaves no port"},
		{"no folder", local.Options{Mode: local.Emulator, Members: []string{"a"}, Path: "missing"}, "no such file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.o.Out = io.Discard
			if err := local.Run(t.Context(), c.o, nil); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}
