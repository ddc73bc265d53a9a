package proxy_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/dataplane/http2"
	"github.com/fleetgate/fleetgate/dataplane/message"
)

// extendedBackend echoes what comes by extended CONNECT.
func extendedBackend(t *testing.T) config.Endpoint {
	t.Helper()
	return conversing(t, func(conn net.Conn, in *bufio.Reader, _ *recorder) {
		first, err := in.Peek(1)
		if err != nil {
			return
		}
		rest, err := in.Peek(in.Buffered())
		if err != nil {
			return
		}
		_ = http2.NewServer(conn, http2.ServerOptions{}, func(s *http2.Stream) {
			refused := s.Request.Method != "CONNECT" || s.Request.Upgrade != "websocket"
			for _, f := range s.Request.Fields {
				refused = refused || strings.EqualFold(f.Name, "Sec-WebSocket-Key") // RFC 8441 section 5
			}
			if refused {
				_ = s.Respond(&message.Response{Status: 400}, nil, true)
				return
			}
			ok := message.Response{Status: 200, ContentLength: message.Unknown, Fields: []message.Field{message.NewField("sec-websocket-protocol", "chat")}}
			if s.Respond(&ok, nil, false) != nil {
				return
			}
			for {
				piece, err := s.Next()
				if err != nil || s.Body(piece, false) != nil {
					return
				}
			}
		}).Serve(append(first[:0:0], rest...))
	}).Endpoint
}

const opening = "GET /socket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
	"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

// TestWebSocketToHTTP2 opens a WebSocket to a backend that speaks HTTP/2 by extended CONNECT (RFC 8441).
func TestWebSocketToHTTP2(t *testing.T) {
	b := start(t, plainSnapshot([]config.Rule{prefixRule("n/ws", "/", "h2c")}, map[string][]config.Endpoint{"h2c": {extendedBackend(t)}}))
	conn, err := net.Dial("tcp", b.addr(80))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	_, _ = io.WriteString(conn, opening+"\r\n")
	in := bufio.NewReader(conn)
	response, err := http.ReadResponse(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	// The answer to the key is that of RFC 6455 section 1.3.
	if response.StatusCode != 101 || response.Header.Get("Upgrade") != "websocket" || response.Header.Get("Sec-Websocket-Protocol") != "chat" ||
		response.Header.Get("Sec-Websocket-Accept") != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" {
		t.Fatalf("got %d %v", response.StatusCode, response.Header)
	}
	for i := range 3 {
		sent := fmt.Sprintf("message %d\n", i)
		_, _ = io.WriteString(conn, sent)
		if line, err := in.ReadString('\n'); err != nil || line != sent {
			t.Fatalf("got %q, %v", line, err)
		}
	}
}

func TestWebSocketOverHTTP2ToHTTP2(t *testing.T) {
	b := start(t, plainSnapshot([]config.Rule{prefixRule("n/ws", "/", "h2c")}, map[string][]config.Endpoint{"h2c": {extendedBackend(t)}}))
	conn, err := net.Dial("tcp", b.addr(80))
	if err != nil {
		t.Fatal(err)
	}
	client := http2.NewClient(conn, http2.ClientOptions{})
	defer func() { client.Close(); <-client.Done() }()
	call, err := client.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer call.Release()
	call.SetDeadline(time.Now().Add(10 * time.Second))
	request := message.Request{Method: "CONNECT", Scheme: "http", Authority: "a", Target: "/socket", Upgrade: "websocket", ContentLength: message.Unknown}
	if err := call.Send(&request, nil, false); err != nil {
		t.Fatal(err)
	}
	var response message.Response
	if err := call.Receive(&response); err != nil || response.Status != 200 {
		t.Fatalf("got %d, %v", response.Status, err)
	}
	for i := range 100 {
		sent := fmt.Sprintf("message %d", i)
		if err := call.Body([]byte(sent), false); err != nil {
			t.Fatal(err)
		}
		if got, err := call.Next(); err != nil || string(got) != sent {
			t.Fatalf("got %q, %v", got, err)
		}
	}
}

func TestUpgradesThatTheBackendDoesNotKnow(t *testing.T) {
	s := plainSnapshot([]config.Rule{prefixRule("n/ws", "/", "h2c")}, map[string][]config.Endpoint{"h2c": {backend(t, echo("a"))}})
	b := start(t, s)
	cases := []struct{ name, reason, request, want string }{
		{"no extended CONNECT", "its settings do not have it", opening + "Connection: close\r\n\r\n", "HTTP/1.1 502 "},
		{"another protocol", "one may always go on as if one did not know it", "GET /other HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, close\r\nUpgrade: other\r\n\r\n", "HTTP/1.1 200 "},
		{"a WebSocket without a key", "it is none", "GET /other HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n", "HTTP/1.1 200 "},
	}
	for _, c := range cases {
		if got := b.raw(c.request); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: %s: got %.60q", c.name, c.reason, got)
		}
	}
	if record := b.last("/socket"); record["reason"] != "upgrade_unsupported" {
		t.Fatalf("got %v", record)
	}
}

// TestProtocolsOfBackends keeps which appProtocol means HTTP/2.
func TestProtocolsOfBackends(t *testing.T) {
	for protocol, want := range map[string]string{
		"": "HTTP/1.1", "http": "HTTP/1.1", "kubernetes.io/ws": "HTTP/1.1", "kubernetes.io/h2c": "HTTP/2.0", "example.com/own": "HTTP/1.1",
	} {
		b := start(t, poolSnapshot(func(p *config.Pool) { p.Protocol = protocol }, backend(t, echo("a"))))
		if got := b.get("http://a/").seen(t); got.Proto != want {
			t.Errorf("%q: got %s, want %s", protocol, got.Proto, want)
		}
	}
}

// TestUnaryGRPC keeps that deadlines get to the backend, and that a response may be its trailers alone.
func TestUnaryGRPC(t *testing.T) {
	grpc := backend(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/grpc")
		w.Header().Set("Grpc-Status", "5")
		w.Header().Set("Grpc-Message", r.Header.Get("Grpc-Timeout")+" "+r.Header.Get("Te"))
	})
	b := start(t, plainSnapshot([]config.Rule{prefixRule("n/r", "/", "h2c")}, map[string][]config.Endpoint{"h2c": {grpc}}))
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://a/pkg.Service/Get", strings.NewReader("\x00\x00\x00\x00\x00"))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Te", "trailers")
	request.Header.Set("Grpc-Timeout", "1500m")
	response, err := b.h2cClient().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || len(body) > 0 || response.Header.Get("Grpc-Status") != "5" || response.Header.Get("Grpc-Message") != "1500m trailers" {
		t.Fatalf("got %q, %v, %v", body, err, response.Header)
	}
}

// TestCancelOfGRPC keeps that a backend learns at once that its client has gone.
func TestCancelOfGRPC(t *testing.T) {
	for _, answered := range []bool{false, true} {
		t.Run(fmt.Sprintf("answered=%v", answered), func(t *testing.T) {
			entered, cancelled := make(chan struct{}), make(chan struct{})
			grpc := backend(t, func(w http.ResponseWriter, r *http.Request) {
				if answered {
					_ = http.NewResponseController(w).Flush()
				}
				close(entered)
				<-r.Context().Done()
				close(cancelled)
			})
			b := start(t, plainSnapshot([]config.Rule{prefixRule("n/r", "/", "h2c")}, map[string][]config.Endpoint{"h2c": {grpc}}))
			ctx, cancel := context.WithCancel(t.Context())
			body, send := io.Pipe()
			defer send.Close()
			request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://a/pkg.Service/Watch", body)
			if err != nil {
				t.Fatal(err)
			}
			client := b.h2cClient()
			done := make(chan struct{})
			go func() {
				defer close(done)
				if response, err := client.Do(request); err == nil {
					_, _ = io.Copy(io.Discard, response.Body)
					response.Body.Close()
				}
			}()
			<-entered
			cancel()
			<-done
			select {
			case <-cancelled:
			case <-time.After(10 * time.Second):
				t.Fatal("the backend's stream goes on")
			}
		})
	}
}
