package proxy_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/config"
)

func TestEjection(t *testing.T) {
	resets := conversing(t, func(conn net.Conn, in *bufio.Reader, _ *recorder) {
		_, _ = in.ReadString('\n')
		_ = conn.(*net.TCPConn).SetLinger(0)
	}).Endpoint
	nonsense := bareBackend(t, "HTTP/9 what\r\n\r\n").Endpoint
	fails := backend(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	cases := []struct {
		name, reason string
		bad          config.Endpoint
		eject        config.Eject
		least, most  int
	}{
		{"resets", "after five in a row", resets, config.Eject{For: 60_000}, 5, 5},
		{"nonsense", "", nonsense, config.Eject{For: 60_000}, 5, 5},
		{"earlier", "the pool says after how many", resets, config.Eject{Gateway: 2, For: 60_000}, 2, 2},
		{"never", "or that it never is", resets, config.Eject{Gateway: -1}, 20, 100},
		{"5xx", "are the application's, unless the pool says otherwise", fails, config.Eject{}, 20, 100},
		{"5xx in a row", "", fails, config.Eject{Server: 3, For: 60_000}, 3, 3},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			b := start(t, poolSnapshot(func(p *config.Pool) { p.Eject, p.Balance = c.eject, config.BalanceRoundRobin }, c.bad, backend(t, echo("a"))))
			failed := 0
			for range 100 {
				if got := b.do(http.MethodPost, "http://a/x", nil); got.StatusCode >= 500 {
					failed++
				}
			}
			if failed < c.least || failed > c.most {
				t.Fatalf("%s: %d of 100 requests failed, want %d to %d", c.reason, failed, c.least, c.most)
			}
		})
	}
}

// TestClientsDoNotEject keeps that what a client does is not held against endpoints.
func TestClientsDoNotEject(t *testing.T) {
	patient := func(name string) config.Endpoint {
		return backend(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/x" {
				_, _ = io.Copy(io.Discard, r.Body)
				select {
				case <-r.Context().Done():
				case <-time.After(5 * time.Second):
				}
				return
			}
			echo(name)(w, r)
		})
	}
	hurried := prefixRule("n/hurried", "/hurried", "a")
	hurried.Timeouts.BackendRequest = 5
	s := poolSnapshot(func(p *config.Pool) { p.Eject = config.Eject{Connect: 1, Gateway: 1, Server: 1, For: 60_000} }, patient("one"), patient("two"))
	s.Chunks[0].Hosts[0].Rules = append(s.Chunks[0].Hosts[0].Rules, hurried)
	b := start(t, s)
	for _, request := range []string{
		"GET /leaves HTTP/1.1\r\nHost: a\r\n\r\n",
		"POST /leaves HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf",
		"POST /breaks HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nno number\r\n",
		"GET /hurried HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
	} {
		for range 4 {
			conn, err := net.Dial("tcp", b.addr(80))
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.WriteString(conn, request)
			if strings.Contains(request, "leaves") {
				time.Sleep(30 * time.Millisecond)
			} else {
				_, _ = io.ReadAll(conn)
			}
			_ = conn.Close()
		}
	}
	seen := map[string]int{}
	for range 40 {
		seen[b.get("http://a/x").Header.Get("X-Backend")]++
	}
	if seen["one"] == 0 || seen["two"] == 0 {
		t.Fatalf("an endpoint was set aside: %v", seen)
	}
}
