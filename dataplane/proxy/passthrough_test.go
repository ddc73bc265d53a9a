package proxy_test

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/dataplane/proxy"
)

// passing is a listener on port 443 that passes TLS through.
func passing(name, hostname string) config.Listener {
	return config.Listener{Name: name, Port: 443, Protocol: config.TLSProtocol, Hostname: hostname, TLS: &config.TLS{Passthrough: true}}
}

// passingSnapshot is passing listeners with a host each that goes to the pool "raw".
func passingSnapshot(endpoints []config.Endpoint, listeners ...config.Listener) proxy.Snapshot {
	s := plainSnapshot(nil, map[string][]config.Endpoint{"raw": endpoints})
	s.Chunks[0].Hosts, s.Root.Listeners = nil, listeners
	for _, l := range listeners {
		s.Chunks[0].Hosts = append(s.Chunks[0].Hosts, config.Host{Listener: l.Name, Hostname: l.Hostname, Rules: []config.Rule{prefixRule("n/"+l.Name, "/", "raw")}})
	}
	return s
}

// rawBackend serves bare TCP connections.
func rawBackend(t *testing.T, serve func(*net.TCPConn)) config.Endpoint {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			running.Go(func() {
				defer conn.Close()
				serve(conn.(*net.TCPConn))
			})
		}
	})
	t.Cleanup(func() { listener.Close(); running.Wait() })
	return endpointOf(t, listener.Addr().String())
}

// returning sends back what it gets, until the client has said all.
func returning(conn *net.TCPConn) {
	_, _ = io.Copy(conn, struct{ io.Reader }{conn})
	_ = conn.CloseWrite()
}

// tlsBackend ends TLS with a certificate, and sends back what it gets.
func tlsBackend(t *testing.T, c *tls.Certificate) config.Endpoint {
	t.Helper()
	return rawBackend(t, func(conn *net.TCPConn) {
		secured := tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{*c}})
		_, _ = io.Copy(secured, secured)
		_ = secured.Close()
	})
}

// helloFor is the ClientHello of a Go client, in one record.
func helloFor(t *testing.T, change *tls.Config) []byte {
	t.Helper()
	near, far := net.Pipe()
	defer far.Close()
	go func() {
		defer near.Close()
		change.InsecureSkipVerify = true
		_ = tls.Client(near, change).Handshake()
	}()
	head := make([]byte, 5)
	if _, err := io.ReadFull(far, head); err != nil {
		t.Fatal(err)
	}
	hello := slices.Concat(head, make([]byte, binary.BigEndian.Uint16(head[3:])))
	if _, err := io.ReadFull(far, hello[5:]); err != nil {
		t.Fatal(err)
	}
	return hello
}

// fragmented cuts a hello into records of a size.
func fragmented(hello []byte, size int) (records []byte) {
	for rest := hello[5:]; len(rest) > 0; {
		n := min(size, len(rest))
		records = append(records, 22, 3, 1, byte(n>>8), byte(n))
		records = append(records, rest[:n]...)
		rest = rest[n:]
	}
	return records
}

// open sends bytes on a new connection to port 443.
func (b *bed) open(pieces ...[]byte) *net.TCPConn {
	b.t.Helper()
	conn, err := net.Dial("tcp", b.addr(443))
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	for i, piece := range pieces {
		if i > 0 {
			time.Sleep(time.Millisecond)
		}
		if _, err := conn.Write(piece); err != nil {
			b.t.Fatal(err)
		}
	}
	return conn.(*net.TCPConn)
}

// TestListenersByServerName keeps that listeners that end TLS and those that do not share a port, and that the more
// specific hostname wins.
func TestListenersByServerName(t *testing.T) {
	s := secureSnapshot(t, config.Listener{Name: "ended", Hostname: "ended.org"}, config.Listener{Name: "api", Hostname: "api.wild.org"},
		config.Listener{Name: "any", Hostname: "*.any.org"})
	listeners := []config.Listener{passing("passed", "passed.org"), passing("wild", "*.wild.org"), passing("deep", "deep.any.org")}
	for _, l := range listeners {
		pool := "tls-" + l.Name
		s.Certificates["backend "+l.Name] = certificate(t, l.Hostname)
		s.Endpoints[pool] = []config.Endpoint{tlsBackend(t, s.Certificates["backend "+l.Name])}
		s.Chunks[0].Pools = append(s.Chunks[0].Pools, config.Pool{Key: pool, Namespace: "n", Service: pool, Port: 443})
		s.Chunks[0].Hosts = append(s.Chunks[0].Hosts, config.Host{Listener: l.Name, Hostname: l.Hostname, Rules: []config.Rule{prefixRule("n/"+l.Name, "/", pool)}})
	}
	s.Root.Listeners = append(s.Root.Listeners, listeners...)
	b := start(t, s)
	cases := map[string]string{
		"ended.org": "n/ended", "api.wild.org": "n/api", "x.any.org": "n/any",
		"passed.org": "backend passed", "a.b.wild.org": "backend wild", "deep.any.org": "backend deep", "PASSED.org": "backend passed",
	}
	for name, want := range cases {
		conn, err := tls.Dial("tcp", b.addr(443), &tls.Config{ServerName: name, InsecureSkipVerify: true})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		defer conn.Close()
		if got := conn.ConnectionState().PeerCertificates[0].SerialNumber; got.Cmp(s.Certificates[want].Leaf.SerialNumber) != 0 {
			t.Fatalf("%s: got another certificate than %s", name, want)
		}
		if !strings.HasPrefix(want, "backend ") {
			if status, err := b.over(conn, name); err != nil || status != 200 {
				t.Fatalf("%s: got %d, %v", name, status, err)
			}
			if status, err := b.over(conn, "passed.org"); err != nil || status != 421 {
				t.Fatalf("a request does not get to what is passed through: got %d, %v", status, err)
			}
			continue
		}
		if _, err := io.WriteString(conn, "hello"); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(conn, make([]byte, 5)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := tls.Dial("tcp", b.addr(443), &tls.Config{ServerName: "nobody.org", InsecureSkipVerify: true}); !errors.Is(err, io.EOF) {
		t.Fatalf("got %v", err)
	}
}

// TestBytesArePassedOn keeps that a backend gets the very bytes of the client however they came, and that each
// side may end its own direction.
func TestBytesArePassedOn(t *testing.T) {
	b := start(t, passingSnapshot([]config.Endpoint{rawBackend(t, func(conn *net.TCPConn) {
		all, _ := io.ReadAll(conn)
		_, _ = fmt.Fprintf(conn, "%d bytes: %s", len(all), all)
	})}, passing("raw", "a.org")))
	hello := helloFor(t, &tls.Config{ServerName: "a.org"})
	small := fragmented(hello, 100)
	bytewise := [][]byte{}
	for i := range small[:60] {
		bytewise = append(bytewise, small[i:i+1])
	}
	protocols := make([]string, 0, 60)
	for i := range 60 {
		protocols = append(protocols, strings.Repeat("x", 190)+fmt.Sprint(i))
	}
	large := helloFor(t, &tls.Config{ServerName: "a.org", NextProtos: protocols})
	cases := map[string][][]byte{
		"whole": {hello}, "records": {small}, "segments": {hello[:3], hello[3:50], hello[50:]}, "bytes": append(bytewise, small[60:]),
		"large": {large}, "large in records": {fragmented(large, 1000)},
	}
	for name, pieces := range cases {
		t.Run(name, func(t *testing.T) {
			conn := b.open(append(pieces, []byte("and more"))...)
			if err := conn.CloseWrite(); err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(conn)
			sent := string(bytes.Join(pieces, nil)) + "and more"
			if want := fmt.Sprintf("%d bytes: %s", len(sent), sent); err != nil || string(got) != want {
				t.Fatalf("got %d bytes, want %d, %v", len(got), len(want), err)
			}
		})
	}
	record := b.lastPassed("a.org")
	if record["listener"] != "raw" || record["route"] != "n/raw" || record["backend"] != "raw" || record["endpoint"] == "" || record["reason"] != "" {
		t.Fatalf("got %v", record)
	}
	if up, down := record["bytes_up"].(float64), record["bytes_down"].(float64); up < 200 || down <= up {
		t.Fatalf("got %v", record)
	}
}

// lastPassed waits for the record of a connection that was passed through.
func (b *bed) lastPassed(host string) map[string]any {
	b.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		for _, record := range b.log.records(b.t) {
			if _, passed := record["bytes_up"]; passed && record["host"] == host {
				return record
			}
		}
	}
	b.t.Fatalf("no line in the access log for %s", host)
	return nil
}

func TestConnectionsThatAreNotPassedOn(t *testing.T) {
	s := passingSnapshot(nil, passing("raw", "a.org"), passing("empty", "empty.org"), passing("any", ""))
	s.Chunks[0].Hosts = s.Chunks[0].Hosts[:1]
	s.Chunks[0].Hosts[0].Rules[0].Backends[0].Pool = "dead"
	s.Endpoints["dead"] = []config.Endpoint{dead(t)}
	s.Chunks[0].Pools = append(s.Chunks[0].Pools, config.Pool{Key: "dead", Namespace: "n", Service: "dead", Port: 443})
	b := start(t, s, func(o *proxy.Options) { o.HeaderTimeout = 300 * time.Millisecond })
	hello := helloFor(t, &tls.Config{ServerName: "a.org"})
	broken := bytes.Clone(hello)
	broken[9+2+32] = 33 // a session id that is too long
	alert := func(description byte) string { return "\x15\x03\x03\x00\x02\x02" + string(description) }
	cases := []struct {
		name, why string
		send      []byte
		want      string
	}{
		{"nobody's name", "no_route", helloFor(t, &tls.Config{ServerName: "nobody.org"}), ""},
		{"no name", "no_server_name", helloFor(t, &tls.Config{}), ""},
		{"no rule", "no_route", helloFor(t, &tls.Config{ServerName: "empty.org"}), ""},
		{"no endpoint", "connect_failed", hello, ""},
		{"plain HTTP", "not_tls", []byte("GET / HTTP/1.1\r\nHost: a.org\r\n\r\n"), ""},
		{"nonsense", "bad_hello", broken, alert(50)},
		{"endless", "bad_hello", append([]byte{22, 3, 1, 0x40, 0, 1, 0, 0xff, 0xff}, make([]byte, 16<<10)...), alert(50)},
		{"slow", "slow_hello", hello[:40], ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			conn := b.open(c.send)
			got, err := io.ReadAll(conn)
			// A hello that is not read to its end may be answered by a reset that overtakes the alert.
			overtaken := c.name == "endless" && errors.Is(err, syscall.ECONNRESET)
			if string(got) != c.want && !overtaken {
				t.Fatalf("got %q, %v", got, err)
			}
			b.lastReason(c.why)
		})
	}
	conn := b.open()
	conn.Close()
	for _, record := range b.log.records(t) {
		if record["reason"] == "silent" {
			t.Fatal("a connection that says nothing is not worth a line")
		}
	}
}

// TestPassthroughTriesAnotherEndpoint keeps that a connection which a dead endpoint does not take gets to another one.
func TestPassthroughTriesAnotherEndpoint(t *testing.T) {
	s := passingSnapshot([]config.Endpoint{dead(t), rawBackend(t, returning), dead(t)}, passing("raw", "a.org"))
	s.Chunks[0].Pools[0].Balance = config.BalanceHash
	b := start(t, s)
	hello := helloFor(t, &tls.Config{ServerName: "a.org"})
	for range 20 {
		conn := b.open(hello)
		if _, err := io.ReadFull(conn, make([]byte, len(hello))); err != nil {
			t.Fatal(err)
		}
		conn.Close()
	}
}

func TestPassthroughIsSplitByWeight(t *testing.T) {
	named := func(name string) config.Endpoint {
		return rawBackend(t, func(conn *net.TCPConn) { _, _ = io.WriteString(conn, name) })
	}
	s := passingSnapshot(nil, passing("raw", "*.a.org"))
	s.Endpoints["one"], s.Endpoints["two"] = []config.Endpoint{named("1")}, []config.Endpoint{named("2")}
	for _, key := range []string{"one", "two"} {
		s.Chunks[0].Pools = append(s.Chunks[0].Pools, config.Pool{Key: key, Namespace: "n", Service: key, Port: 443})
	}
	s.Chunks[0].Hosts[0].Rules[0].Backends = []config.Backend{{Pool: "one", Weight: 3}, {Pool: "two", Weight: 1}}
	b := start(t, s)
	hello := helloFor(t, &tls.Config{ServerName: "x.a.org"})
	got := map[byte]int{}
	for range 40 {
		one := make([]byte, 1)
		if _, err := io.ReadFull(b.open(hello), one); err != nil {
			t.Fatal(err)
		}
		got[one[0]]++
	}
	if got['1'] != 30 || got['2'] != 10 {
		t.Fatalf("got %v", got)
	}
}

// TestPassthroughWaitsForItsReader keeps that a side which does not read is not read for.
func TestPassthroughWaitsForItsReader(t *testing.T) {
	const total = 64 << 20
	var sent sync.Mutex
	written := 0
	b := start(t, passingSnapshot([]config.Endpoint{rawBackend(t, func(conn *net.TCPConn) {
		piece := make([]byte, 64<<10)
		_, _ = conn.Read(piece) // the hello
		for n := 0; n < total; n += len(piece) {
			if _, err := conn.Write(piece); err != nil {
				return
			}
			sent.Lock()
			written += len(piece)
			sent.Unlock()
		}
	})}, passing("raw", "a.org")))
	conn := b.open(helloFor(t, &tls.Config{ServerName: "a.org"}))
	before := -1
	for stalled := 0; stalled < 5; {
		time.Sleep(50 * time.Millisecond)
		sent.Lock()
		now := written
		sent.Unlock()
		if now == before && now > 0 {
			stalled++
		} else {
			stalled = 0
		}
		before = now
	}
	if before > total/2 {
		t.Fatalf("%d bytes were taken from the backend while the client read nothing", before)
	}
	if n, err := io.Copy(io.Discard, conn); err != nil || n != total {
		t.Fatalf("got %d bytes, %v", n, err)
	}
}

func TestLargeStreamsBothWays(t *testing.T) {
	b := start(t, passingSnapshot([]config.Endpoint{rawBackend(t, returning)}, passing("raw", "a.org")))
	hello := helloFor(t, &tls.Config{ServerName: "a.org"})
	sent := bytes.Repeat([]byte("0123456789abcde"), 1<<20)
	conn := b.open(hello)
	go func() {
		_, _ = conn.Write(sent)
		_ = conn.CloseWrite()
	}()
	got, err := io.ReadAll(conn)
	if err != nil || !bytes.Equal(got, append(hello, sent...)) {
		t.Fatalf("got %d bytes, %v", len(got), err)
	}
}

func TestPassthroughTimeouts(t *testing.T) {
	speak := make(chan struct{})
	b := start(t, passingSnapshot([]config.Endpoint{rawBackend(t, func(conn *net.TCPConn) {
		for range speak {
			if _, err := io.WriteString(conn, "."); err != nil {
				return
			}
		}
		_, _ = io.Copy(io.Discard, conn)
	})}, passing("raw", "a.org")), func(o *proxy.Options) { o.TunnelTimeout = 400 * time.Millisecond })
	conn := b.open(helloFor(t, &tls.Config{ServerName: "a.org"}))
	for range 8 {
		time.Sleep(100 * time.Millisecond)
		speak <- struct{}{}
		if _, err := io.ReadFull(conn, make([]byte, 1)); err != nil {
			t.Fatalf("one side that speaks is enough: %v", err)
		}
	}
	close(speak)
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Fatalf("got %v", err)
	}
	b.lastReason("idle")
}

// TestPassthroughBreaks keeps that a break on one side ends the other one.
func TestPassthroughBreaks(t *testing.T) {
	over := make(chan struct{})
	b := start(t, passingSnapshot([]config.Endpoint{rawBackend(t, func(conn *net.TCPConn) {
		first := make([]byte, 4<<10)
		n, _ := conn.Read(first)
		if bytes.Contains(first[:n], []byte("break.a.org")) {
			_ = conn.SetLinger(0)
			return
		}
		_, _ = conn.Write([]byte("."))
		_, _ = io.Copy(io.Discard, struct{ io.Reader }{conn})
		close(over)
	})}, passing("raw", "*.a.org")))
	conn := b.open(helloFor(t, &tls.Config{ServerName: "break.a.org"}))
	if _, err := conn.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("got %v", err)
	}
	b.lastReason("upstream_reset")
	conn = b.open(helloFor(t, &tls.Config{ServerName: "go.a.org"}))
	if _, err := conn.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	_ = conn.SetLinger(0)
	conn.Close()
	<-over
	b.lastReason("client_gone")
}

// TestDrainOfPassthrough keeps that connections that are passed through go on while there is time, and end with it.
func TestDrainOfPassthrough(t *testing.T) {
	b := start(t, passingSnapshot([]config.Endpoint{rawBackend(t, returning)}, passing("raw", "a.org")),
		func(o *proxy.Options) { o.DrainTimeout = time.Second })
	hello := helloFor(t, &tls.Config{ServerName: "a.org"})
	conn := b.open(hello)
	echoed := func(sent []byte) error {
		if _, err := conn.Write(sent); err != nil {
			return err
		}
		_, err := io.ReadFull(conn, make([]byte, len(sent)))
		return err
	}
	if _, err := io.ReadFull(conn, make([]byte, len(hello))); err != nil {
		t.Fatal(err)
	}
	ended := b.runAndStop()
	for b.Ready() {
		time.Sleep(time.Millisecond)
	}
	if err := echoed([]byte("still there")); err != nil {
		t.Fatal(err)
	}
	<-ended
	if _, err := conn.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("got %v", err)
	}
	b.lastReason("drained")
}
