package proxy_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/dataplane/proxy"
)

// tcpSnapshot is a listener of TCP on port 443, which bed.open connects to, that goes to the pool "raw".
func tcpSnapshot(endpoints ...config.Endpoint) proxy.Snapshot {
	return passingSnapshot(endpoints, config.Listener{Name: "tcp", Port: 443, Protocol: config.TCP})
}

// saying is a backend that says a name at once, and ends then.
func saying(t *testing.T, name string) config.Endpoint {
	t.Helper()
	return rawBackend(t, func(conn *net.TCPConn) { _, _ = io.WriteString(conn, name) })
}

// said gives what comes on a new connection, to whose end. It may be reset before it is known to be one.
func (b *bed) said() (string, error) {
	b.t.Helper()
	conn, err := net.Dial("tcp", b.addr(443))
	if err != nil {
		return "", err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	all, err := io.ReadAll(conn)
	return string(all), err
}

// split has the rule of a snapshot share connections among pools, which are made.
func split(s proxy.Snapshot, backends []config.Backend, endpoints map[string][]config.Endpoint) {
	s.Chunks[0].Hosts[0].Rules[0].Backends = backends
	for key, list := range endpoints {
		s.Endpoints[key] = list
		s.Chunks[0].Pools = append(s.Chunks[0].Pools, config.Pool{Key: key, Namespace: "n", Service: key, Port: 443})
	}
}

// TestTCPIsPassedOn keeps that each side may speak first, and end its own direction.
func TestTCPIsPassedOn(t *testing.T) {
	b := start(t, tcpSnapshot(rawBackend(t, func(conn *net.TCPConn) {
		_, _ = io.WriteString(conn, "hello ")
		all, _ := io.ReadAll(conn)
		_, _ = conn.Write(all)
	})))
	conn := b.open()
	greeting := make([]byte, 6)
	if _, err := io.ReadFull(conn, greeting); err != nil || string(greeting) != "hello " {
		t.Fatalf("got %q, %v", greeting, err)
	}
	sent := bytes.Repeat([]byte("0123456789abcde"), 1<<18)
	go func() {
		_, _ = conn.Write(sent)
		_ = conn.CloseWrite()
	}()
	got, err := io.ReadAll(conn)
	if err != nil || !bytes.Equal(got, sent) {
		t.Fatalf("got %d bytes, %v", len(got), err)
	}
	record := b.lastPassed("")
	if record["listener"] != "tcp" || record["route"] != "n/tcp" || record["backend"] != "raw" || record["endpoint"] == "" ||
		record["reason"] != "" || record["bytes_up"].(float64) != float64(len(sent)) || record["bytes_down"].(float64) != float64(len(sent)+6) {
		t.Fatalf("got %v", record)
	}
}

func TestTCPIsSplitByWeight(t *testing.T) {
	s := tcpSnapshot()
	split(s, []config.Backend{{Pool: "a", Weight: 7}, {Pool: "b", Weight: 2}, {Pool: "c", Weight: 0}, {Pool: "gone", Weight: 1, Invalid: "it is not there"}},
		map[string][]config.Endpoint{"a": {saying(t, "a")}, "b": {saying(t, "b")}, "c": {saying(t, "c")}})
	b := start(t, s)
	got := map[string]int{}
	for range 1000 {
		said, err := b.said()
		if err != nil && !errors.Is(err, syscall.ECONNRESET) {
			t.Fatal(err)
		}
		if said == "" && err == nil {
			t.Fatal("an invalid backend answered with nothing: a reset says that there is none")
		}
		got[said]++
	}
	if got["a"] != 700 || got["b"] != 200 || got["c"] != 0 || got[""] != 100 {
		t.Fatalf("got %v", got)
	}
}

func TestTCPThatIsNotPassedOn(t *testing.T) {
	cases := []struct {
		name, reason string
		change       func(*proxy.Snapshot)
	}{
		{"no rule", "no_route", func(s *proxy.Snapshot) { s.Chunks[0].Hosts = nil }},
		{"broken rule", "it is broken", func(s *proxy.Snapshot) { s.Chunks[0].Hosts[0].Rules[0].Broken = "it is broken" }},
		{"no backend", "no_backend", func(s *proxy.Snapshot) { s.Chunks[0].Hosts[0].Rules[0].Backends = nil }},
		{"invalid backend", "it is invalid", func(s *proxy.Snapshot) { s.Chunks[0].Hosts[0].Rules[0].Backends[0].Invalid = "it is invalid" }},
		{"no pool", "unknown_pool", func(s *proxy.Snapshot) { s.Chunks[0].Pools = nil }},
		{"no endpoint", "no_endpoint", func(s *proxy.Snapshot) { s.Endpoints = map[string][]config.Endpoint{} }},
		{"dead endpoint", "connect_failed", func(s *proxy.Snapshot) { s.Endpoints["raw"] = []config.Endpoint{dead(t)} }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := tcpSnapshot(rawBackend(t, returning))
			c.change(&s)
			b := start(t, s)
			if got, err := b.said(); got != "" || !errors.Is(err, syscall.ECONNRESET) {
				t.Fatalf("got %q, %v", got, err)
			}
			b.lastReason(c.reason)
		})
	}
}

func TestTCPWithProxyHeader(t *testing.T) {
	s := tcpSnapshot(rawBackend(t, returning))
	s.Root.Listeners[0].ProxyProtocol = &config.ProxyProtocol{}
	b := start(t, s, func(o *proxy.Options) { o.HeaderTimeout = 300 * time.Millisecond })
	conn := b.open([]byte(headerV2), []byte("after it"))
	_ = conn.CloseWrite()
	if got, err := io.ReadAll(conn); err != nil || string(got) != "after it" {
		t.Fatalf("got %q, %v", got, err)
	}
	if got, _ := io.ReadAll(b.open([]byte("without it, and long enough to be known for that"))); len(got) > 0 {
		t.Fatalf("got %q", got)
	}
	b.lastReason("no_proxy_header")
}

// TestTCPOutlivesChanges keeps that connections go on whatever becomes of their route, and that a port
// can change what it speaks.
func TestTCPOutlivesChanges(t *testing.T) {
	s := tcpSnapshot(rawBackend(t, returning))
	b := start(t, s)
	conn := b.open()
	echoed := func() {
		t.Helper()
		if _, err := io.WriteString(conn, "ping"); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(conn, make([]byte, 4)); err != nil {
			t.Fatal(err)
		}
	}
	echoed()
	other := tcpSnapshot(saying(t, "other"))
	b.apply(other)
	echoed()
	if got, err := b.said(); err != nil || got != "other" {
		t.Fatalf("got %q, %v", got, err)
	}
	web := plainSnapshot([]config.Rule{prefixRule("n/r", "/", "a")}, map[string][]config.Endpoint{"a": {backend(t, echo("a"))}})
	web.Root.Listeners[0].Port = 443
	b.apply(web)
	echoed()
	if got := b.get("http://a:443/"); got.StatusCode != 200 {
		t.Fatalf("got %d", got.StatusCode)
	}
	b.apply(other)
	// The connection that was of HTTP is not one of TCP now: its requests go nowhere.
	if got := b.get("http://a:443/"); got.StatusCode != 404 {
		t.Fatalf("got %d", got.StatusCode)
	}
	echoed()
}

// TestBreaksOfTCPAreTold keeps that a reset on one side is one on the other: an end would say that all was said.
func TestBreaksOfTCPAreTold(t *testing.T) {
	told := make(chan error, 1)
	b := start(t, tcpSnapshot(rawBackend(t, func(conn *net.TCPConn) {
		first := make([]byte, 4)
		if _, err := io.ReadFull(conn, first); err != nil || string(first) == "half" {
			_ = conn.SetLinger(0)
			return
		}
		_, _ = conn.Write(first)
		_, err := io.Copy(io.Discard, conn)
		told <- err
	})))
	conn := b.open([]byte("half"))
	if _, err := io.ReadAll(conn); !errors.Is(err, syscall.ECONNRESET) {
		t.Fatalf("got %v", err)
	}
	b.lastReason("upstream_reset")
	conn = b.open([]byte("whole"))
	if _, err := io.ReadFull(conn, make([]byte, 4)); err != nil {
		t.Fatal(err)
	}
	_ = conn.SetLinger(0)
	conn.Close()
	if err := <-told; !errors.Is(err, syscall.ECONNRESET) {
		t.Fatalf("got %v", err)
	}
	b.lastReason("client_gone")
}

func TestDrainOfTCP(t *testing.T) {
	b := start(t, tcpSnapshot(rawBackend(t, returning)), func(o *proxy.Options) { o.DrainTimeout = time.Second })
	conn := b.open([]byte("x"))
	if _, err := io.ReadFull(conn, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	ended := b.runAndStop()
	for b.Ready() {
		time.Sleep(time.Millisecond)
	}
	if _, err := io.WriteString(conn, "y"); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(conn, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	<-ended
	if _, err := conn.Read(make([]byte, 1)); err == nil {
		t.Fatal("still open")
	}
	b.lastReason("drained")
}

func TestTooManyConnectionsOfTCP(t *testing.T) {
	b := start(t, tcpSnapshot(rawBackend(t, returning)), func(o *proxy.Options) { o.MaxConnections = 1 })
	conn := b.open([]byte("x"))
	if _, err := io.ReadFull(conn, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	if got, err := b.said(); got != "" || err == nil {
		t.Fatalf("got %q: there is no HTTP on a port of TCP", got)
	}
}

// TestListenersThatDoNotFit keeps that of listeners which cannot share a port one is served, and the others are named.
func TestListenersThatDoNotFit(t *testing.T) {
	pass := &config.TLS{Passthrough: true}
	end := &config.TLS{Secrets: []string{"n/a"}}
	cases := []struct {
		name      string
		listeners []config.Listener
		want      []string
	}{
		{"TCP and HTTP", []config.Listener{{Name: "a", Protocol: config.TCP}, {Name: "b", Protocol: config.HTTP}}, []string{"listener b is not served"}},
		{"HTTP and TCP", []config.Listener{{Name: "a", Protocol: config.HTTP}, {Name: "b", Protocol: config.TCP}}, []string{"listener b is not served"}},
		{"TCP twice", []config.Listener{{Name: "a", Protocol: config.TCP}, {Name: "b", Protocol: config.TCP}}, []string{"listener b is not served"}},
		{"UDP twice", []config.Listener{{Name: "a", Protocol: config.UDP}, {Name: "b", Protocol: config.UDP}}, []string{"listener b is not served"}},
		{"TCP and UDP", []config.Listener{{Name: "a", Protocol: config.TCP}, {Name: "b", Protocol: config.UDP}}, nil},
		{
			"HTTP/3 and UDP",
			[]config.Listener{{Name: "a", Protocol: config.HTTPS, TLS: end, HTTP3: true}, {Name: "b", Protocol: config.UDP}},
			[]string{"listener b is not served: HTTP/3"},
		},
		{
			"UDP and HTTP/3",
			[]config.Listener{{Name: "a", Protocol: config.UDP}, {Name: "b", Protocol: config.HTTPS, TLS: end, HTTP3: true}},
			[]string{"listener a is not served: HTTP/3"},
		},
		{"UDP with a header", []config.Listener{{Name: "a", Protocol: config.UDP, ProxyProtocol: &config.ProxyProtocol{}}}, []string{"listener a is not served"}},
		{"TLS without TLS", []config.Listener{{Name: "a", Protocol: config.TLSProtocol}}, []string{"listener a: connections of protocol TLS"}},
		{"TCP with TLS", []config.Listener{{Name: "a", Protocol: config.TCP, TLS: end}}, []string{"listener a: TLS is for"}},
		{"HTTPS that is passed through", []config.Listener{{Name: "a", Protocol: config.HTTPS, TLS: pass}}, []string{"listener a: only protocol TLS"}},
		{
			"TLS of all kinds",
			[]config.Listener{
				{Name: "a", Protocol: config.HTTPS, TLS: end},
				{Name: "b", Protocol: config.TLSProtocol, TLS: end, Hostname: "b.org"},
				{Name: "c", Protocol: config.TLSProtocol, TLS: pass, Hostname: "c.org"},
			},
			nil,
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			b := start(t, proxy.Snapshot{Root: config.Root{Version: 1, Gateway: "n/gw"}})
			for i := range c.listeners {
				c.listeners[i].Port = 443
			}
			err := b.Apply(proxy.Snapshot{Root: config.Root{Version: 1, Gateway: "n/gw", Listeners: c.listeners}})
			if (err != nil) != (len(c.want) > 0) {
				t.Fatalf("got %v", err)
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want %q", err, want)
				}
			}
		})
	}
}
