package proxy_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha1"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/dataplane/http2"
	"github.com/fleetgate/fleetgate/dataplane/message"
	"github.com/fleetgate/fleetgate/dataplane/proxy"
)

// h2cClient speaks HTTP/2 without TLS to the proxy.
func (b *bed) h2cClient() *http.Client {
	transport := &http.Transport{DialContext: b.dial, Protocols: new(http.Protocols)}
	transport.Protocols.SetUnencryptedHTTP2(true)
	b.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 10 * time.Second}
}

// TestStreamsOfGRPC keeps what gRPC needs: HTTP/2 on both sides, both directions at once, trailers.
func TestStreamsOfGRPC(t *testing.T) {
	grpc := backend(t, func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 2 || r.Header.Get("Te") != "trailers" {
			http.Error(w, r.Proto, http.StatusTeapot)
			return
		}
		w.Header().Set("Content-Type", "application/grpc")
		w.Header().Set("Trailer", "Grpc-Status")
		_ = http.NewResponseController(w).Flush()
		in := bufio.NewReader(r.Body)
		for {
			line, err := in.ReadString('\n')
			if err != nil {
				break
			}
			_, _ = io.WriteString(w, "echo "+line)
			_ = http.NewResponseController(w).Flush()
		}
		w.Header().Set("Grpc-Status", "7")
		w.Header().Set(http.TrailerPrefix+"Grpc-Message", "late")
	})
	b := start(t, plainSnapshot([]config.Rule{prefixRule("n/r", "/", "h2c")}, map[string][]config.Endpoint{"h2c": {grpc}}))
	body, send := io.Pipe()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://a/pkg.Service/Chat", body)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Te", "trailers")
	response, err := b.h2cClient().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	in := bufio.NewReader(response.Body)
	for i := range 3 {
		if _, err := fmt.Fprintf(send, "%d\n", i); err != nil {
			t.Fatal(err)
		}
		if line, err := in.ReadString('\n'); err != nil || line != fmt.Sprintf("echo %d\n", i) {
			t.Fatalf("got %q, %v, %s", line, err, response.Status)
		}
	}
	send.Close()
	if _, err := io.ReadAll(in); err != nil {
		t.Fatal(err)
	}
	if response.Trailer.Get("Grpc-Status") != "7" || response.Trailer.Get("Grpc-Message") != "late" {
		t.Fatalf("got trailers %v", response.Trailer)
	}
}

func TestRequestTrailers(t *testing.T) {
	b := start(t, plainSnapshot([]config.Rule{prefixRule("n/r", "/", "a")}, map[string][]config.Endpoint{"a": {backend(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, r.Trailer.Get("X-Sum"))
	})}}))
	got := b.raw("POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n2\r\nhi\r\n0\r\nX-Sum: 42\r\n\r\n")
	if !strings.Contains(got, "42") {
		t.Fatalf("got %q", got)
	}
}

func websocketBackend(t *testing.T) config.Endpoint {
	t.Helper()
	return backend(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "websocket" {
			w.WriteHeader(http.StatusUpgradeRequired)
			return
		}
		conn, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-Websocket-Accept: x\r\n\r\n")
		_, _ = io.Copy(conn, buffered)
	})
}

func TestWebSocket(t *testing.T) {
	rule := prefixRule("n/ws", "/", "a")
	rule.Timeouts = config.Timeouts{Request: 150, BackendRequest: 150}
	b := start(t, plainSnapshot([]config.Rule{rule}, map[string][]config.Endpoint{"a": {websocketBackend(t)}}))
	conn, in := b.openWebSocket()
	defer conn.Close()
	for i := range 4 {
		if _, err := fmt.Fprintf(conn, "message %d\n", i); err != nil {
			t.Fatal(err)
		}
		if line, err := in.ReadString('\n'); err != nil || line != fmt.Sprintf("message %d\n", i) {
			t.Fatalf("got %q, %v", line, err)
		}
		time.Sleep(60 * time.Millisecond) // the time limits of the rule are not for the conversation
	}
	conn.Close()
	if record := b.last("/socket"); record["status"] != 101.0 {
		t.Fatalf("got %v", record)
	}
}

func (b *bed) openWebSocket() (net.Conn, *bufio.Reader) {
	b.t.Helper()
	conn, err := net.Dial("tcp", b.addr(80))
	if err != nil {
		b.t.Fatal(err)
	}
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	_, _ = io.WriteString(conn, "GET /socket HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n\r\n")
	in := bufio.NewReader(conn)
	response, err := http.ReadResponse(in, nil)
	if err != nil || response.StatusCode != 101 || response.Header.Get("Upgrade") != "websocket" {
		b.t.Fatalf("got %v, %v", response, err)
	}
	return conn, in
}

func TestShutdownEndsWebSocketsInTime(t *testing.T) {
	b := start(t, plainSnapshot([]config.Rule{prefixRule("n/ws", "/", "a")}, map[string][]config.Endpoint{"a": {websocketBackend(t)}}))
	conn, in := b.openWebSocket()
	defer conn.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := b.Shutdown(ctx); err == nil {
		t.Fatal("the conversation had to be cut")
	}
	if _, err := in.ReadByte(); err == nil {
		t.Fatal("still open")
	}
}

func certificate(t *testing.T, names ...string) *tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), DNSNames: names, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

func TestTLSByServerName(t *testing.T) {
	s := plainSnapshot(nil, map[string][]config.Endpoint{"a": {backend(t, echo("a"))}})
	s.Root.Listeners = []config.Listener{
		{Name: "one", Port: 443, Protocol: config.HTTPS, Hostname: "one.org", TLS: &config.TLS{Secrets: []string{"n/missing", "n/one"}}},
		{Name: "wild", Port: 443, Protocol: config.HTTPS, Hostname: "*.two.org", TLS: &config.TLS{Secrets: []string{"n/two"}}},
		{Name: "bare", Port: 443, Protocol: config.HTTPS, Hostname: "bare.org", TLS: &config.TLS{Secrets: []string{"n/none"}}},
	}
	for _, l := range []string{"one", "wild"} {
		s.Chunks[0].Hosts = append(s.Chunks[0].Hosts, config.Host{Listener: l, Rules: []config.Rule{prefixRule("n/"+l, "/", "a")}})
	}
	s.Certificates = map[string]*tls.Certificate{"n/one": certificate(t, "one.org"), "n/two": certificate(t, "*.two.org")}
	b := start(t, s)
	serial := func(name string) (*big.Int, error) {
		conn, err := tls.Dial("tcp", b.addr(443), &tls.Config{ServerName: name, InsecureSkipVerify: true})
		if err != nil {
			return nil, err
		}
		defer conn.Close()
		return conn.ConnectionState().PeerCertificates[0].SerialNumber, nil
	}
	for name, secret := range map[string]string{"one.org": "n/one", "a.b.two.org": "n/two"} {
		if got, err := serial(name); err != nil || got.Cmp(s.Certificates[secret].Leaf.SerialNumber) != 0 {
			t.Fatalf("%s: got %v, %v", name, got, err)
		}
	}
	for _, name := range []string{"bare.org", "unknown.org"} {
		if _, err := serial(name); err == nil {
			t.Fatalf("%s has no certificate, and gets nobody else's", name)
		}
	}
	requireMisdirected(t, b)
	s.Certificates = map[string]*tls.Certificate{"n/one": certificate(t, "one.org")}
	b.apply(s)
	if got, err := serial("one.org"); err != nil || got.Cmp(s.Certificates["n/one"].Leaf.SerialNumber) != 0 {
		t.Fatalf("a new certificate is used at once: got %v, %v", got, err)
	}
}

func requireMisdirected(t *testing.T, b *bed) {
	t.Helper()
	conn, err := tls.Dial("tcp", b.addr(443), &tls.Config{ServerName: "one.org", InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for host, want := range map[string]int{"a.two.org": 421, "one.org": 200} {
		_, _ = io.WriteString(conn, "GET /tls HTTP/1.1\r\nHost: "+host+"\r\n\r\n")
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil || response.StatusCode != want {
			t.Fatalf("%s on a connection for one.org: got %v, %v", host, response, err)
		}
		body, _ := io.ReadAll(response.Body)
		if want == 200 && !strings.Contains(string(body), `"X-Forwarded-Proto":["https"]`) {
			t.Fatalf("got %s", body)
		}
	}
}

func TestHeadAndEmptyAnswers(t *testing.T) {
	b := start(t, plainSnapshot([]config.Rule{prefixRule("n/r", "/", "a")}, map[string][]config.Endpoint{"a": {backend(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/204":
			w.WriteHeader(http.StatusNoContent)
		case "/304":
			w.WriteHeader(http.StatusNotModified)
		default:
			w.Header().Set("Content-Length", "5")
			_, _ = io.WriteString(w, "12345")
		}
	})}}))
	if got := b.do(http.MethodHead, "http://a/", nil); got.StatusCode != 200 || got.ContentLength != 5 || got.body != "" {
		t.Fatalf("got %+v", got)
	}
	for path, want := range map[string]int{"/204": 204, "/304": 304} {
		if got := b.get("http://a" + path); got.StatusCode != want {
			t.Fatalf("got %d", got.StatusCode)
		}
	}
	if got := b.do(http.MethodHead, "http://a/", nil, "Expect", "100-continue"); got.StatusCode != 200 {
		t.Fatalf("got %d", got.StatusCode)
	}
}

func BenchmarkProxy(b *testing.B) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	body := strings.Repeat("x", 1024)
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) })}
	go func() { _ = server.Serve(listener) }()
	defer server.Close()
	front, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	p := proxy.New(proxy.Options{Listen: func(context.Context, int32) (net.Listener, error) { return front, nil }})
	defer func() { _ = p.Shutdown(b.Context()) }()
	address := listener.Addr().(*net.TCPAddr)
	s := plainSnapshot([]config.Rule{prefixRule("n/r", "/", "a")},
		map[string][]config.Endpoint{"a": {{Address: "127.0.0.1", Port: int32(address.Port)}}})
	if err := p.Apply(s); err != nil {
		b.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	defer client.CloseIdleConnections()
	b.ReportAllocs()
	for b.Loop() {
		response, err := client.Get("http://" + front.Addr().String() + "/x")
		if err != nil {
			b.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, response.Body)
		response.Body.Close()
	}
}

// TestDrainOfHTTP2 keeps that clients of HTTP/2 learn that the connection ends while the proxy still serves, and lose nothing.
func TestDrainOfHTTP2(t *testing.T) {
	b := start(t, plainSnapshot([]config.Rule{prefixRule("n/r", "/", "a")}, map[string][]config.Endpoint{"a": {backend(t, echo("a"))}}),
		func(o *proxy.Options) { o.DrainWait = 2 * time.Second })
	client := b.h2cClient()
	get := func() int {
		response, err := client.Get("http://a/")
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		_, _ = io.Copy(io.Discard, response.Body)
		return response.StatusCode
	}
	get()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx) }()
	stop()
	for b.Ready() {
		time.Sleep(time.Millisecond)
	}
	for range 20 {
		if got := get(); got != 200 {
			t.Fatalf("got %d", got)
		}
	}
	client.CloseIdleConnections()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
}

// acceptingBackend opens a WebSocket as RFC 6455 has it, and sends back what it gets.
func acceptingBackend(t *testing.T) config.Endpoint {
	t.Helper()
	return conversing(t, func(conn net.Conn, in *bufio.Reader, _ *recorder) {
		request, err := http.ReadRequest(in)
		if err != nil || request.Method != http.MethodGet || request.Header.Get("Upgrade") != "websocket" {
			return
		}
		_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: "+
			acceptOf(request.Header.Get("Sec-Websocket-Key"))+"\r\n\r\n")
		_, _ = io.Copy(conn, in)
	}).Endpoint
}

// openTunnel opens a WebSocket, and gives what sends a text and waits for it to come back.
func (b *bed) openTunnel(overHTTP2 bool) (echoed func(string) error) {
	b.t.Helper()
	if !overHTTP2 {
		conn, in := b.openWebSocket()
		b.t.Cleanup(func() { conn.Close() })
		return func(text string) error {
			if _, err := io.WriteString(conn, text); err != nil {
				return err
			}
			_, err := io.ReadFull(in, make([]byte, len(text)))
			return err
		}
	}
	call := b.openExtended()
	return func(text string) error {
		if err := call.Body([]byte(text), false); err != nil {
			return err
		}
		got, err := call.Next()
		if err == nil && string(got) != text {
			err = fmt.Errorf("got %q", got)
		}
		return err
	}
}

// openExtended opens a WebSocket by extended CONNECT.
func (b *bed) openExtended() *http2.Call {
	b.t.Helper()
	conn, err := net.Dial("tcp", b.addr(80))
	if err != nil {
		b.t.Fatal(err)
	}
	client := http2.NewClient(conn, http2.ClientOptions{})
	b.t.Cleanup(func() { client.Close(); <-client.Done() })
	call, err := client.Open()
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(call.Release)
	call.SetDeadline(time.Now().Add(10 * time.Second))
	request := message.Request{
		Method: "CONNECT", Scheme: "http", Authority: "a", Target: "/socket", Upgrade: "websocket", ContentLength: message.Unknown,
		Fields: []message.Field{message.NewField("sec-websocket-version", "13")},
	}
	if err := call.Send(&request, nil, false); err != nil {
		b.t.Fatal(err)
	}
	var response message.Response
	if err := call.Receive(&response); err != nil || response.Status != 200 {
		b.t.Fatalf("got %d, %v", response.Status, err)
	}
	return call
}

// TestWebSocketOverHTTP2 opens a WebSocket by extended CONNECT (RFC 8441) to a backend that speaks HTTP/1.1.
func TestWebSocketOverHTTP2(t *testing.T) {
	b := start(t, plainSnapshot([]config.Rule{prefixRule("n/ws", "/", "a")}, map[string][]config.Endpoint{"a": {acceptingBackend(t)}}))
	echoed := b.openTunnel(true)
	for i := range 3 {
		if err := echoed(fmt.Sprintf("message %d", i)); err != nil {
			t.Fatal(err)
		}
	}
}

// acceptOf gives a backend's answer to the key of a WebSocket (RFC 6455 section 4.2.2).
func acceptOf(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}
