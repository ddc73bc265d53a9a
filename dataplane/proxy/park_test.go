package proxy_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/dataplane/proxy"
)

// until polls for what comes to be in its own time.
func (b *bed) until(what string, is func() bool) {
	b.t.Helper()
	for deadline := time.Now().Add(15 * time.Second); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			b.t.Fatalf("it never came to be: %s", what)
		}
	}
}

func (b *bed) untilParked(n int) {
	b.t.Helper()
	b.until("parked", func() bool { return b.Parked() == n })
}

// exchangeOn makes a request on a connection that stays.
func exchangeOn(t *testing.T, conn net.Conn, from *bufio.Reader) *http.Response {
	t.Helper()
	_ = conn.SetDeadline(time.Now().Add(15 * time.Second))
	if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: a.org\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(from, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		t.Fatal(err)
	}
	return response
}

// idler is a proxy and a connection to it that has had a request and is parked.
func idler(t *testing.T, change ...func(*proxy.Options)) (*bed, net.Conn, *bufio.Reader) {
	t.Helper()
	b := start(t, plainSnapshot([]config.Rule{prefixRule("n/r", "/", "a")},
		map[string][]config.Endpoint{"a": {backend(t, echo("a"))}}), change...)
	conn, err := net.Dial("tcp", b.addr(80))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	from := bufio.NewReader(conn)
	exchangeOn(t, conn, from)
	b.untilParked(1)
	return b, conn, from
}

func TestParkedConnectionsAreServed(t *testing.T) {
	b, conn, from := idler(t)
	for range 2 {
		if got := exchangeOn(t, conn, from).StatusCode; got != 200 {
			t.Fatalf("got %d", got)
		}
		b.untilParked(1)
	}
	// A head in two parts: the second one comes long after the connection was woken by the first.
	if _, err := io.WriteString(conn, "GET / HT"); err != nil {
		t.Fatal(err)
	}
	b.untilParked(0)
	time.Sleep(500 * time.Millisecond)
	if _, err := io.WriteString(conn, "TP/1.1\r\nHost: a.org\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(from, nil)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	conn.Close()
	b.until("closed", func() bool { return b.Connections() == 0 && b.Parked() == 0 })
}

func TestParkedConnectionsOverTLS(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		b := start(t, secureSnapshot(t, config.Listener{Name: "a", Hostname: "a.org"}))
		conn, status, err := b.secure(&tls.Config{ServerName: "a.org", MaxVersion: version, NextProtos: []string{"http/1.1"}})
		if err != nil || status != 200 {
			t.Fatalf("got %d, %v", status, err)
		}
		for range 2 {
			b.untilParked(1)
			if status, err := b.over(conn, "a.org"); err != nil || status != 200 {
				t.Fatalf("got %d, %v", status, err)
			}
		}
		b.untilParked(1)
		conn.Close()
		b.until("closed", func() bool { return b.Connections() == 0 && b.Parked() == 0 })
	}
}

func TestParkedConnectionsEndWhenTheirTimeIsOver(t *testing.T) {
	b, conn, from := idler(t, func(o *proxy.Options) { o.IdleTimeout = time.Second })
	if _, err := from.ReadByte(); err != io.EOF {
		t.Fatalf("got %v", err)
	}
	conn.Close()
	b.until("gone", func() bool { return b.Connections() == 0 && b.Parked() == 0 })
}

// TestDrainOfParkedConnections keeps that a drain does not wait for parked connections, and that a request
// which is on its way just then is answered.
func TestDrainOfParkedConnections(t *testing.T) {
	cases := []struct {
		name, reason string
		request      bool
		end          func(*bed, context.Context) error
	}{
		{
			name: "shutdown", reason: "idle connections are closed at once",
			end: func(b *bed, ctx context.Context) error { return b.Shutdown(ctx) },
		},
		{
			name: "shutdown with a request", reason: "what was sent before the client could know is answered", request: true,
			end: func(b *bed, ctx context.Context) error { return b.Shutdown(ctx) },
		},
		{
			name: "port that is gone", reason: "so are those of a port that is gone",
			end: func(b *bed, _ context.Context) error {
				next, _ := b.Snapshot()
				next.Root.Listeners = nil
				return b.Apply(next)
			},
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			b, conn, from := idler(t)
			if c.request {
				if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: a.org\r\n\r\n"); err != nil {
					t.Fatal(err)
				}
			}
			ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
			defer cancel()
			if err := c.end(b, ctx); err != nil {
				t.Fatalf("%s: %v", c.reason, err)
			}
			if c.request {
				response, err := http.ReadResponse(from, nil)
				if err != nil || response.StatusCode != 200 {
					t.Fatalf("%s: %v", c.reason, err)
				}
				_, _ = io.Copy(io.Discard, response.Body)
			}
			if _, err := from.ReadByte(); err != io.EOF {
				t.Fatalf("%s: got %v", c.reason, err)
			}
			b.until("gone", func() bool { return b.Connections() == 0 && b.Parked() == 0 })
		})
	}
}
