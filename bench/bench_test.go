// Package bench keeps the benchmark honest: the proxy and the backend, in this process, serve every
// kind of load without an error.
package bench

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/fleetgate/fleetgate/bench/backend"
	"github.com/fleetgate/fleetgate/bench/counter"
	"github.com/fleetgate/fleetgate/bench/load"
	"github.com/fleetgate/fleetgate/bench/loop"
	"github.com/fleetgate/fleetgate/bench/routes"
	"github.com/fleetgate/fleetgate/bench/table"
	"github.com/fleetgate/fleetgate/dataplane/admin"
	"github.com/fleetgate/fleetgate/dataplane/proxy"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serveBackend runs a backend until the test ends.
func serveBackend(t *testing.T) (*backend.Server, *counter.Counters) {
	t.Helper()
	counters, err := counter.Create(filepath.Join(t.TempDir(), "counters"))
	if err != nil {
		t.Fatal(err)
	}
	l, err := loop.New()
	if err != nil {
		t.Fatal(err)
	}
	server, err := backend.Start(l, netip.MustParseAddr("127.0.0.1"), counters)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- l.Run() }()
	t.Cleanup(func() {
		l.Stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		l.Close()
	})
	return server, counters
}

// serveProxy runs a proxy with a table of routes until the test ends.
func serveProxy(t *testing.T, routes table.Table) netip.AddrPort {
	t.Helper()
	var address netip.AddrPort
	p := proxy.New(proxy.Options{
		Observer: admin.NewMetrics(),
		Listen: func(ctx context.Context, _ int32) (net.Listener, error) {
			listener, err := new(net.ListenConfig).Listen(ctx, "tcp4", "127.0.0.1:0")
			if err == nil {
				address = netip.MustParseAddrPort(listener.Addr().String())
			}
			return listener, err
		},
	})
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := p.Shutdown(ctx); err != nil {
			t.Error(err)
		}
	})
	if err := p.Apply(routes.Snapshot()); err != nil {
		t.Fatal(err)
	}
	return address
}

func certificate(t *testing.T) *tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"*.bench.example"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func TestEveryLoad(t *testing.T) {
	for _, c := range []struct {
		name, reason string
		load         load.Options
		table        table.Table
		call, secure bool
	}{
		{
			name: "requests", reason: "one after the other, on connections that stay",
			load: load.Options{Kind: load.Requests, Path: "/1k"}, table: table.Table{Hosts: 250},
		},
		{
			name: "large bodies", reason: "more than one read and one write",
			load: load.Options{Kind: load.Requests, Path: "/128k"}, table: table.Table{Hosts: 1},
		},
		{
			name: "fixed rate", reason: "each request at its time",
			load: load.Options{Kind: load.Requests, Path: "/1k", Rate: 200}, table: table.Table{Hosts: 1},
		},
		{
			name: "paths", reason: "the last route of many of one host",
			load: load.Options{Kind: load.Requests, Path: routes.Path(249) + "/16k"}, table: table.Table{Hosts: 1, Paths: 250},
		},
		{
			name: "connects", reason: "the proxy closes after the whole answer",
			load: load.Options{Kind: load.Connects, Path: "/1k"}, table: table.Table{Hosts: 1},
		},
		{
			name: "uploads", reason: "the whole body arrives",
			load: load.Options{Kind: load.Uploads, Path: "/upload", Body: 1 << 20}, table: table.Table{Hosts: 1},
		},
		{
			name: "idle", reason: "connections stay",
			load: load.Options{Kind: load.Idle, Path: "/1k"}, table: table.Table{Hosts: 1},
		},
		{
			name: "handshakes", reason: "TLS 1.3, never resumed", secure: true,
			load: load.Options{Kind: load.Handshakes, Path: "/1k"}, table: table.Table{Hosts: 1},
		},
		{
			name: "websockets", reason: "messages come back",
			load: load.Options{Kind: load.WebSockets, Path: "/ws", Body: 64}, table: table.Table{Hosts: 1},
		},
		{
			name: "streams", reason: "messages come back on every stream of HTTP/2", call: true,
			load: load.Options{Kind: load.Streams, Path: "/bench.Echo/Stream", Streams: 3, Body: 64}, table: table.Table{Hosts: 1, H2C: true},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			server, counters := serveBackend(t)
			if c.table.Backend = server.HTTP; c.call {
				c.table.Backend = server.GRPC
			}
			if c.secure {
				c.table.Certificate = certificate(t)
			}
			c.load.Address = serveProxy(t, c.table)
			c.load.Host, c.load.Connections, c.load.Duration = routes.Host(c.table.Hosts-1), 4, 200*time.Millisecond
			result, err := load.Run(t.Context(), c.load)
			if err != nil {
				t.Fatal(err)
			}
			if result.Errors != 0 || result.Done < 4 {
				t.Fatalf("%+v: %s", result, c.reason)
			}
			served := counters.Requests.Load()
			if c.load.Kind == load.WebSockets || c.load.Kind == load.Streams {
				served = counters.Messages.Load()
			}
			if served < result.Done {
				t.Errorf("the backend counts %d, the load %d", served, result.Done)
			}
			if c.load.Rate > 0 && (result.Done > 45 || result.P50 == 0) {
				t.Errorf("%+v: 200 a second are 40 in 200 ms at most", result)
			}
		})
	}
}

// TestErrorsAreSeen has loads meet what is wrong: none of it may pass for an answer.
func TestErrorsAreSeen(t *testing.T) {
	server, _ := serveBackend(t)
	proxied := serveProxy(t, table.Table{Hosts: 1, Backend: server.HTTP})
	nobody := netip.MustParseAddrPort("127.0.0.1:1")
	for _, c := range []struct {
		name, reason string
		load         load.Options
	}{
		{"no route", "404 is no answer", load.Options{Kind: load.Requests, Address: proxied, Host: "elsewhere.example", Path: "/1k"}},
		{"no such path", "404 of the backend neither", load.Options{Kind: load.Connects, Address: proxied, Host: routes.Host(0), Path: "/none"}},
		{"not a WebSocket", "200 is not 101", load.Options{Kind: load.WebSockets, Address: proxied, Host: routes.Host(0), Path: "/1k", Body: 64}},
		{"not TLS", "no handshake", load.Options{Kind: load.Handshakes, Address: proxied, Host: routes.Host(0), Path: "/1k"}},
		{"nobody: requests", "refused", load.Options{Kind: load.Requests, Address: nobody, Path: "/1k"}},
		{"nobody: connects", "refused", load.Options{Kind: load.Connects, Address: nobody, Path: "/1k"}},
		{"nobody: idle", "refused", load.Options{Kind: load.Idle, Address: nobody, Path: "/1k"}},
		{"nobody: streams", "refused", load.Options{Kind: load.Streams, Address: nobody, Streams: 1, Path: "/1k", Body: 64}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.load.Connections, c.load.Duration = 2, 50*time.Millisecond
			result, err := load.Run(t.Context(), c.load)
			if err != nil {
				t.Fatal(err)
			}
			if result.Errors == 0 || result.First == "" || result.Done > 0 {
				t.Errorf("%+v: %s", result, c.reason)
			}
		})
	}
	if _, err := load.Run(t.Context(), load.Options{Kind: "none"}); err == nil {
		t.Error("there is no such load")
	}
}
