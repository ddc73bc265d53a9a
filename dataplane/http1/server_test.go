package http1

import (
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/fleetgate/fleetgate/dataplane/message"
	"github.com/fleetgate/fleetgate/dataplane/socket"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// connected gives the server's half of a connection, and the client's end of it.
func connected(t *testing.T) (*Server, net.Conn) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	client, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	s := NewServer(socket.New(accepted), &ServerOptions{
		IdleTimeout: 10 * time.Second, HeadTimeout: 10 * time.Second, BodyTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second,
	})
	t.Cleanup(func() {
		s.Release()
		accepted.Close()
		client.Close()
	})
	return s, client
}

// TestWatchKeepsTheOrder keeps that a watch takes nothing of a request whose beginning came with the end of a body.
func TestWatchKeepsTheOrder(t *testing.T) {
	s, client := connected(t)
	_, _ = io.WriteString(client, "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
	if err := s.ReadRequest(nil); err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(client, "5\r\nhello\r\n0\r\n\r\nGET /b HT")
	for {
		if _, err := s.Next(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		time.Sleep(50 * time.Millisecond)
		_, _ = io.WriteString(client, "TP/1.1\r\nHost: a\r\n\r\n")
	}()
	if s.Watch() {
		t.Fatal("the client is there")
	}
	<-sent
	if err := s.Respond(&message.Response{Status: 200}, nil, true); err != nil || !s.Finish() {
		t.Fatalf("the connection goes on: %v", err)
	}
	if err := s.ReadRequest(nil); err != nil || s.Request.Target != "/b" {
		t.Fatalf("the next request: %q, %v", s.Request.Target, err)
	}
}

// TestWatchLosesNothing keeps that what a client says while its request waits is read after it: in the
// tunnel that the request opens, or as the next request.
func TestWatchLosesNothing(t *testing.T) {
	const upgrade = "GET /a HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"
	for _, opened := range []bool{true, false} {
		s, client := connected(t)
		_, _ = io.WriteString(client, upgrade)
		if err := s.ReadRequest(nil); err != nil {
			t.Fatal(err)
		}
		const next = "GET /b HTTP/1.1\r\nHost: a\r\n\r\n"
		_, _ = io.WriteString(client, next)
		if s.Watch() {
			t.Fatal("the client is there")
		}
		if !opened {
			if err := s.Respond(&message.Response{Status: 200}, nil, true); err != nil || !s.Finish() {
				t.Fatalf("the connection goes on: %v", err)
			}
			if err := s.ReadRequest(nil); err != nil || s.Request.Target != "/b" {
				t.Fatalf("the next request: %q, %v", s.Request.Target, err)
			}
			continue
		}
		if err := s.Respond(&message.Response{Status: 101, Upgrade: "websocket", ContentLength: message.Unknown}, nil, false); err != nil {
			t.Fatal(err)
		}
		got := ""
		for len(got) < len(next) {
			piece, err := s.Next()
			if err != nil {
				t.Fatalf("after %q: %v", got, err)
			}
			got += string(piece)
		}
		if got != next {
			t.Errorf("the tunnel begins with %q", got)
		}
	}
}
