package proxy_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/dataplane/proxy"
)

// packets are the UDP sockets that a proxy has opened.
type packets struct {
	mutex  sync.Mutex
	opened int
	addr   string
}

func (p *packets) listen(o *proxy.Options) {
	o.ListenPacket = func(ctx context.Context, _ int32) (net.PacketConn, error) {
		var config net.ListenConfig
		conn, err := config.ListenPacket(ctx, "udp", "127.0.0.1:0")
		if err == nil {
			p.mutex.Lock()
			defer p.mutex.Unlock()
			p.opened++
			p.addr = conn.LocalAddr().String()
		}
		return conn, err
	}
}

func (p *packets) get() (opened int, addr string) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return p.opened, p.addr
}

// client speaks HTTP/3 with the proxy, whatever the host of a URL.
func (p *packets) client(t *testing.T) *http.Client {
	t.Helper()
	transport := &http3.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
		Dial: func(ctx context.Context, _ string, tlsConfig *tls.Config, config *quic.Config) (*quic.Conn, error) {
			_, addr := p.get()
			return quic.DialAddr(ctx, addr, tlsConfig, config)
		},
	}
	t.Cleanup(func() { _ = transport.Close() })
	return &http.Client{Transport: transport, Timeout: 20 * time.Second}
}

// http3Snapshot is two listeners with TLS on one port, of which the first has HTTP/3.
func http3Snapshot(t *testing.T, handler http.HandlerFunc) proxy.Snapshot {
	t.Helper()
	s := plainSnapshot([]config.Rule{prefixRule("n/plain", "/", "a")}, map[string][]config.Endpoint{"a": {backend(t, handler)}})
	s.Root.Listeners = append(s.Root.Listeners,
		config.Listener{Name: "one", Port: 443, Protocol: config.HTTPS, Hostname: "one.org", HTTP3: true, TLS: &config.TLS{Secrets: []string{"n/one"}}},
		config.Listener{Name: "two", Port: 443, Protocol: config.HTTPS, Hostname: "two.org", TLS: &config.TLS{Secrets: []string{"n/two"}}},
	)
	for _, l := range []string{"one", "two"} {
		s.Chunks[0].Hosts = append(s.Chunks[0].Hosts, config.Host{Listener: l, Rules: []config.Rule{prefixRule("n/"+l, "/", "a")}})
	}
	s.Certificates = map[string]*tls.Certificate{"n/one": certificate(t, "one.org"), "n/two": certificate(t, "two.org")}
	return s
}

// ask gets a URL with a client.
func ask(t *testing.T, client *http.Client, url string) reply {
	t.Helper()
	response, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{response, string(body)}
}

func TestHTTP3(t *testing.T) {
	udp := &packets{}
	b := start(t, http3Snapshot(t, echo("a")), udp.listen)
	client := udp.client(t)
	got := ask(t, client, "https://one.org/x?y=z").seen(t)
	if got.Method != "GET" || got.Target != "/x?y=z" || got.Host != "one.org" || got.Proto != "HTTP/1.1" {
		t.Errorf("got %+v", got)
	}
	for name, want := range map[string]string{"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Proto": "https", "X-Forwarded-Port": "443"} {
		if value := got.Header.Get(name); value != want {
			t.Errorf("%s: got %q, want %q", name, value, want)
		}
	}
	if length := got.Header.Get("Content-Length") + got.Header.Get("Transfer-Encoding"); length != "" {
		t.Errorf("a GET has no body: %q", length)
	}
	record := b.last("/x")
	if record["listener"] != "one" || record["route"] != "n/one" || record["status"] != 200.0 {
		t.Errorf("logged %v", record)
	}
	if alternative := ask(t, client, "https://one.org/").Header.Get("Alt-Svc"); alternative != "" {
		t.Errorf("who is there need not be told: %q", alternative)
	}
}

func TestHTTP3Bodies(t *testing.T) {
	large := make([]byte, 1<<20)
	_, _ = rand.Read(large)
	udp := &packets{}
	start(t, http3Snapshot(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		w.Header().Set("Trailer", "X-Sum")
		_, _ = w.Write(body)
		w.Header().Set("X-Sum", r.Trailer.Get("X-Sum"))
	}), udp.listen)
	client := udp.client(t)
	for _, body := range []io.Reader{bytes.NewReader(large), io.MultiReader(bytes.NewReader(large))} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://one.org/", body)
		if err != nil {
			t.Fatal(err)
		}
		if request.ContentLength <= 0 {
			request.Trailer = http.Header{"X-Sum": {"42"}}
		}
		response, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil || !bytes.Equal(got, large) {
			t.Errorf("got %d bytes, %v", len(got), err)
		}
		if got, want := response.Trailer.Get("X-Sum"), request.Trailer.Get("X-Sum"); got != want {
			t.Errorf("got trailer %q, want %q", got, want)
		}
	}
}

func TestHTTP3Listeners(t *testing.T) {
	udp := &packets{}
	s := http3Snapshot(t, echo("a"))
	b := start(t, s, udp.listen)
	client := udp.client(t)
	if got := ask(t, client, "https://one.org/"); got.StatusCode != 200 || got.TLS.PeerCertificates[0].Subject.String() != s.Certificates["n/one"].Leaf.Subject.String() {
		t.Errorf("got %d", got.StatusCode)
	}
	for _, name := range []string{"two.org", "three.org"} {
		if response, err := client.Get("https://" + name + "/"); err == nil {
			_ = response.Body.Close()
			t.Errorf("%s has no HTTP/3: got %d", name, response.StatusCode)
		}
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://one.org/", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Host = "two.org"
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != 421 {
		t.Errorf("a request for another listener: got %d", response.StatusCode)
	}
	s.Certificates = map[string]*tls.Certificate{"n/one": certificate(t, "one.org"), "n/two": s.Certificates["n/two"]}
	b.apply(s)
	got := ask(t, udp.client(t), "https://one.org/").TLS.PeerCertificates[0].SerialNumber
	if got.Cmp(s.Certificates["n/one"].Leaf.SerialNumber) != 0 {
		t.Error("a new certificate is used at once")
	}
}

func TestAlternativeService(t *testing.T) {
	udp := &packets{}
	s := http3Snapshot(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/own" {
			w.Header().Set("Alt-Svc", "clear")
		}
	})
	s.Chunks[0].Hosts[1].Rules = append(s.Chunks[0].Hosts[1].Rules, config.Rule{
		Route: "n/redirect", Matches: []config.Match{{PathKind: config.PathPrefix, Path: "/moved"}},
		Filters: config.Filters{Redirect: &config.Redirect{Status: 302, Hostname: "else.org"}},
	})
	b := start(t, s, udp.listen)
	b.client.Transport.(*http.Transport).TLSClientConfig = &tls.Config{InsecureSkipVerify: true}
	const told = `h3=":443"; ma=3600`
	for _, test := range []struct{ url, want, reason string }{
		{"https://one.org/", told, "the listener has HTTP/3"},
		{"https://one.org/own", "clear", "the backend knows better"},
		{"https://one.org/moved", told, "answers of our own too"},
		{"https://one.org/%00", "", "refused before the listener is known"},
		{"https://two.org/", "", "the listener has no HTTP/3"},
		{"http://one.org/", "", "there is no TLS"},
	} {
		if got := b.get(test.url).Header.Get("Alt-Svc"); got != test.want {
			t.Errorf("%s: %s: got %q", test.url, test.reason, got)
		}
	}
}

// TestHTTP3Swap turns HTTP/3 on and off, with a request under way, and TCP untouched.
func TestHTTP3Swap(t *testing.T) {
	begun, resume := make(chan struct{}), make(chan struct{})
	on := http3Snapshot(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			close(begun)
			<-resume
		}
		_, _ = io.WriteString(w, "ok")
	})
	off := on
	off.Root.Listeners = append([]config.Listener(nil), on.Root.Listeners...)
	off.Root.Listeners[1].HTTP3 = false
	udp := &packets{}
	b := start(t, off, udp.listen)
	if opened, _ := udp.get(); opened != 0 {
		t.Fatal("no socket is opened for a listener without HTTP/3")
	}
	tcp := b.addr(443)
	b.apply(on)
	client := udp.client(t)
	slow := make(chan string, 1)
	go func() {
		response, err := client.Get("https://one.org/slow")
		if err != nil {
			slow <- err.Error()
			return
		}
		defer response.Body.Close()
		body, _ := io.ReadAll(response.Body)
		slow <- string(body)
	}()
	<-begun
	b.apply(off)
	if response, err := udp.client(t).Get("https://one.org/"); err == nil {
		_ = response.Body.Close()
		t.Error("HTTP/3 is off")
	}
	b.apply(on) // on the socket whose last request has not ended
	if got := ask(t, udp.client(t), "https://one.org/").body; got != "ok" {
		t.Errorf("got %q", got)
	}
	close(resume)
	if got := <-slow; got != "ok" {
		t.Errorf("what was under way ends: got %q", got)
	}
	if opened, _ := udp.get(); opened != 1 || b.addr(443) != tcp {
		t.Errorf("%d sockets opened, TCP on %s and %s", opened, tcp, b.addr(443))
	}
}

func TestHTTP3PortTaken(t *testing.T) {
	refused := errors.New("taken")
	udp := &packets{}
	s := http3Snapshot(t, echo("a"))
	b := start(t, plainSnapshot(nil, nil), udp.listen, func(o *proxy.Options) {
		open, tries := o.ListenPacket, 0
		o.ListenPacket = func(ctx context.Context, port int32) (net.PacketConn, error) {
			if tries++; tries == 1 {
				return nil, refused
			}
			return open(ctx, port)
		}
	})
	if err := b.Apply(s); !errors.Is(err, refused) || !strings.Contains(err.Error(), "443") {
		t.Fatalf("got %v", err)
	}
	b.client.Transport.(*http.Transport).TLSClientConfig = &tls.Config{InsecureSkipVerify: true}
	if got := b.get("https://one.org/").StatusCode; got != 200 {
		t.Errorf("TCP works all the same: got %d", got)
	}
	b.apply(s)
	if got := ask(t, udp.client(t), "https://one.org/").StatusCode; got != 200 {
		t.Errorf("got %d", got)
	}
}

func TestHTTP3ClientLeaves(t *testing.T) {
	begun, left := make(chan struct{}), make(chan struct{})
	udp := &packets{}
	b := start(t, http3Snapshot(t, func(_ http.ResponseWriter, r *http.Request) {
		close(begun)
		<-r.Context().Done()
		close(left)
	}), udp.listen)
	ctx, cancel := context.WithCancel(t.Context())
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://one.org/leave", nil)
	if err != nil {
		t.Fatal(err)
	}
	client := udp.client(t)
	go func() {
		<-begun
		cancel()
	}()
	if response, err := client.Do(request); err == nil {
		_ = response.Body.Close()
		t.Error("nobody has answered")
	}
	select {
	case <-left:
	case <-time.After(20 * time.Second):
		t.Fatal("the backend was not told")
	}
	if record := b.last("/leave"); record["reason"] != proxy.ReasonClientGone {
		t.Errorf("logged %v", record)
	}
}

// TestHTTP3BackendFails keeps that a client that still sends gets an answer.
func TestHTTP3BackendFails(t *testing.T) {
	breaks := backend(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = r.Body.Read(make([]byte, 1000))
		panic(http.ErrAbortHandler)
	})
	for _, test := range []struct {
		name, reason string
		endpoint     config.Endpoint
	}{
		{"dead", "nothing was sent to it", dead(t)},
		{"breaks", "it takes a part of the body", breaks},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := http3Snapshot(t, nil)
			s.Endpoints = map[string][]config.Endpoint{"a": {test.endpoint}}
			udp := &packets{}
			start(t, s, udp.listen)
			endless, end := io.Pipe()
			defer end.Close()
			go func() {
				for {
					if _, err := end.Write(make([]byte, 64<<10)); err != nil {
						return
					}
				}
			}()
			response, err := udp.client(t).Post("https://one.org/", "text/plain", endless)
			if err != nil {
				t.Fatalf("%s: %v", test.reason, err)
			}
			_ = response.Body.Close()
			if response.StatusCode != 502 {
				t.Errorf("%s: got %d", test.reason, response.StatusCode)
			}
		})
	}
}

// TestDrainOfHTTP3 keeps that clients of HTTP/3 lose nothing while the proxy drains.
func TestDrainOfHTTP3(t *testing.T) {
	udp := &packets{}
	b := start(t, http3Snapshot(t, func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(2 * time.Millisecond)
		_, _ = w.Write(make([]byte, 20<<10))
	}), udp.listen, func(o *proxy.Options) { o.DrainWait = 300 * time.Millisecond })
	client := udp.client(t)
	var lost, done atomic.Int32
	get := func() {
		response, err := client.Get("https://one.org/")
		for again := 0; again < 5 && err != nil && strings.Contains(err.Error(), "connection in graceful shutdown"); again++ {
			response, err = client.Get("https://one.org/") // the client took a connection that it had just been told to leave, and sent nothing
		}
		if err != nil {
			t.Log(err)
			lost.Add(1)
			return
		}
		defer response.Body.Close()
		if n, err := io.Copy(io.Discard, response.Body); err != nil || n != 20<<10 {
			lost.Add(1)
		}
		done.Add(1)
	}
	get()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx) }()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for b.Ready() {
				get()
			}
			get() // the proxy is draining, and still serves
		})
	}
	for done.Load() < 20 && lost.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	stop()
	wg.Wait()
	if lost.Load() > 0 {
		t.Errorf("%d of %d requests lost", lost.Load(), done.Load())
	}
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
}

func TestHTTP3ConnectionLimit(t *testing.T) {
	udp := &packets{}
	start(t, http3Snapshot(t, echo("a")), udp.listen, func(o *proxy.Options) { o.MaxConnections = 1 })
	first := udp.client(t)
	ask(t, first, "https://one.org/")
	if response, err := udp.client(t).Get("https://one.org/"); err == nil {
		_ = response.Body.Close()
		t.Error("one connection too many")
	}
	if got := ask(t, first, "https://one.org/").StatusCode; got != 200 {
		t.Errorf("got %d", got)
	}
}

// TestWebSocketOverHTTP3 opens a WebSocket by extended CONNECT (RFC 9220) to a backend that speaks HTTP/1.1.
func TestWebSocketOverHTTP3(t *testing.T) {
	s := http3Snapshot(t, nil)
	s.Endpoints = map[string][]config.Endpoint{"a": {acceptingBackend(t)}}
	udp := &packets{}
	b := start(t, s, udp.listen)
	_, addr := udp.get()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	conn, err := quic.DialAddr(ctx, addr, &tls.Config{InsecureSkipVerify: true, ServerName: "one.org", NextProtos: []string{"h3"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	client := (&http3.Transport{}).NewClientConn(conn)
	defer func() { _ = client.CloseWithError(0x100, "") }()
	<-client.ReceivedSettings()
	if !client.Settings().EnableExtendedConnect {
		t.Fatal("extended CONNECT is not announced")
	}
	stream, err := client.OpenRequestStream(ctx)
	if err != nil {
		t.Fatal(err)
	}
	_ = stream.SetDeadline(time.Now().Add(20 * time.Second))
	request, err := http.NewRequestWithContext(ctx, http.MethodConnect, "https://one.org/socket", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Proto = "websocket"
	request.Header.Set("Sec-WebSocket-Version", "13")
	if err := stream.SendRequestHeader(request); err != nil {
		t.Fatal(err)
	}
	response, err := stream.ReadResponse()
	if err != nil || response.StatusCode != 200 {
		t.Fatalf("got %v, %v", response, err)
	}
	for _, sent := range []string{"one", "two", "three"} {
		if _, err := io.WriteString(stream, sent); err != nil {
			t.Fatal(err)
		}
		got := make([]byte, len(sent))
		if _, err := io.ReadFull(stream, got); err != nil || string(got) != sent {
			t.Fatalf("got %q, %v", got, err)
		}
	}
	_ = stream.Close()
	if rest, err := io.ReadAll(stream); err != nil || len(rest) > 0 {
		t.Errorf("the conversation ends in good order: got %q, %v", rest, err)
	}
	if record := b.last("/socket"); record["status"] != 200.0 {
		t.Errorf("logged %v", record)
	}
}
