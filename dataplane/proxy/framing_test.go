package proxy_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/dataplane/proxy"
)

// recorder is a backend on a bare socket: it keeps what came, and answers each connection with fixed text.
type recorder struct {
	config.Endpoint
	mutex sync.Mutex
	got   strings.Builder
	conns int
}

func (r *recorder) text() string {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.got.String()
}

// bareBackend answers every head that it sees with answer, whatever that is.
func bareBackend(t *testing.T, answer string) *recorder {
	t.Helper()
	return conversing(t, func(conn net.Conn, in *bufio.Reader, r *recorder) {
		for {
			line, err := in.ReadString('\n')
			r.mutex.Lock()
			r.got.WriteString(line)
			r.mutex.Unlock()
			if err != nil {
				return
			}
			if line == "\r\n" {
				if _, err := io.WriteString(conn, answer); err != nil {
					return
				}
			}
		}
	})
}

func conversing(t *testing.T, speak func(net.Conn, *bufio.Reader, *recorder)) *recorder {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &recorder{Endpoint: endpointOf(t, listener.Addr().String())}
	var group sync.WaitGroup
	var mutex sync.Mutex
	var open []net.Conn
	group.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			mutex.Lock()
			open = append(open, conn)
			mutex.Unlock()
			r.mutex.Lock()
			r.conns++
			r.mutex.Unlock()
			group.Go(func() {
				defer conn.Close()
				speak(conn, bufio.NewReader(conn), r)
			})
		}
	})
	t.Cleanup(func() {
		listener.Close()
		mutex.Lock()
		for _, conn := range open {
			conn.Close()
		}
		mutex.Unlock()
		group.Wait()
	})
	return r
}

// TestSmuggling holds every way in which two parsers are known to disagree: refused, with the
// connection closed, and nothing of it seen by a backend.
func TestSmuggling(t *testing.T) {
	cases := []struct{ name, reason, request, want string }{
		{"length and chunks", "CL.TE and TE.CL", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG", "400"},
		{"chunks in HTTP/1.0", "an old parser knows no chunks", "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"},
		{"two equal lengths", "one may take the first, one join them", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx", "400"},
		{"list of lengths", "", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\nx", "400"},
		{"length with a sign", "", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\nx", "400"},
		{"length too large", "it overflows somewhere", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551617\r\n\r\nx", "400"},
		{"hidden coding", "TE.TE", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", "501"},
		{"two codings", "TE.TE", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n", "4"},
		{"coding after a vertical tab", "TE.TE", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \vchunked\r\n\r\n0\r\n\r\n", "400"},
		{"space before colon", "", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n", "400"},
		{"bare LF", "one sees a line's end, one does not", "GET / HTTP/1.1\nHost: a\n\n", "400"},
		{"bare LF in a field", "", "GET / HTTP/1.1\r\nHost: a\r\nX: 1\nTransfer-Encoding: chunked\r\n\r\n", "400"},
		{"bare CR", "", "GET / HTTP/1.1\r\nHost: a\r\nX: 1\rY: 2\r\n\r\n", "400"},
		{"folded line", "obs-fold", "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n Transfer-Encoding: chunked\r\n\r\n", "400"},
		{"NUL", "", "GET / HTTP/1.1\r\nHost: a\r\nX: 1\x002\r\n\r\n", "400"},
		{"two hosts", "", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "400"},
		{"no host", "", "GET / HTTP/1.1\r\n\r\n", "400"},
		{"host with a path", "", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", "400"},
		{"user in the target", "", "GET http://a@b/ HTTP/1.1\r\nHost: b\r\n\r\n", "400"},
		{"two spaces", "", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
		{"HTTP/1.2", "", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", "505"},
		{"no version", "HTTP/0.9", "GET /\r\nHost: a\r\n\r\n", "400"},
		{"underscore", "it passes for a dash in CGI", "GET / HTTP/1.1\r\nHost: a\r\nX_Real_IP: 1\r\n\r\n", "400"},
		{"chunk size too large", "", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n11111111111111111\r\nx", "400"},
		{"chunk size with a prefix", "", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\nx\r\n0\r\n\r\n", "400"},
		{"chunk extension with LF", "TERM.EXT and EXT.TERM", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;a\nb\r\nx\r\n0\r\n\r\n", "400"},
		{"chunk without its end", "", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxx\r\n0\r\n\r\n", "400"},
		{"bare LF behind a chunk", "", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\n0\r\n\r\n", "400"},
		{"expectation", "", "POST / HTTP/1.1\r\nHost: a\r\nExpect: 200-ok\r\nContent-Length: 1\r\n\r\nx", "417"},
		{"CONNECT", "a gateway is no tunnel", "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n", "405"},
		{"TLS to a plain port", "it is not waited for", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "400"},
	}
	spy := bareBackend(t, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
	b := start(t, plainSnapshot([]config.Rule{prefixRule("n/r", "/", "a")}, map[string][]config.Endpoint{"a": {spy.Endpoint}}))
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := b.raw(c.request + "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n")
			// A backend may answer before it has seen the broken chunk.
			early := strings.Contains(c.request, ": chunked\r\n\r\n") && strings.HasPrefix(got, "HTTP/1.1 200")
			if !strings.HasPrefix(got, "HTTP/1.1 "+c.want) && !early {
				t.Fatalf("%s: got %q, want %s", c.reason, got, c.want)
			}
			if strings.Count(got, "HTTP/1.1 ") != 1 {
				t.Fatalf("%s: the connection went on: %q", c.reason, got)
			}
		})
	}
	if seen := spy.text(); strings.Contains(seen, "smuggled") || strings.Contains(seen, "GET ") {
		t.Fatalf("a backend saw %q", seen)
	}
}

// TestBackendsThatMisbehave holds that nothing a backend says desynchronises a connection or passes for another answer.
func TestBackendsThatMisbehave(t *testing.T) {
	cases := []struct{ name, reason, answer, want string }{
		{"length and chunks", "response smuggling", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "502"},
		{"two lengths", "", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", "502"},
		{"bare LF", "", "HTTP/1.1 200 OK\nContent-Length: 0\n\n", "502"},
		{"folded line", "", "HTTP/1.1 200 OK\r\nX: 1\r\n 2\r\nContent-Length: 0\r\n\r\n", "502"},
		{"unknown coding", "", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "502"},
		{"no HTTP", "", "SSH-2.0-OpenSSH\r\n\r\n", "502"},
		{"unasked change of protocol", "", "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", "502"},
		{"head without end", "", "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 70<<10), "502"},
		{"too many fields", "", "HTTP/1.1 200 OK\r\n" + strings.Repeat("X: y\r\n", 300) + "\r\n", "502"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			spy := bareBackend(t, c.answer)
			b := start(t, plainSnapshot([]config.Rule{prefixRule("n/r", "/", "a")}, map[string][]config.Endpoint{"a": {spy.Endpoint}}))
			if got := b.raw("GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"); !strings.HasPrefix(got, "HTTP/1.1 "+c.want) {
				t.Fatalf("%s: got %q", c.reason, got)
			}
		})
	}
}

func TestConnectionsToBackendsAreNotPoisoned(t *testing.T) {
	cases := []struct{ name, reason, method, answer string }{
		{"more than the length", "the rest would answer the next request", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"},
		{"body behind HEAD", "", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 42\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"},
		{"body behind 304", "", "GET", "HTTP/1.1 304 Not Modified\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"},
		{"close", "it said so", "GET", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			spy := bareBackend(t, c.answer)
			b := start(t, plainSnapshot([]config.Rule{prefixRule("n/r", "/", "a")}, map[string][]config.Endpoint{"a": {spy.Endpoint}}))
			for range 3 {
				if got := b.do(c.method, "http://a/", nil); got.StatusCode == 502 || strings.Contains(got.body, "evil") {
					t.Fatalf("%s: got %d %q", c.reason, got.StatusCode, got.body)
				}
			}
			spy.mutex.Lock()
			defer spy.mutex.Unlock()
			if spy.conns != 3 {
				t.Fatalf("%s: %d connections for 3 requests", c.reason, spy.conns)
			}
		})
	}
}

func TestPipelining(t *testing.T) {
	b := start(t, plainSnapshot([]config.Rule{prefixRule("n/r", "/", "a")}, map[string][]config.Endpoint{"a": {backend(t, echo("a"))}}))
	got := b.raw("POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc" +
		"\r\nPOST /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nde\r\n1;x=y\r\nf\r\n0\r\n\r\n" +
		"GET /3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
	at := 0
	for _, want := range []string{`"body":"abc"`, `"target":"/1"`, `"body":"def"`, `"target":"/2"`, `"target":"/3"`} {
		found := strings.Index(got, want)
		if found < at && !strings.HasPrefix(want, `"target"`) || found < 0 {
			t.Fatalf("want %s after %d in %q", want, at, got)
		}
		at = max(at, found)
	}
}

func TestExpect(t *testing.T) {
	b := start(t, plainSnapshot([]config.Rule{prefixRule("n/r", "/ok", "a")}, map[string][]config.Endpoint{"a": {backend(t, echo("a"))}}))
	conn, err := net.Dial("tcp", b.addr(80))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
	in := bufio.NewReader(conn)
	_, _ = io.WriteString(conn, "POST /ok HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
	if line, err := in.ReadString('\n'); err != nil || line != "HTTP/1.1 100 Continue\r\n" {
		t.Fatalf("got %q, %v", line, err)
	}
	_, _ = in.ReadString('\n')
	_, _ = io.WriteString(conn, "hello")
	response, err := http.ReadResponse(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	if body, _ := io.ReadAll(response.Body); !strings.Contains(string(body), `"body":"hello"`) || strings.Contains(string(body), "Expect") {
		t.Fatalf("got %s", body)
	}
	_, _ = io.WriteString(conn, "POST /no HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
	response, err = http.ReadResponse(in, nil)
	if err != nil || response.StatusCode != 404 || !response.Close {
		t.Fatalf("who was not told to send the body may or may not do so: got %v, %v", response, err)
	}
}

func TestInterimResponses(t *testing.T) {
	spy := bareBackend(t, "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\nConnection: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
	b := start(t, plainSnapshot([]config.Rule{prefixRule("n/r", "/", "a")}, map[string][]config.Endpoint{"a": {spy.Endpoint}}))
	got := b.raw("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
	if !strings.HasPrefix(got, "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 200 OK\r\n") || !strings.HasSuffix(got, "\r\n\r\nok") {
		t.Fatalf("got %q", got)
	}
	if got := b.raw("GET / HTTP/1.0\r\nHost: a\r\n\r\n"); strings.Contains(got, "103") || !strings.HasSuffix(got, "ok") {
		t.Fatalf("HTTP/1.0 has no interim responses: got %q", got)
	}
}

func TestOldClients(t *testing.T) {
	b := start(t, plainSnapshot([]config.Rule{prefixRule("n/r", "/", "a")}, map[string][]config.Endpoint{
		"a": {backend(t, func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "one ")
			_ = http.NewResponseController(w).Flush()
			_, _ = io.WriteString(w, "two")
		})},
	}))
	got := b.raw("GET / HTTP/1.0\r\nHost: a\r\n\r\n")
	if strings.Contains(got, "chunked") || !strings.HasSuffix(got, "\r\n\r\none two") {
		t.Fatalf("HTTP/1.0 knows no chunks: got %q", got)
	}
}

// TestBodiesBothWays keeps that a backend can answer while the request is still being sent.
func TestBodiesBothWays(t *testing.T) {
	b := start(t, plainSnapshot([]config.Rule{prefixRule("n/r", "/", "a")}, map[string][]config.Endpoint{
		"a": {backend(t, func(w http.ResponseWriter, r *http.Request) {
			_ = http.NewResponseController(w).EnableFullDuplex()
			in := bufio.NewReader(r.Body)
			for {
				line, err := in.ReadString('\n')
				if err != nil {
					return
				}
				_, _ = io.WriteString(w, "re "+line)
				_ = http.NewResponseController(w).Flush()
			}
		})},
	}))
	body, send := io.Pipe()
	answers := make(chan string)
	go func() {
		defer close(answers)
		response, err := b.client.Post("http://a/", "text/plain", body)
		if err != nil {
			answers <- err.Error()
			return
		}
		defer response.Body.Close()
		for in := bufio.NewScanner(response.Body); in.Scan(); {
			answers <- in.Text()
		}
	}()
	for i := range 5 {
		_, _ = fmt.Fprintf(send, "%d\n", i)
		if got := <-answers; got != fmt.Sprintf("re %d", i) {
			t.Fatalf("got %q", got)
		}
	}
	send.Close()
	if got, more := <-answers; more {
		t.Fatalf("got %q", got)
	}
}

// TestEarlyAnswer keeps that an answer to a body that is still being sent reaches the client.
func TestEarlyAnswer(t *testing.T) {
	spy := conversing(t, func(conn net.Conn, in *bufio.Reader, _ *recorder) {
		for line := ""; line != "\r\n"; {
			var err error
			if line, err = in.ReadString('\n'); err != nil {
				return
			}
		}
		_, _ = io.WriteString(conn, "HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig")
		_ = conn.(*net.TCPConn).CloseWrite()
		_, _ = io.Copy(io.Discard, io.LimitReader(in, 1<<20))
	})
	b := start(t, plainSnapshot([]config.Rule{prefixRule("n/r", "/", "a")}, map[string][]config.Endpoint{"a": {spy.Endpoint}}))
	conn, err := net.Dial("tcp", b.addr(80))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
	_, _ = io.WriteString(conn, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nbegin")
	got, _ := io.ReadAll(conn)
	if !strings.HasPrefix(string(got), "HTTP/1.1 413") || !strings.HasSuffix(string(got), "big") {
		t.Fatalf("got %q", got)
	}
}

func TestLargeBodies(t *testing.T) {
	b := start(t, plainSnapshot([]config.Rule{prefixRule("n/r", "/", "a")}, map[string][]config.Endpoint{
		"a": {backend(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/length" {
				w.Header().Set("Content-Length", fmt.Sprint(r.ContentLength))
			}
			_ = http.NewResponseController(w).EnableFullDuplex()
			_, _ = io.Copy(w, r.Body)
		})},
	}))
	sent := strings.Repeat("0123456789abcdef", 300<<10)
	for _, path := range []string{"/length", "/chunked"} {
		if got := b.do(http.MethodPost, "http://a"+path, strings.NewReader(sent)); got.body != sent {
			t.Fatalf("%s: got %d bytes", path, len(got.body))
		}
	}
	if got := b.do(http.MethodPost, "http://a/chunked", io.MultiReader(strings.NewReader(sent))); got.body != sent {
		t.Fatalf("sent in chunks: got %d bytes", len(got.body))
	}
}

// TestClientThatGoes keeps that a backend does not work on for nobody.
func TestClientThatGoes(t *testing.T) {
	gone := make(chan struct{})
	b := start(t, plainSnapshot([]config.Rule{prefixRule("n/r", "/", "a")}, map[string][]config.Endpoint{
		"a": {backend(t, func(_ http.ResponseWriter, r *http.Request) {
			<-r.Context().Done()
			close(gone)
		})},
	}))
	conn, err := net.Dial("tcp", b.addr(80))
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(conn, "GET /gone HTTP/1.1\r\nHost: a\r\n\r\n")
	time.Sleep(20 * time.Millisecond)
	conn.Close()
	select {
	case <-gone:
	case <-time.After(5 * time.Second):
		t.Fatal("the backend was left waiting")
	}
	if record := b.last("/gone"); record["status"] != 499.0 || record["reason"] != "client_gone" {
		t.Fatalf("got %v", record)
	}
}

// TestSlowClients keeps that clients which send too slowly are sent away, and that others are served meanwhile.
func TestSlowClients(t *testing.T) {
	b := start(t, plainSnapshot([]config.Rule{prefixRule("n/r", "/", "a")}, map[string][]config.Endpoint{"a": {backend(t, drained(echo("a")))}}),
		func(o *proxy.Options) { o.HeaderTimeout, o.BodyTimeout = 150*time.Millisecond, 150*time.Millisecond })
	cases := []struct{ name, begin, want string }{
		{"head", "GET / HTTP/1.1\r\nHost: ", "408"},
		{"body", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n", "400"},
	}
	for _, c := range cases {
		conn, err := net.Dial("tcp", b.addr(80))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
		_, _ = io.WriteString(conn, c.begin)
		if got := b.get("http://a/meanwhile"); got.StatusCode != 200 {
			t.Fatalf("another client got %d", got.StatusCode)
		}
		if got, _ := io.ReadAll(conn); !strings.HasPrefix(string(got), "HTTP/1.1 "+c.want) {
			t.Fatalf("%s: got %q", c.name, got)
		}
	}
}

func TestLimits(t *testing.T) {
	release := make(chan struct{})
	b := start(t, plainSnapshot([]config.Rule{prefixRule("n/r", "/", "a")}, map[string][]config.Endpoint{
		"a": {backend(t, func(_ http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/hold" {
				<-release
			}
		})},
	}), func(o *proxy.Options) { o.MaxBodyBytes, o.MaxRequests, o.MaxConnections = 10, 1, 3 })
	if got := b.do(http.MethodPost, "http://a/", strings.NewReader("01234567890")); got.StatusCode != 413 {
		t.Fatalf("got %d", got.StatusCode)
	}
	for name, request := range map[string]string{
		"431": "GET / HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("x", 40<<10) + "\r\n\r\n",
		"414": "GET /" + strings.Repeat("x", 40<<10) + " HTTP/1.1\r\nHost: a\r\n\r\n",
	} {
		if got := b.raw(request); !strings.HasPrefix(got, "HTTP/1.1 "+name) {
			t.Fatalf("got %.60q, want %s", got, name)
		}
	}
	held := make(chan int)
	go func() { held <- b.get("http://a/hold").StatusCode }()
	for b.Requests() == 0 {
		time.Sleep(time.Millisecond)
	}
	if got := b.raw("GET /shed HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"); !strings.HasPrefix(got, "HTTP/1.1 503") || b.last("/shed")["reason"] != "overload" {
		t.Fatalf("got %q", got)
	}
	var open []net.Conn
	for range 4 {
		conn, err := net.Dial("tcp", b.addr(80))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		open = append(open, conn)
	}
	last := open[len(open)-1]
	_ = last.SetDeadline(time.Now().Add(5 * time.Second))
	if got, _ := io.ReadAll(last); !strings.HasPrefix(string(got), "HTTP/1.1 503") {
		t.Fatalf("got %q", got)
	}
	close(release)
	if got := <-held; got != 200 {
		t.Fatalf("what was there before goes on: got %d", got)
	}
}
