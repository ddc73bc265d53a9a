package upstream_test

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/dataplane/message"
	"github.com/fleetgate/fleetgate/dataplane/socket"
	"github.com/fleetgate/fleetgate/dataplane/upstream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// backend answers with the address of the client's end of the connection, so that connections can be told apart.
func backend(t *testing.T) string {
	t.Helper()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.RemoteAddr)
	}))
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetHTTP1(true)
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Start()
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

func connector(t *testing.T, options upstream.Options) *upstream.Connector {
	t.Helper()
	c := upstream.NewConnector(options)
	t.Cleanup(c.Close)
	return c
}

// open gives a call, on a kept connection if there is one.
func open(t *testing.T, e *upstream.Endpoint, http2 bool) upstream.Call {
	t.Helper()
	if call := e.Idle(http2); call != nil {
		return call
	}
	call, err := e.Connect(t.Context(), http2)
	if err != nil {
		t.Fatal(err)
	}
	return call
}

// get makes a request and gives the body of its answer; the call is not released.
func get(t *testing.T, call upstream.Call) string {
	t.Helper()
	request := message.Request{Method: "GET", Scheme: "http", Authority: "a", Target: "/"}
	if err := call.Send(&request, nil, true); err != nil {
		t.Fatal(err)
	}
	var response message.Response
	if err := call.Receive(&response); err != nil || response.Status != 200 {
		t.Fatalf("got %d, %v", response.Status, err)
	}
	var body []byte
	for {
		piece, err := call.Next()
		body = append(body, piece...)
		if errors.Is(err, io.EOF) {
			return string(body)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestConnectionsAreUsedAgain(t *testing.T) {
	c := connector(t, upstream.Options{})
	e := c.Endpoint(backend(t))
	var first string
	for range 5 {
		call := open(t, e, false)
		from := get(t, call)
		call.Release()
		if first == "" {
			first = from
		}
		if from != first {
			t.Fatalf("got %s and %s: one after the other they need one connection", first, from)
		}
	}
	one, two := open(t, e, false), open(t, e, false)
	if get(t, one) == get(t, two) || c.Open() != 2 {
		t.Fatalf("two at a time need two connections; %d are open", c.Open())
	}
	one.Release()
	two.Release()
}

func TestStreamsShareAConnection(t *testing.T) {
	c := connector(t, upstream.Options{})
	e := c.Endpoint(backend(t))
	var group sync.WaitGroup
	var mutex sync.Mutex
	seen := map[string]bool{}
	for range 20 {
		group.Go(func() {
			call := open(t, e, true)
			defer call.Release()
			from := get(t, call)
			mutex.Lock()
			defer mutex.Unlock()
			seen[from] = true
		})
	}
	group.Wait()
	if len(seen) != 1 || c.Open() != 1 {
		t.Fatalf("20 calls at once were made on %d connections, %d are open", len(seen), c.Open())
	}
}

func TestUnusedConnectionsAreClosed(t *testing.T) {
	c := connector(t, upstream.Options{IdleTimeout: 20 * time.Millisecond})
	address := backend(t)
	for _, http2 := range []bool{false, true} {
		call := open(t, c.Endpoint(address), http2)
		get(t, call)
		call.Release()
	}
	for deadline := time.Now().Add(5 * time.Second); c.Open() > 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d connections are still open", c.Open())
		}
	}
}

func TestEndpointThatIsGoneKeepsNothing(t *testing.T) {
	c := connector(t, upstream.Options{})
	e := c.Endpoint(backend(t))
	call, idle := open(t, e, false), open(t, e, false)
	get(t, idle)
	idle.Release()
	e.Close()
	get(t, call) // what was begun may end
	call.Release()
	if c.Open() != 0 {
		t.Fatalf("%d connections are still open", c.Open())
	}
}

func TestConnectIsBounded(t *testing.T) {
	c := connector(t, upstream.Options{Dial: func(ctx context.Context, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, context.Cause(ctx)
	}, ConnectTimeout: 50 * time.Millisecond})
	e := c.Endpoint("192.0.2.1:80")
	for _, http2 := range []bool{false, true} {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
		if _, err := e.Connect(ctx, http2); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("got %v", err)
		}
		cancel()
	}
	time.Sleep(60 * time.Millisecond) // the connect on behalf of all who wait ends by itself
}

func TestConnectionsAreBounded(t *testing.T) {
	c := connector(t, upstream.Options{MaxConns: 2})
	e := c.Endpoint(backend(t))
	one, two := open(t, e, false), open(t, e, false)
	for _, http2 := range []bool{false, true} {
		if _, err := e.Connect(t.Context(), http2); !errors.Is(err, upstream.ErrTooMany) {
			t.Fatalf("got %v", err)
		}
	}
	get(t, one)
	one.Release()
	two.Release() // nothing was sent on it, so it is closed
	three, four := open(t, e, false), open(t, e, false)
	if !three.Kept() || four.Kept() || c.Open() != 2 {
		t.Fatalf("one is kept and there is room for one: %d are open", c.Open())
	}
	three.Spare()
	four.Spare()
	if c.Open() != 2 {
		t.Fatalf("connections that were not needed are kept: %d are open", c.Open())
	}
	five, err := e.Connect(t.Context(), false)
	if err != nil || five.Kept() || c.Open() != 2 {
		t.Fatalf("one that is not in use makes room for a new one: %v, %d are open", err, c.Open())
	}
	five.Spare()
	e.DropIdle()
	if c.Open() != 0 || e.Idle(false) != nil {
		t.Fatalf("%d are open", c.Open())
	}
}

// TestKeepAliveOfTheEndpoint keeps that a connection is not used when its endpoint is about to close it.
func TestKeepAliveOfTheEndpoint(t *testing.T) {
	cases := []struct {
		name, reason, hint string
		kept               bool
	}{
		{"none", "", "", true},
		{"long", "we close it earlier", "timeout=60, max=100", true},
		{"no time", "what that means is anybody's guess", "max=100, Timeout=0", true},
		{"nonsense", "it says nothing", "timeout=soon", true},
		{"a second", "half of it is over", "timeout=1", false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if c.hint != "" {
					w.Header().Set("Keep-Alive", c.hint)
				}
			}))
			defer server.Close()
			connector := upstream.NewConnector(upstream.Options{})
			defer connector.Close()
			e := connector.Endpoint(server.Listener.Addr().String())
			call := open(t, e, false)
			get(t, call)
			call.Release()
			time.Sleep(600 * time.Millisecond)
			next := open(t, e, false)
			defer next.Spare()
			if next.Kept() != c.kept {
				t.Fatalf("%s: kept %v", c.reason, next.Kept())
			}
		})
	}
}

func TestWhatIsNoHTTPGoesOverTLSToo(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.TLS.ServerName+r.TLS.NegotiatedProtocol)
	}))
	defer server.Close()
	ca := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
	c := connector(t, upstream.Options{})
	for hostname, want := range map[string]bool{"example.com": true, "a.org": false} {
		security := upstream.NewSecurity(&config.BackendTLS{Hostname: hostname, CA: ca}, func() *tls.Certificate { return nil })
		e := c.SecureEndpoint(server.Listener.Addr().String(), security)
		plain, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		conn, err := e.Secure(t.Context(), socket.New(plain))
		if (err == nil) != want || !want && !errors.Is(err, upstream.ErrHandshake) {
			t.Fatalf("%s: got %v", hostname, err)
		}
		if !want {
			continue
		}
		_, _ = io.WriteString(conn, "GET / HTTP/1.0\r\n\r\n")
		answer, err := io.ReadAll(conn)
		if err != nil || !strings.HasSuffix(string(answer), "\r\n\r\nexample.com") {
			t.Fatalf("got %q, %v", answer, err)
		}
		_ = conn.Close()
	}
}
