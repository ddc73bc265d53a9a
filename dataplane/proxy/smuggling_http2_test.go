package proxy_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/fleetgate/fleetgate/dataplane/config"
)

// TestAttacksOverHTTP2 sends what an HTTP/1.1 backend could read as something else, which is how most
// of HTTP/2's smuggling works. Header lists by themselves are in http2 (TestRequestHeads,
// TestBodyLengths, TestTrailerHeads), and frames in its TestConformance.
func TestAttacksOverHTTP2(t *testing.T) {
	const malformed = "reset PROTOCOL_ERROR"
	post := func(more ...string) []string { return append([]string{":method", "POST"}, get("/x", more...)[2:]...) }
	with := func(name, value string) []string {
		list := get("/x")
		list[slices.Index(list, name)+1] = value
		return list
	}
	attacks := []struct {
		name, reason string
		list         []string
		body         string // "" for none; else it ends the stream
		trailers     []string
		want         string
		asked        []string
		absent       []string
	}{
		{"longer than its length", "H2.CL", post("content-length", "5"), "helloGET /admin HTTP/1.1\r\nHost: a\r\n\r\n", nil, malformed, nil, []string{"admin"}},
		{"shorter than its length", "H2.CL", post("content-length", "9"), "hello", nil, malformed, nil, nil},
		{"two lengths", "", post("content-length", "5", "content-length", "5"), "hello", nil, malformed, nil, nil},
		{"length without a body", "", get("/x", "content-length", "5"), "", nil, malformed, nil, nil},
		{"no length", "chunks to the backend", post(), "hello", nil, "200", []string{"POST /x a hello"}, nil},
		{"chunks", "H2.TE", post("transfer-encoding", "chunked"), "0\r\n\r\nGET /admin HTTP/1.1\r\nHost: a\r\n\r\n", nil, malformed, nil, []string{"admin"}},
		{"chunks in the body", "they are data", post(), "0\r\n\r\nGET /admin", nil, "200", []string{"POST /x a 0\r\n\r\nGET /admin"}, nil},
		{"connection", "", get("/x", "connection", "authorization"), "", nil, malformed, nil, nil},
		{"upgrade", "", get("/x", "upgrade", "h2c"), "", nil, malformed, nil, nil},
		{"te", "", get("/x", "te", "trailers, chunked"), "", nil, malformed, nil, nil},
		{"upper case", "", get("/x", "X-Own", "1"), "", nil, malformed, nil, nil},
		{"line in a value", "request splitting", get("/x", "a", "b\r\nHost: evil"), "", nil, malformed, nil, []string{"evil"}},
		{"line in a name", "", get("/x", "a: b\r\nhost", "evil"), "", nil, malformed, nil, []string{"evil"}},
		{"line in the path", "", with(":path", "/x HTTP/1.1\r\nHost: evil\r\n\r\n"), "", nil, malformed, nil, []string{"evil"}},
		{"line in the method", "", with(":method", "GET /admin HTTP/1.1\r\nA:"), "", nil, malformed, nil, []string{"admin"}},
		{"line in the authority", "", with(":authority", "a\r\nx: y"), "", nil, "400", nil, nil},
		{"line in the scheme", "", with(":scheme", "http://evil/?"), "", nil, "400", nil, []string{"evil"}},
		{"other host", "routed by one, served by the other", get("/x", "host", "evil"), "", nil, malformed, nil, nil},
		{"two hosts", "", get("/x", "host", "a", "host", "a"), "", nil, malformed, nil, nil},
		{"the same host", "written once", get("/x", "host", "a"), "", nil, "200", []string{"GET /x a"}, nil},
		{"pseudo-header behind", "", append(get("/x", "a", "b"), ":path", "/admin"), "", nil, malformed, nil, []string{"admin"}},
		{"two paths", "", append([]string{":path", "/admin"}, get("/x")...), "", nil, malformed, nil, []string{"admin"}},
		{"empty path", "", with(":path", ""), "", nil, malformed, nil, nil},
		{"absolute path", "", with(":path", "http://evil/x"), "", nil, malformed, nil, []string{"evil"}},
		{"options of all", "no rule has it", append([]string{":method", "OPTIONS"}, with(":path", "*")[2:]...), "", nil, "400", nil, nil},
		{"dots", "", with(":path", "/a/%2e%2e/admin"), "", nil, "200", []string{"GET /admin a"}, []string{"%2e"}},
		{"encoded slash", "", with(":path", "/a%2f..%2fadmin"), "", nil, "400", nil, nil},
		{"overlong dots", "", with(":path", "/a/%c0%ae%c0%ae/admin"), "", nil, "400", nil, nil},
		{"NUL in the path", "", with(":path", "/a%00"), "", nil, "400", nil, nil},
		{"underscore twin", "", get("/x", "x_forwarded_for", "6.6.6.6"), "", nil, "400", nil, nil},
		{"dotted twin", "", get("/x", "x.forwarded.for", "6.6.6.6"), "", nil, "400", nil, nil},
		{"address of the client", "ours to say", get("/x", "x-forwarded-for", "6.6.6.6", "x-real-ip", "6.6.6.6", "forwarded", "for=6.6.6.6"), "", nil, "200", []string{"GET /x a"}, []string{"6.6.6.6"}},
		{"fields of a connection that HTTP/2 knows no more", "", get("/x", "proxy-authorization", "secret", "trailer", "a"), "", nil, "200", []string{"GET /x a"}, []string{"secret", "railer"}},
		{"trailer that would route", "dropped", post(), "hello", []string{"x-forwarded-for", "6.6.6.6", "authorization", "x", "x-sum", "1"}, "200", []string{"POST /x a hello"}, []string{"6.6.6.6", "uthorization"}},
		{"framing in trailers", "", post(), "hello", []string{"content-length", "5"}, malformed, nil, nil},
		{"pseudo-header in trailers", "", post(), "hello", []string{":path", "/admin"}, malformed, nil, []string{"admin"}},
		{"tunnel", "a gateway is none", []string{":method", "CONNECT", ":authority", "127.0.0.1:15021"}, "", nil, "405", nil, nil},
		{"tunnel for HTTP/2", "what is said in it would go past the rules", append(with(":method", "CONNECT"), ":protocol", "h2c"), "PRI", nil, "501", nil, nil},
		{"tunnel for HTTP/1.1", "", append(with(":method", "CONNECT"), ":protocol", "HTTP/1.1"), "GET /admin", nil, malformed, nil, []string{"admin"}},
		{"tunnel for TLS", "", append(with(":method", "CONNECT"), ":protocol", "tls"), "x", nil, "501", nil, nil},
		{"tunnel that a backend declines", "200 would say that it is open", append(with(":method", "CONNECT"), ":protocol", "websocket"), "GET /admin HTTP/1.1\r\n\r\n", nil, "502", []string{"GET /x a"}, []string{"admin"}},
	}
	for _, a := range attacks {
		t.Run(a.name, func(t *testing.T) {
			s := newSpy(t)
			b := start(t, plainSnapshot([]config.Rule{prefixRule("n/r", "/", "a")}, map[string][]config.Endpoint{"a": {s.Endpoint}}))
			p := b.peer()
			p.must(p.ask(1, a.body == "", a.list...))
			if a.body != "" {
				p.must(p.WriteData(1, a.trailers == nil, []byte(a.body)))
			}
			if a.trailers != nil {
				p.must(p.ask(1, true, a.trailers...))
			}
			if got := p.outcome(1); got != a.want {
				t.Errorf("%s: %s, want %s", a.reason, got, a.want)
			}
			p.must(p.ask(3, true, get("/next")...))
			if got := p.outcome(3); got != "200" {
				t.Errorf("%s: the next request: %s", a.reason, got)
			}
			(&attack{reason: a.reason, statuses: " 200", asked: a.asked, absent: a.absent}).check(t, s)
		})
	}
}

// TestTunnelOverHTTP2BeginsWhenItIsOpen keeps that nothing of a WebSocket reaches its backend before that
// has agreed: until then it could only be read as another request. What was sent early is not lost.
func TestTunnelOverHTTP2BeginsWhenItIsOpen(t *testing.T) {
	agreed := make(chan struct{})
	early := make(chan int, 1)
	backend := conversing(t, func(conn net.Conn, in *bufio.Reader, _ *recorder) {
		request, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		<-agreed
		early <- in.Buffered()
		_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: "+
			acceptOf(request.Header.Get("Sec-Websocket-Key"))+"\r\n\r\n")
		_, _ = io.Copy(conn, in)
	})
	b := start(t, plainSnapshot([]config.Rule{prefixRule("n/r", "/", "a")}, map[string][]config.Endpoint{"a": {backend.Endpoint}}))
	p := b.peer()
	list := append(get("/socket"), ":protocol", "websocket")
	list[1] = "CONNECT"
	p.must(p.ask(1, false, list...))
	p.must(p.WriteData(1, false, []byte("GET /admin HTTP/1.1\r\n\r\n")))
	p.must(p.ask(3, true, get("/none", "x_bad", "1")...))
	if got := p.outcome(3); got != "400" { // so that the data must have come
		t.Fatal(got)
	}
	close(agreed)
	if got := p.outcome(1); got != "200" {
		t.Fatalf("got %s", got)
	}
	if n := <-early; n != 0 {
		t.Errorf("%d bytes came before the tunnel was open", n)
	}
	for i := range 50 {
		p.must(p.WriteData(1, false, []byte(strings.Repeat("x", i+1))))
	}
	want := "GET /admin HTTP/1.1\r\n\r\n" + strings.Repeat("x", 50*51/2)
	var got strings.Builder
	for got.Len() < len(want) {
		frame, err := p.ReadFrame()
		p.must(err)
		if data, ok := frame.(interface{ Data() []byte }); ok && frame.Header().StreamID == 1 {
			got.Write(data.Data())
		}
	}
	if got.String() != want {
		t.Errorf("got %q", got.String())
	}
}

// TestAnswersToUnfinishedBodies keeps that a client of HTTP/2 hears why its request failed while it was still
// sending: a stream that is reset says nothing, and is tried again.
func TestAnswersToUnfinishedBodies(t *testing.T) {
	slow := prefixRule("n/slow", "/slow", "mute")
	slow.Timeouts.Request = 50
	mute := conversing(t, func(_ net.Conn, in *bufio.Reader, _ *recorder) { _, _ = io.Copy(io.Discard, in) })
	torn := conversing(t, func(_ net.Conn, in *bufio.Reader, _ *recorder) { _, _ = http.ReadRequest(in) })
	b := start(t, plainSnapshot([]config.Rule{prefixRule("n/dead", "/dead", "dead"), slow, prefixRule("n/torn", "/torn", "torn")},
		map[string][]config.Endpoint{"dead": {dead(t)}, "mute": {mute.Endpoint}, "torn": {torn.Endpoint}}))
	for path, want := range map[string]string{"/dead": "502", "/slow": "504", "/torn": "502", "/none": "404"} {
		p := b.peer()
		p.must(p.ask(1, false, append([]string{":method", "POST"}, get(path)[2:]...)...))
		p.must(p.WriteData(1, false, []byte("hello")))
		if got := p.outcome(1); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
		p.must(p.WriteData(1, true, []byte("world"))) // as one that has not heard yet
		p.must(p.ask(3, true, get("/none")...))
		if got := p.outcome(3); got != "404" {
			t.Errorf("%s: the next request: %s", path, got)
		}
	}
}
