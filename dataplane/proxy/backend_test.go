package proxy_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/dataplane/proxy"
)

// poolSnapshot is plainSnapshot of one pool, which is changed first.
func poolSnapshot(change func(*config.Pool), endpoints ...config.Endpoint) proxy.Snapshot {
	s := plainSnapshot([]config.Rule{prefixRule("n/r", "/", "a")}, map[string][]config.Endpoint{"a": endpoints})
	change(&s.Chunks[0].Pools[0])
	return s
}

func asItIs(*config.Pool) {}

// deafen makes a socket drop whatever comes to it, as if its machine was gone.
func deafen(t *testing.T, socket syscall.Conn) {
	t.Helper()
	raw, err := socket.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	nothing := syscall.SockFilter{Code: syscall.BPF_RET | syscall.BPF_K}
	program := syscall.SockFprog{Len: 1, Filter: &nothing}
	var errno syscall.Errno
	err = raw.Control(func(fd uintptr) {
		_, _, errno = syscall.Syscall6(syscall.SYS_SETSOCKOPT, fd, syscall.SOL_SOCKET, syscall.SO_ATTACH_FILTER,
			uintptr(unsafe.Pointer(&program)), unsafe.Sizeof(program), 0)
	})
	if err != nil || errno != 0 {
		t.Fatal("set a socket filter:", err, errno)
	}
}

// listenPlain listens on a socket that deafen works on: not MPTCP.
func listenPlain(t *testing.T) *net.TCPListener {
	t.Helper()
	var plain net.ListenConfig
	plain.SetMultipathTCP(false)
	listener, err := plain.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return listener.(*net.TCPListener)
}

// deaf is an endpoint where connects get no answer.
func deaf(t *testing.T) config.Endpoint {
	t.Helper()
	listener := listenPlain(t)
	t.Cleanup(func() { listener.Close() })
	deafen(t, listener)
	return endpointOf(t, listener.Addr().String())
}

func TestOneDeadEndpointLosesNothing(t *testing.T) {
	for _, key := range []string{"a", "h2c"} {
		t.Run(key, func(t *testing.T) {
			b := start(t, plainSnapshot([]config.Rule{prefixRule("n/r", "/", key)}, map[string][]config.Endpoint{key: {dead(t), backend(t, echo("a"))}}))
			b.client.Transport.(*http.Transport).MaxIdleConnsPerHost = 64
			var group sync.WaitGroup
			var next, failed atomic.Int64
			for range 64 {
				group.Go(func() {
					for next.Add(1) <= 2000 {
						response, err := b.client.Post("http://a/x", "text/plain", strings.NewReader("body"))
						if err != nil {
							failed.Add(1)
							continue
						}
						_, _ = io.Copy(io.Discard, response.Body)
						response.Body.Close()
						if response.StatusCode != http.StatusOK {
							failed.Add(1)
						}
					}
				})
			}
			group.Wait()
			if failed.Load() > 0 {
				t.Fatalf("%d of 2000 requests were lost, the last %v", failed.Load(), b.last("/x"))
			}
		})
	}
}

func TestConnectsThatGetNoAnswerAreOvertaken(t *testing.T) {
	b := start(t, poolSnapshot(func(p *config.Pool) { p.Eject.For = 60_000 }, deaf(t), backend(t, echo("a"))), func(o *proxy.Options) { o.ConnectTimeout = time.Minute })
	overtaken := 0
	for i := range 30 {
		path := fmt.Sprintf("/%d", i)
		if got := b.do(http.MethodPost, "http://a"+path, strings.NewReader("body"), "Connection", "close"); got.StatusCode != 200 || got.seen(t).Body != "body" {
			t.Fatalf("got %d, %v", got.StatusCode, b.last(path))
		}
		if b.last(path)["upstream_attempts"] == 2.0 {
			overtaken++
		}
	}
	if overtaken > 8 { // 3, but for what a slow machine adds
		t.Fatalf("%d of 30 requests waited for an endpoint that was overtaken: after the third time it is set aside", overtaken)
	}
}

// TestManyEndpointsThatGiveNoAnswer is a machine that took most of a pool with it.
func TestManyEndpointsThatGiveNoAnswer(t *testing.T) {
	b := start(t, poolSnapshot(asItIs, deaf(t), deaf(t), deaf(t), backend(t, echo("a"))), func(o *proxy.Options) { o.ConnectTimeout = time.Minute })
	for range 5 {
		if got := b.do(http.MethodPost, "http://a/x", nil); got.StatusCode != 200 {
			t.Fatalf("got %d, %v", got.StatusCode, b.last("/x"))
		}
	}
}

func TestMostConnectionsOfAnEndpoint(t *testing.T) {
	release, entered := make(chan struct{}), make(chan struct{}, 10)
	slow := backend(t, func(http.ResponseWriter, *http.Request) {
		entered <- struct{}{}
		<-release
	})
	b := start(t, poolSnapshot(asItIs, slow), func(o *proxy.Options) { o.MaxEndpointConns = 1 })
	var group sync.WaitGroup
	group.Go(func() { b.get("http://a/first") })
	<-entered
	got := b.get("http://a/second")
	close(release)
	group.Wait()
	if got.StatusCode != 503 || b.last("/second")["reason"] != "overload" {
		t.Fatalf("got %d, %v", got.StatusCode, b.last("/second"))
	}
}

// TestEndpointsThatVanish takes the network away from an endpoint that has a kept connection.
func TestEndpointsThatVanish(t *testing.T) {
	cases := []struct {
		method, reason string
		want           int
	}{
		{http.MethodGet, "it may be sent to another one", 200},
		{http.MethodPost, "nobody knows how far it got", 502},
	}
	for _, c := range cases {
		t.Run(c.method, func(t *testing.T) {
			t.Parallel()
			var conns atomic.Int32
			spy := conversing(t, func(conn net.Conn, in *bufio.Reader, _ *recorder) {
				first := conns.Add(1) == 1
				for {
					if request, err := http.ReadRequest(in); err != nil || request == nil {
						return
					}
					if first {
						deafen(t, conn.(*net.TCPConn))
					}
					_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
				}
			})
			b := start(t, poolSnapshot(asItIs, spy.Endpoint))
			// The acknowledgement of the first answer is lost too, so the endpoint sends it again; that does no harm.
			if got := b.get("http://a/first"); got.StatusCode != 200 {
				t.Fatalf("got %d", got.StatusCode)
			}
			if got := b.do(c.method, "http://a/second", nil); got.StatusCode != c.want {
				t.Fatalf("%s: got %d, %v", c.reason, got.StatusCode, b.last("/second"))
			}
		})
	}
}

// TestWhatMayBeSentAgain counts how often a backend that reads requests and closes without an answer sees one.
func TestWhatMayBeSentAgain(t *testing.T) {
	cases := []struct {
		method, reason string
		kept           bool
		visits         int
		retry          *config.Retry
	}{
		{http.MethodGet, "the rule wants it once", false, 1, &config.Retry{}},
		{http.MethodPost, "the rule wants it as often as that", false, 3, &config.Retry{Attempts: 2, Backoff: 1}},
		{http.MethodGet, "it changes nothing, so two more times", false, 3, nil},
		{http.MethodHead, "", false, 3, nil},
		{http.MethodOptions, "", false, 3, nil},
		{http.MethodPost, "it may have been processed", false, 1, nil},
		{http.MethodPatch, "", false, 1, nil},
		{http.MethodPut, "the endpoint was there to process it", false, 1, nil},
		{http.MethodPut, "the connection was about to be closed, and doing it twice is doing it once", true, 2, nil},
		{http.MethodDelete, "", true, 2, nil},
		{http.MethodPost, "", true, 1, nil},
	}
	for _, c := range cases {
		t.Run(fmt.Sprintf("%s/kept=%v/asked=%v", c.method, c.kept, c.retry != nil), func(t *testing.T) {
			var visits atomic.Int32
			spy := conversing(t, func(conn net.Conn, in *bufio.Reader, _ *recorder) {
				for {
					request, err := http.ReadRequest(in)
					if err != nil {
						return
					}
					if request.URL.Path != "/first" {
						visits.Add(1)
						_ = conn.(*net.TCPConn).SetLinger(0)
						return
					}
					_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
				}
			})
			snapshot := poolSnapshot(asItIs, spy.Endpoint)
			snapshot.Chunks[0].Hosts[0].Rules[0].Retry = c.retry
			b := start(t, snapshot)
			if c.kept {
				b.get("http://a/first")
			}
			if got := b.do(c.method, "http://a/second", nil); got.StatusCode != 502 || b.last("/second")["reason"] != "upstream_reset" {
				t.Fatalf("got %d, %v", got.StatusCode, b.last("/second"))
			}
			if visits.Load() != int32(c.visits) {
				t.Fatalf("%s: it was sent %d times, want %d", c.reason, visits.Load(), c.visits)
			}
		})
	}
}

func TestRetriesAreWithinABudget(t *testing.T) {
	asks := prefixRule("n/r", "/", "a")
	asks.Retry = &config.Retry{Attempts: 3, Codes: []int{503}, Backoff: 1}
	cases := []struct {
		name   string
		rule   config.Rule
		answer string
		budget *config.RetryBudget
	}{
		{"free", prefixRule("n/r", "/", "a"), "", nil},
		{"asked for", asks, "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", nil},
		{"the pool's own", asks, "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", &config.RetryBudget{Percent: 10, Interval: 3600_000}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var visits atomic.Int64
			spy := conversing(t, func(conn net.Conn, in *bufio.Reader, _ *recorder) {
				for {
					if request, err := http.ReadRequest(in); err != nil || request == nil {
						return
					}
					visits.Add(1)
					if _, _ = io.WriteString(conn, c.answer); c.answer == "" {
						return
					}
				}
			})
			s := plainSnapshot([]config.Rule{c.rule}, map[string][]config.Endpoint{"a": {spy.Endpoint}})
			s.Chunks[0].Pools[0].RetryBudget = c.budget
			b := start(t, s)
			const requests = 200
			began := time.Now()
			for range requests {
				b.get("http://a/x")
			}
			most, least := 100+int64(10*time.Since(began).Seconds())+requests/5, int64(100) // 10 a second in a window of 10 seconds, and a fifth of the requests
			if c.budget != nil {
				most, least = requests/10, requests/10-1
			}
			if got := visits.Load() - requests; got < least || got > most {
				t.Fatalf("%d retries of %d requests", got, requests)
			}
		})
	}
}

func TestMostRequestsOfAnEndpoint(t *testing.T) {
	release := make(chan struct{})
	entered := make(chan struct{}, 10)
	b := start(t, poolSnapshot(func(p *config.Pool) { p.MaxRequests = 1 }, backend(t, func(http.ResponseWriter, *http.Request) {
		entered <- struct{}{}
		<-release
	})))
	var group sync.WaitGroup
	group.Go(func() { b.get("http://a/first") })
	<-entered
	got := b.get("http://a/second")
	close(release)
	group.Wait()
	if record := b.last("/second"); got.StatusCode != 503 || record["reason"] != "overload" || record["upstream_attempts"] != 0.0 {
		t.Fatalf("got %d, %v", got.StatusCode, record)
	}
	if got := b.get("http://a/third"); got.StatusCode != 200 {
		t.Fatalf("there is room again: got %d", got.StatusCode)
	}
}

func TestBalance(t *testing.T) {
	var endpoints []config.Endpoint
	for i := range 4 {
		endpoints = append(endpoints, backend(t, echo(fmt.Sprint(i))))
	}
	hash := func(on config.HashOn) func(*config.Pool) {
		return func(p *config.Pool) { p.Balance, p.HashOn = config.BalanceHash, on }
	}
	cases := []struct {
		name, reason string
		pool         func(*config.Pool)
		header       func(i int) []string
		least, most  int // endpoints that 40 requests come to
	}{
		{"round robin", "everybody in turn", func(p *config.Pool) { p.Balance = config.BalanceRoundRobin }, func(int) []string { return nil }, 4, 4},
		{"client", "one client, one endpoint", hash(config.HashOn{}), func(int) []string { return nil }, 1, 1},
		{"client behind a front", "", hash(config.HashOn{}), func(i int) []string { return []string{"X-Forwarded-For", fmt.Sprintf("10.0.0.%d, 127.0.0.9", i)} }, 2, 4},
		{"header", "", hash(config.HashOn{Header: "x-user"}), func(int) []string { return []string{"X-User", "alice"} }, 1, 1},
		{"headers", "many keys spread", hash(config.HashOn{Header: "x-user"}), func(i int) []string { return []string{"X-User", fmt.Sprint(i)} }, 2, 4},
		{"no header", "as if there was no hash", hash(config.HashOn{Header: "x-user"}), func(int) []string { return nil }, 2, 4},
		{"cookie", "", hash(config.HashOn{Cookie: "id"}), func(i int) []string { return []string{"Cookie", fmt.Sprintf("other=%d; id=7", i)} }, 1, 1},
		{"no cookie", "", hash(config.HashOn{Cookie: "id"}), func(i int) []string { return []string{"Cookie", "idle=7"} }, 2, 4},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := poolSnapshot(c.pool, endpoints...)
			s.Root.TrustedProxies = []string{"127.0.0.0/8"}
			b := start(t, s)
			counts := map[string]int{}
			for i := range 40 {
				counts[b.get("http://a/x", c.header(i)...).Header.Get("X-Backend")]++
			}
			if len(counts) < c.least || len(counts) > c.most || c.least == 4 && counts["0"] != 10 {
				t.Fatalf("%s: got %v", c.reason, counts)
			}
		})
	}
}
