package proxy_test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/dataplane/proxy"
)

// ending is a listener on port 443 that ends TLS, with a certificate of its own that is added, and passes on
// what is within to a pool of its name.
func ending(t *testing.T, s *proxy.Snapshot, name, hostname string, endpoints ...config.Endpoint) *config.Listener {
	t.Helper()
	s.Root.Listeners = append(s.Root.Listeners, config.Listener{
		Name: name, Port: 443, Protocol: config.TLSProtocol, Hostname: hostname, TLS: &config.TLS{Secrets: []string{"n/" + name}},
	})
	if s.Certificates == nil {
		s.Certificates = map[string]*tls.Certificate{}
	}
	s.Certificates["n/"+name] = certificate(t, hostname)
	s.Endpoints[name] = endpoints
	s.Chunks[0].Pools = append(s.Chunks[0].Pools, config.Pool{Key: name, Namespace: "n", Service: name, Port: 443})
	s.Chunks[0].Hosts = append(s.Chunks[0].Hosts, config.Host{Listener: name, Hostname: hostname, Rules: []config.Rule{prefixRule("n/"+name, "/", name)}})
	return &s.Root.Listeners[len(s.Root.Listeners)-1]
}

// naming is a backend that says its name, and then what it got.
func naming(t *testing.T, name string) config.Endpoint {
	t.Helper()
	return rawBackend(t, func(conn *net.TCPConn) {
		_, _ = io.WriteString(conn, name+" got ")
		_, _ = io.Copy(conn, struct{ io.Reader }{conn})
		_ = conn.CloseWrite()
	})
}

func (b *bed) tls(name string, change ...func(*tls.Config)) (*tls.Conn, error) {
	b.t.Helper()
	c := &tls.Config{ServerName: name, InsecureSkipVerify: true}
	for _, f := range change {
		f(c)
	}
	conn, err := tls.Dial("tcp", b.addr(443), c)
	if err == nil {
		b.t.Cleanup(func() { conn.Close() })
	}
	return conn, err
}

// TestTLSThatIsEnded keeps that a backend gets in the clear what is within, and that each side may end its direction.
func TestTLSThatIsEnded(t *testing.T) {
	s := passingSnapshot(nil)
	ending(t, &s, "ended", "ended.org", naming(t, "ended"))
	b := start(t, s)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		conn, err := b.tls("ENDED.org", func(c *tls.Config) { c.MaxVersion, c.NextProtos = version, []string{"h2", "http/1.1"} })
		if err != nil {
			t.Fatal(err)
		}
		if agreed := conn.ConnectionState(); agreed.NegotiatedProtocol != "" || agreed.PeerCertificates[0].SerialNumber.Cmp(s.Certificates["n/ended"].Leaf.SerialNumber) != 0 {
			t.Fatalf("got %q", agreed.NegotiatedProtocol)
		}
		sent := strings.Repeat("0123456789abcde", 1<<17)
		go func() {
			_, _ = io.WriteString(conn, sent)
			_ = conn.CloseWrite()
		}()
		got, err := io.ReadAll(conn) // which fails without a close_notify
		if err != nil || string(got) != "ended got "+sent {
			t.Fatalf("got %d bytes, %v", len(got), err)
		}
	}
	record := b.lastPassed("ended.org")
	if record["listener"] != "ended" || record["route"] != "n/ended" || record["reason"] != "" || record["bytes_up"].(float64) != 15<<17 {
		t.Fatalf("got %v", record)
	}
}

// TestBreaksOfEndedTLSAreTold keeps that neither side takes half for whole.
func TestBreaksOfEndedTLSAreTold(t *testing.T) {
	told := make(chan error, 1)
	s := passingSnapshot(nil)
	ending(t, &s, "ended", "ended.org", rawBackend(t, func(conn *net.TCPConn) {
		first := make([]byte, 4)
		if _, err := io.ReadFull(conn, first); err != nil || string(first) == "half" {
			_ = conn.SetLinger(0)
			return
		}
		_, _ = conn.Write(first)
		_, err := io.Copy(io.Discard, conn)
		told <- err
	}))
	ending(t, &s, "empty", "empty.org")
	b := start(t, s)
	dial := func(name, say string) *tls.Conn {
		t.Helper()
		conn, err := b.tls(name)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(conn, say)
		return conn
	}
	if _, err := io.ReadAll(dial("ended.org", "half")); err == nil {
		t.Fatal("a backend that breaks off looked like one that has said all")
	}
	b.lastReason("upstream_reset")
	if _, err := io.ReadAll(dial("empty.org", "")); err == nil {
		t.Fatal("no backend looked like one that has nothing to say")
	}
	b.lastReason("no_endpoint")
	conn := dial("ended.org", "whole")
	if _, err := io.ReadFull(conn, make([]byte, 4)); err != nil {
		t.Fatal(err)
	}
	_ = conn.NetConn().Close() // without close_notify
	if err := <-told; err == nil {
		t.Fatal("a client that breaks off looked like one that has said all")
	}
	b.lastReason("client_gone")
}

// TestTLSOfAllKindsOnOnePort keeps that the most specific hostname says what becomes of a connection.
func TestTLSOfAllKindsOnOnePort(t *testing.T) {
	s := secureSnapshot(t, config.Listener{Name: "web", Hostname: "*.org"})
	ending(t, &s, "exact", "a.wild.org", naming(t, "exact"))
	ending(t, &s, "deep", "*.deep.wild.org", naming(t, "deep"))
	s.Root.Listeners = append(s.Root.Listeners, passing("passed", "*.wild.org"))
	s.Certificates["backend"] = certificate(t, "*.wild.org")
	s.Endpoints["passed"] = []config.Endpoint{tlsBackend(t, s.Certificates["backend"])}
	s.Chunks[0].Pools = append(s.Chunks[0].Pools, config.Pool{Key: "passed", Namespace: "n", Service: "passed", Port: 443})
	s.Chunks[0].Hosts = append(s.Chunks[0].Hosts, config.Host{Listener: "passed", Hostname: "*.wild.org", Rules: []config.Rule{prefixRule("n/passed", "/", "passed")}})
	// The hosts of a listener may be narrower than it is.
	for i := range s.Chunks[0].Hosts {
		if s.Chunks[0].Hosts[i].Listener == "deep" {
			s.Chunks[0].Hosts[i].Hostname = "x.deep.wild.org"
		}
	}
	b := start(t, s)
	cases := []struct{ name, certificate, want string }{
		{"a.wild.org", "n/exact", "exact got hello"},
		{"x.deep.wild.org", "n/deep", "deep got hello"},
		{"b.wild.org", "backend", "hello"},
		{"c.b.wild.org", "backend", "hello"},
		{"a.org", "n/web", ""},
	}
	for _, c := range cases {
		conn, err := b.tls(c.name)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if conn.ConnectionState().PeerCertificates[0].SerialNumber.Cmp(s.Certificates[c.certificate].Leaf.SerialNumber) != 0 {
			t.Fatalf("%s: got another certificate than %s", c.name, c.certificate)
		}
		if c.want == "" {
			for host, want := range map[string]int{c.name: 200, "a.wild.org": 421} {
				if status, err := b.over(conn, host); err != nil || status != want {
					t.Fatalf("%s: got %d, %v", host, status, err)
				}
			}
			continue
		}
		_, _ = io.WriteString(conn, "hello")
		got := make([]byte, len(c.want))
		if _, err := io.ReadFull(conn, got); err != nil || string(got) != c.want {
			t.Fatalf("%s: got %q, %v", c.name, got, err)
		}
	}
	if _, err := b.tls("nobody.example"); !errors.Is(err, io.EOF) {
		t.Fatalf("no listener, so it is nobody's to answer: got %v", err)
	}
	if _, err := b.tls("y.deep.wild.org"); err == nil || !strings.Contains(err.Error(), "unrecognized name") {
		t.Fatalf("no route, with a listener that ends TLS: got %v", err)
	}
}

// TestEndedTLSAsksWhatItsListenerSays keeps that client certificates and application protocols are those of the listener.
func TestEndedTLSAsksWhatItsListenerSays(t *testing.T) {
	s := passingSnapshot(nil)
	known := certificate(t, "client")
	asking := ending(t, &s, "asking", "asking.org", naming(t, "asking"))
	asking.TLS.ClientAuth = config.ClientAuth{Mode: config.ClientAuthRequired, CA: pemOf(known)}
	open := ending(t, &s, "open", "open.org", naming(t, "open"))
	open.TLS.Options = config.TLSOptions{MaxVersion: "1.2", ALPN: []string{"http/1.1"}}
	b := start(t, s)
	speaks := func(name string, change func(*tls.Config)) error {
		conn, err := b.tls(name, change)
		if err != nil {
			return err
		}
		got := make([]byte, len(name)-len(".org"))
		if _, err := io.ReadFull(conn, got); err != nil || string(got)+".org" != name {
			return fmt.Errorf("got %q: %w", got, err)
		}
		if agreed := conn.ConnectionState(); name == "open.org" && (agreed.Version != tls.VersionTLS12 || agreed.NegotiatedProtocol != "http/1.1") {
			return errors.New("the options of the listener were not minded")
		}
		return nil
	}
	if err := speaks("open.org", func(c *tls.Config) { c.NextProtos = []string{"h2", "http/1.1"} }); err != nil {
		t.Fatal(err)
	}
	if err := speaks("asking.org", func(c *tls.Config) { c.Certificates = []tls.Certificate{*known} }); err != nil {
		t.Fatal(err)
	}
	stranger := certificate(t, "client")
	for name, certificates := range map[string][]tls.Certificate{"none": nil, "a stranger's": {*stranger}} {
		if err := speaks("asking.org", func(c *tls.Config) { c.Certificates = certificates }); err == nil {
			t.Fatalf("a client whose certificate is %s was let in", name)
		}
	}
}

// TestTLSToBackendsOfLayer4 keeps that what is passed on goes in TLS to backends that ask for it, that they prove who they
// are, and that what has TLS of its own gets no other one around it.
func TestTLSToBackendsOfLayer4(t *testing.T) {
	ca := newAuthority(t)
	own := ca.issue("backend.org")
	endpoint := rawBackend(t, func(conn *net.TCPConn) {
		secured := tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{*own}})
		first := make([]byte, 5)
		if _, err := io.ReadFull(secured, first); err != nil || string(first) == "break" {
			return // without close_notify
		}
		_, _ = secured.Write(first)
		if _, err := io.Copy(secured, secured); err == nil {
			_ = secured.Close()
		}
	})
	s := passingSnapshot(nil)
	ending(t, &s, "ended", "ended.org", endpoint)
	ending(t, &s, "wrong", "wrong.org", endpoint)
	s.Chunks[0].Pools = s.Chunks[0].Pools[1:]
	s.Chunks[0].Pools[0].TLS = &config.BackendTLS{Hostname: "backend.org", CA: ca.pem()}
	s.Chunks[0].Pools[1].TLS = &config.BackendTLS{Hostname: "another.org", CA: ca.pem()}
	s.Root.Listeners = append(s.Root.Listeners, passing("passed", "passed.org"), config.Listener{Name: "tcp", Port: 90, Protocol: config.TCP})
	for listener, hostname := range map[string]string{"passed": "passed.org", "tcp": ""} {
		s.Chunks[0].Hosts = append(s.Chunks[0].Hosts, config.Host{Listener: listener, Hostname: hostname, Rules: []config.Rule{prefixRule("n/"+listener, "/", "ended")}})
	}
	b := start(t, s)
	plain, err := net.Dial("tcp", b.addr(90))
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	ended, err := b.tls("ended.org")
	if err != nil {
		t.Fatal(err)
	}
	passed, err := b.tls("passed.org")
	if err != nil {
		t.Fatal(err)
	}
	sent := strings.Repeat("0123456789abcde", 1<<16)
	for name, conn := range map[string]net.Conn{"TCP": plain, "TLS that is ended": ended, "TLS that is passed through": passed} {
		go func() {
			_, _ = io.WriteString(conn, sent)
			_ = conn.(interface{ CloseWrite() error }).CloseWrite()
		}()
		if got, err := io.ReadAll(conn); err != nil || string(got) != sent {
			t.Fatalf("%s: got %d bytes, %v", name, len(got), err)
		}
	}
	again, err := b.tls("ended.org")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(again, "break")
	if _, err := io.ReadAll(again); err == nil {
		t.Fatal("a backend that breaks off looked like one that has said all")
	}
	b.lastReason("upstream_reset")
	wrong, err := b.tls("wrong.org")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(wrong); err == nil {
		t.Fatal("a backend that does not prove who it is looked like one that has nothing to say")
	}
	b.lastReason("backend_certificate")
}
