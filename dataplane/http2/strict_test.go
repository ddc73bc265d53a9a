package http2

import (
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/net/http2"

	"github.com/fleetgate/fleetgate/dataplane/message"
)

// ok answers as soon as the body has come whole.
func ok(st *Stream) {
	for {
		if _, err := st.Next(); err != nil {
			break
		}
	}
	_ = st.Respond(&message.Response{Status: 200}, nil, true)
}

func TestRequestHeads(t *testing.T) {
	const (
		malformed = "reset PROTOCOL_ERROR"
		bad       = "400"
		sound     = "200"
	)
	plain := func(more ...string) []string {
		return append([]string{":method", "GET", ":scheme", "https", ":authority", "a.example", ":path", "/x?y"}, more...)
	}
	post := func(more ...string) []string {
		return append([]string{":method", "POST", ":scheme", "https", ":authority", "a.example", ":path", "/"}, more...)
	}
	without := func(name string) []string {
		all, kept := plain(), []string(nil)
		for i := 0; i < len(all); i += 2 {
			if all[i] != name {
				kept = append(kept, all[i], all[i+1])
			}
		}
		return kept
	}
	with := func(name, value string) []string {
		all := plain()
		for i := 0; i < len(all); i += 2 {
			if all[i] == name {
				all[i+1] = value
			}
		}
		return all
	}
	tests := []struct {
		name, reason string
		pairs        []string
		want         string
	}{
		{"plain", "the least there can be", plain(), sound},
		{"options *", "RFC 9113 section 8.3.1", []string{":method", "OPTIONS", ":scheme", "http", ":authority", "a", ":path", "*"}, sound},
		{"get *", "* is of OPTIONS only", with(":path", "*"), malformed},
		{"any method", "methods are tokens", with(":method", "PURGE"), sound},
		{"method with a space", "not a token", with(":method", "GET /"), malformed},
		{"empty method", "not a token", with(":method", ""), malformed},
		{"no method", "RFC 9113 section 8.3.1", without(":method"), malformed},
		{"no scheme", "RFC 9113 section 8.3.1", without(":scheme"), malformed},
		{"no path", "RFC 9113 section 8.3.1", without(":path"), malformed},
		{"no authority", "as HTTP/1.1 without Host", without(":authority"), bad},
		{"other scheme", "a proxy for http and https only", with(":scheme", "ftp"), bad},
		{"empty path", "must not be empty", with(":path", ""), malformed},
		{"path without a slash", "no origin form", with(":path", "x"), malformed},
		{"absolute path", "no origin form", with(":path", "http://a.example/"), malformed},
		{"path with a space", "would split an HTTP/1.1 request line", with(":path", "/a HTTP/1.1"), malformed},
		{"path with CR LF", "would split an HTTP/1.1 head", with(":path", "/a\r\nx: y"), malformed},
		{"path with NUL", "a control", with(":path", "/a\x00"), malformed},
		{"path with a fragment", "fragments are not sent", with(":path", "/a#b"), malformed},
		{"path with UTF-8", "passed on as it is", with(":path", "/ä"), sound},
		{"twice method", "pseudo-header fields come once", append([]string{":method", "GET"}, plain()...), malformed},
		{"twice path", "pseudo-header fields come once", append([]string{":path", "/"}, plain()...), malformed},
		{"unknown pseudo", "RFC 9113 section 8.3", append([]string{":x", "y"}, plain()...), malformed},
		{"status in a request", "of responses only", append([]string{":status", "200"}, plain()...), malformed},
		{"pseudo behind a field", "pseudo-header fields come first", append(append([]string{"x", "y"}, plain()...), ":path", "/"), malformed},
		{"authority with user", "RFC 9113 section 8.3.1", with(":authority", "u@a.example"), bad},
		{"authority with a path", "not a host", with(":authority", "a.example/b"), bad},
		{"authority with an escape", "some decode it and some do not", with(":authority", "a%2eexample"), bad},
		{"authority list", "which one is it", with(":authority", "a.example,b.example"), bad},
		{"authority with a port", "RFC 9110 section 7.2", with(":authority", "a.example:8443"), sound},
		{"authority with a bad port", "not digits", with(":authority", "a.example:x"), bad},
		{"authority with a large port", "no port", with(":authority", "a.example:65536"), bad},
		{"authority of IPv6", "in brackets", with(":authority", "[::1]:80"), sound},
		{"authority of bad IPv6", "not an address", with(":authority", "[::g]"), bad},
		{"authority of open IPv6", "no end", with(":authority", "[::1"), bad},
		{"authority of IPv6 with a zone", "means something to one host only", with(":authority", "[fe80::1%25eth0]"), bad},
		{"host alone", "from HTTP/1.1", append(without(":authority"), "host", "a.example"), sound},
		{"host as authority", "the same", plain("host", "a.example"), sound},
		{"host in other case", "the same", plain("host", "A.Example"), sound},
		{"host not authority", "routes by one, is served by the other", plain("host", "b.example"), malformed},
		{"two hosts", "which one is it", plain("host", "a.example", "host", "a.example"), malformed},
		{"empty host alone", "no host", append(without(":authority"), "host", ""), bad},
		{"upper case", "RFC 9113 section 8.2.1", plain("X-Test", "a"), malformed},
		{"underscore", "a hyphen's twin to CGI", plain("x_test", "a"), bad},
		{"dotted twin", "to some it is a hyphen too", plain("x.forwarded.for", "a"), bad},
		{"twin of framing", "", plain("content!length", "0"), bad},
		{"dot in another name", "the twin of nothing", plain("x.test", "a"), sound},
		{"underscore and upper case", "the worse of the two", plain("X_Test", "a"), malformed},
		{"empty name", "CVE-2019-9516", plain("", "a"), malformed},
		{"name with a colon", "RFC 9113 section 8.2.1", plain("a:b", "c"), malformed},
		{"name with a space", "RFC 9113 section 8.2.1", plain("a b", "c"), malformed},
		{"name with UTF-8", "not a token", plain("ä", "c"), malformed},
		{"value with CR", "RFC 9113 section 8.2.1", plain("a", "b\rc"), malformed},
		{"value with LF", "RFC 9113 section 8.2.1", plain("a", "bbbbbbbbbbbbb\nc"), malformed},
		{"value with NUL", "RFC 9113 section 8.2.1", plain("a", "b\x00c"), malformed},
		{"value with DEL", "a control", plain("a", "b\x7fc"), malformed},
		{"value with a tab", "white space within a value", plain("a", "bbbbbbb\tccccccc"), sound},
		{"value with UTF-8", "obs-text", plain("a", "ä"), sound},
		{"value with a space before", "RFC 9113 section 8.2.1", plain("a", " b"), malformed},
		{"value with a tab behind", "RFC 9113 section 8.2.1", plain("a", "b\t"), malformed},
		{"empty value", "is one", plain("a", ""), sound},
		{"connection", "RFC 9113 section 8.2.2", plain("connection", "close"), malformed},
		{"proxy-connection", "RFC 9113 section 8.2.2", plain("proxy-connection", "close"), malformed},
		{"keep-alive", "RFC 9113 section 8.2.2", plain("keep-alive", "1"), malformed},
		{"transfer-encoding", "RFC 9113 section 8.2.2", post("transfer-encoding", "chunked"), malformed},
		{"upgrade", "RFC 9113 section 8.2.2", plain("upgrade", "h2c"), malformed},
		{"te trailers", "the one that may be", plain("te", "trailers"), sound},
		{"te gzip", "RFC 9113 section 8.2.2", plain("te", "gzip"), malformed},
		{"content-length without a body", "END_STREAM says there is none", plain("content-length", "1"), malformed},
		{"content-length of nothing", "true", plain("content-length", "0"), sound},
		{"two content-lengths", "equal or not", plain("content-length", "0", "content-length", "0"), malformed},
		{"content-length list", "equal or not", plain("content-length", "0, 0"), malformed},
		{"content-length with a sign", "digits only", plain("content-length", "+0"), malformed},
		{"empty content-length", "digits only", plain("content-length", ""), malformed},
		{"huge content-length", "beyond 63 bits", plain("content-length", "99999999999999999999"), malformed},
		{"connect", "RFC 9113 section 8.5", []string{":method", "CONNECT", ":authority", "a.example:443"}, sound},
		{"connect with a path", "RFC 9113 section 8.5", []string{":method", "CONNECT", ":authority", "a:443", ":path", "/"}, malformed},
		{"connect to nowhere", "RFC 9113 section 8.5", []string{":method", "CONNECT"}, malformed},
		{"extended connect", "RFC 8441 section 4", append([]string{":protocol", "websocket"}, with(":method", "CONNECT")...), sound},
		{"extended connect without a path", "RFC 8441 section 4", []string{
			":method", "CONNECT", ":protocol", "websocket", ":scheme", "http", ":authority", "a",
		}, malformed},
		{"protocol without connect", "RFC 8441 section 4", append([]string{":protocol", "websocket"}, plain()...), malformed},
		{"list too large", "431", plain("a", strings.Repeat("x", 33<<10)), "431"},
		{"too many fields", "431", plain(repeat(101, "a", "b")...), "431"},
		{"many fields", "the most", plain(repeat(100, "a", "b")...), sound},
		{"cookie crumbs", "one field in the end", plain(repeat(50, "cookie", "a=b")...), sound},
	}
	var handled atomic.Int32
	l := listen(t, nil, ServerOptions{}, func(st *Stream) {
		handled.Add(1)
		ok(st)
	})
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			handled.Store(0)
			p := dialPeer(t, l)
			p.headers(1, true, test.pairs...)
			if got := p.outcome(1); got != test.want {
				t.Errorf("%s: %s, want %s", test.reason, got, test.want)
			}
			if got, want := handled.Load() > 0, test.want == sound; got != want {
				t.Errorf("%s: handled %v", test.reason, got)
			}
			p.ask(3, true, "GET", "x-test", "the table of HPACK is still right")
			if got := p.outcome(3); got != sound {
				t.Errorf("the next request: %s", got)
			}
		})
	}
}

func repeat(n int, pair ...string) (all []string) {
	for range n {
		all = append(all, pair...)
	}
	return all
}

func TestBodyLengths(t *testing.T) {
	tests := []struct {
		name, reason, length string
		data                 []string
		want                 string
	}{
		{"exact", "as it should be", "5", []string{"hello"}, "200"},
		{"in pieces", "the sum counts", "5", []string{"he", "llo"}, "200"},
		{"long", "RFC 9113 section 8.1.1", "4", []string{"hello"}, "reset PROTOCOL_ERROR"},
		{"short", "RFC 9113 section 8.1.1", "6", []string{"hello"}, "reset PROTOCOL_ERROR"},
		{"long in pieces", "told as soon as it is known", "6", []string{"hello", "world", ""}, "reset PROTOCOL_ERROR"},
		{"nothing", "content-length 0 and an empty frame", "0", []string{""}, "200"},
		{"something for nothing", "RFC 9113 section 8.1.1", "0", []string{"x"}, "reset PROTOCOL_ERROR"},
	}
	l := listen(t, nil, ServerOptions{}, ok)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := dialPeer(t, l)
			p.ask(1, false, "POST", "content-length", test.length)
			for i, data := range test.data {
				p.must(p.WriteData(1, i == len(test.data)-1, []byte(data)))
			}
			// The handler answers a broken body too, unless the reset comes first, as it must.
			if got := p.outcome(1); got != test.want {
				t.Errorf("%s: %s, want %s", test.reason, got, test.want)
			}
		})
	}
}

func TestTrailerHeads(t *testing.T) {
	const malformed = "reset PROTOCOL_ERROR"
	tests := []struct {
		name, reason string
		ended        bool
		pairs        []string
		want         string
	}{
		{"plain", "as they should be", true, []string{"x-sum", "1"}, "200"},
		{"none", "an empty list", true, nil, "200"},
		{"not the end", "RFC 9113 section 8.1", false, []string{"x-sum", "1"}, malformed},
		{"pseudo", "RFC 9113 section 8.1", true, []string{":path", "/"}, malformed},
		{"content-length", "framing", true, []string{"content-length", "5"}, malformed},
		{"host", "routing", true, []string{"host", "b.example"}, malformed},
		{"te", "of a connection", true, []string{"te", "trailers"}, malformed},
		{"transfer-encoding", "framing", true, []string{"transfer-encoding", "chunked"}, malformed},
		{"connection", "of a connection", true, []string{"connection", "close"}, malformed},
		{"upper case", "RFC 9113 section 8.2.1", true, []string{"X-Sum", "1"}, malformed},
		{"underscore", "a hyphen's twin", true, []string{"x_sum", "1"}, malformed},
		{"too many", "no 431 when a body has been taken", true, repeat(101, "a", "b"), malformed},
		{"too large", "no 431 when a body has been taken", true, []string{"a", strings.Repeat("x", 33<<10)}, malformed},
	}
	l := listen(t, nil, ServerOptions{}, ok)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := dialPeer(t, l)
			p.ask(1, false, "POST")
			p.must(p.WriteData(1, false, []byte("hello")))
			p.headers(1, test.ended, test.pairs...)
			if got := p.outcome(1); got != test.want {
				t.Errorf("%s: %s, want %s", test.reason, got, test.want)
			}
		})
	}
}

func TestRequestMeaning(t *testing.T) {
	got := make(chan message.Request, 1)
	l := listen(t, nil, ServerOptions{}, func(st *Stream) {
		r := st.Request
		r.Fields = append([]message.Field(nil), r.Fields...)
		for i := range r.Fields {
			r.Fields[i].Value = strings.Clone(r.Fields[i].Value)
		}
		got <- r
		ok(st)
	})
	p := dialPeer(t, l)
	p.headers(1, false, ":method", "POST", ":scheme", "https", ":authority", "A.example:1", ":path", "/p?q",
		"cookie", "a=1", "x", "y", "host", "a.example:1", "cookie", "b=2", "te", "trailers", "expect", "100-continue",
		"content-length", "3", "cookie", "c=3", "trailer", "x-sum")
	r := <-got
	want := message.Request{
		Version: message.HTTP2, Method: "POST", Scheme: "https", Authority: "A.example:1", Target: "/p?q", ContentLength: 3,
		Expect: true, Trailers: true,
	}
	list := r.Fields
	r.Fields = nil
	if r.Version != want.Version || r.Method != want.Method || r.Scheme != want.Scheme || r.Authority != want.Authority ||
		r.Target != want.Target || r.ContentLength != want.ContentLength || !r.Expect || !r.Trailers || r.Close || r.Upgrade != "" {
		t.Errorf("got %+v, want %+v", r, want)
	}
	var text []string
	for _, f := range list {
		line := f.Name + ": " + f.Value
		if f.Hop {
			line += " (hop)"
		}
		text = append(text, line)
	}
	const all = "cookie: a=1; b=2; c=3|x: y|te: trailers (hop)|expect: 100-continue|content-length: 3|trailer: x-sum (hop)"
	if joined := strings.Join(text, "|"); joined != all {
		t.Errorf("fields\n%s, want\n%s", joined, all)
	}
	p.must(p.WriteData(1, true, []byte("abc")))
	if s := p.status(1); s != "200" {
		t.Error(s)
	}
}

func TestExtendedConnect(t *testing.T) {
	l := listen(t, nil, ServerOptions{}, func(st *Stream) {
		if st.Request.Method != "CONNECT" || st.Request.Upgrade != "websocket" || st.Request.ContentLength != message.Unknown {
			st.Abort(InternalError)
			return
		}
		echo(st)
	})
	c := dial(t, l, ClientOptions{})
	call, err := c.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer call.Release()
	r := get("/chat")
	r.Upgrade, r.ContentLength = "websocket", message.Unknown
	if err := call.Send(r, nil, false); err != nil {
		t.Fatal(err)
	}
	var response message.Response
	if err := call.Receive(&response); err != nil || response.Status != 200 || response.ContentLength != message.Unknown {
		t.Fatal(response, err)
	}
	for _, text := range []string{"one", "two"} {
		if err := call.Body([]byte(text), false); err != nil {
			t.Fatal(err)
		}
		if piece, err := call.Next(); err != nil || string(piece) != text {
			t.Fatalf("%q, %v", piece, err)
		}
	}
	if err := call.Body(nil, true); err != nil {
		t.Fatal(err)
	}
	readAll(t, call)
}

func TestServerSettings(t *testing.T) {
	l := listen(t, nil, ServerOptions{MaxStreams: 7, MaxHeaderBytes: 5000, StreamWindow: 1000, ConnWindow: 100000}, ok)
	conn := dialRaw(t, l)
	conn.write([]byte(preface))
	conn.must(conn.WriteSettings())
	f, _ := conn.await(http2.FrameSettings, 0).(*http2.SettingsFrame)
	want := map[http2.SettingID]uint32{
		http2.SettingMaxConcurrentStreams: 7, http2.SettingInitialWindowSize: 1000, http2.SettingMaxHeaderListSize: 5000,
		http2.SettingEnableConnectProtocol: 1, 0x9: 1,
	}
	for id, value := range want {
		if got, ok := f.Value(id); !ok || got != value {
			t.Errorf("%v: %d, %v, want %d", id, got, ok, value)
		}
	}
	update, _ := conn.await(http2.FrameWindowUpdate, 0).(*http2.WindowUpdateFrame)
	if update.Increment != 100000-defaultWindow {
		t.Errorf("the connection's window grows by %d", update.Increment)
	}
}
