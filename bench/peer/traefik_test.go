package peer

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"sync/atomic"
	"testing"
)

func TestHas(t *testing.T) {
	e := &Environment{Programs: t.TempDir()}
	if !e.Has(Nginx) || e.Has(Traefik) {
		t.Error("all are there but Traefik, which nobody built")
	}
	if err := os.WriteFile(e.Program(Traefik), nil, 0o700); err != nil {
		t.Fatal(err)
	}
	if !e.Has(Traefik) {
		t.Error("it is built now")
	}
}

func TestFilesOfTraefik(t *testing.T) {
	dir := t.TempDir()
	p, err := environment(t).plan(Setup{Hosts: 2}, dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.writeTraefik(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"traefik.yml", "traefik-routes.yml"} {
		if _, err := os.Stat(dir + "/" + name); err != nil {
			t.Error(err)
		}
	}
}

func TestLastRoute(t *testing.T) {
	for _, c := range []struct {
		setup      Setup
		host, path string
	}{
		{Setup{}, "host-000000.bench.example", "/1k"},
		{Setup{Hosts: 3}, "host-000002.bench.example", "/1k"},
		{Setup{Paths: 3}, "host-000000.bench.example", "/path-000002/1k"},
	} {
		p, err := environment(t).plan(c.setup, "/dir")
		if err != nil {
			t.Fatal(err)
		}
		if host, path := p.lastRoute(); host != c.host || path != c.path {
			t.Errorf("%+v: %s%s, want %s%s", c.setup, host, path, c.host, c.path)
		}
	}
}

func TestAwaitRoutes(t *testing.T) {
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) < 3 || r.Host != "host" || r.URL.Path != "/path/1k" {
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	defer server.Close()
	address := netip.MustParseAddrPort(server.Listener.Addr().String())
	p := &Process{Kind: Traefik, Address: address, done: make(chan struct{})}
	if err := p.awaitRoutes(t.Context(), "host", "/path/1k"); err != nil || asked.Load() != 3 {
		t.Errorf("%v after %d requests: ready at the first answer that is not 404", err, asked.Load())
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.awaitRoutes(ended, "other", "/"); err == nil {
		t.Error("nobody waits for longer than the context lasts")
	}
	close(p.done)
	if err := p.awaitRoutes(t.Context(), "other", "/"); err == nil {
		t.Error("nobody waits for a process that has ended")
	}
}
