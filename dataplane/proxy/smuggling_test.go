package proxy_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/fleetgate/fleetgate/dataplane/config"
)

// attack is bytes of a client, and what has to come of them. What the parsers themselves say to each
// form is in http1 (TestParseRequestRefuses, TestChunksRefuses, TestHosts, TestLimits) and router
// (TestNormalPath, TestNormalPathRefuses); here the same bytes go through the whole proxy, and a
// backend with another parser has to read nothing, or exactly what our rules were matched on.
type attack struct {
	name, reason, request string
	// statuses of the responses, in order. After an attack comes a request for /next: it is answered
	// with 200 only if the connection goes on.
	statuses string
	// asked is what the backend reads, without /next.
	asked []string
	// absent may not be on the wire to the backend.
	absent []string
}

func TestAttacksByFraming(t *testing.T) {
	const post = "POST /x HTTP/1.1\r\nHost: a\r\n"
	const chunked = post + "Transfer-Encoding: chunked\r\n\r\n"
	const read = "POST /x a hello"
	bytesOfChunks := strings.Repeat("1;a="+strings.Repeat("b", 200)+"\r\nx\r\n", 90)
	runAttacks(t, []attack{
		{"length before chunks", "CL.TE", post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400", nil, nil},
		{"chunks before length", "TE.CL", post + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", "400", nil, nil},
		{"length and chunks in a trailer", "the framing is over by then: dropped", chunked + "5\r\nhello\r\n0\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n", "200 200", []string{read}, []string{"Content-Length: 9"}},
		{"chunks in HTTP/1.0", "an old front counts bytes", "POST /x HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400", nil, nil},
		{"chunks in HTTP/1.0 kept alive", "", "POST /x HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400", nil, nil},
		{"equal lengths", "some take the first, some join them", post + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", "400", nil, nil},
		{"unequal lengths", "some take the first, some the last", post + "Content-Length: 0\r\nContent-Length: 5\r\n\r\nhello", "400", nil, nil},
		{"zeros before a length", "octal to some: written anew", post + "Content-Length: 005\r\n\r\nhello", "200 200", []string{read}, []string{": 005"}},
		{"a length that is nominated", "the body would become the next request", post + "Connection: Content-Length\r\nContent-Length: 5\r\n\r\nhello", "200 200", []string{read}, nil},
		{"chunks that are nominated", "", post + "Connection: transfer-encoding\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "200 200", []string{read}, nil},
		{"body of GET", "some do not look for one", "GET /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", "200 200", []string{"GET /x a hello"}, nil},
		{"no body of POST", "said so, that nobody waits for one", post + "\r\n", "200 200", []string{"POST /x a"}, nil},
		{"bare LF in the line", "", "GET /x HTTP/1.1\nHost: a\r\n\r\n", "400", nil, nil},
		{"bare LF as the end", "", "GET /x HTTP/1.1\r\nHost: a\r\nA: b\n\r\n", "400", nil, nil},
		{"folded coding", "obs-fold", post + "Transfer-Encoding:\r\n chunked\r\nContent-Length: 5\r\n\r\nhello", "400", nil, nil},
		{"space before the colon", "", post + "Content-Length : 5\r\n\r\nhello", "400", nil, nil},
		{"vertical tab in a name", "", post + "Transfer-Encoding\x0b: chunked\r\nContent-Length: 5\r\n\r\nhello", "400", nil, nil},
		{"chunks in capitals", "a coding is one without regard to case", post + "Transfer-Encoding: CHUNKED\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "200 200", []string{read}, []string{"CHUNKED"}},
		{"chunk extension", "not passed on", chunked + "5;a=\"0\\\"\"\r\nhello\r\n0;b\r\n\r\n", "200 200", []string{read}, []string{";"}},
		{"chunk extension with LF", "TERM.EXT", chunked + "5;a\nb\r\nhello\r\n0\r\n\r\n", "400", nil, nil},
		{"chunk extension of a line without end", "bounded", chunked + "5;a=" + strings.Repeat("b", 300) + "\r\nhello\r\n0\r\n\r\n", "400", nil, nil},
		{"chunk extensions without end", "bounded in all", chunked + bytesOfChunks + "0\r\n\r\n", "400", nil, []string{"bbb"}},
		{"size of a chunk with a sign", "", chunked + "+5\r\nhello\r\n0\r\n\r\n", "400", nil, nil},
		{"size of a chunk with a prefix", "", chunked + "0x5\r\nhello\r\n0\r\n\r\n", "400", nil, nil},
		{"size of a chunk with zeros", "written anew", chunked + "0000000000000005\r\nhello\r\n0\r\n\r\n", "200 200", []string{read}, []string{"\n00000"}},
		{"chunk without CRLF behind", "", chunked + "5\r\nhello0\r\n\r\n", "400", nil, nil},
		{"trailer that would route", "dropped", chunked + "5\r\nhello\r\n0\r\nHost: b\r\nX-Forwarded-For: 6.6.6.6\r\nAuthorization: x\r\n\r\n", "200 200", []string{read}, []string{"Host: b", "6.6.6.6", "Authorization"}},
		{"trailer that is a request", "", chunked + "5\r\nhello\r\n0\r\nGET /admin HTTP/1.1\r\n\r\n", "400", nil, []string{"admin"}},
		{"trailers without end", "bounded", chunked + "5\r\nhello\r\n0\r\n" + strings.Repeat("A: b\r\n", 40) + "\r\n", "400", nil, nil},
		{"body of two requests", "not looked into", post + "Content-Length: 27\r\n\r\nGET /admin HTTP/1.1\r\nA: b\r\n", "200 200", []string{"POST /x a GET /admin HTTP/1.1\r\nA: b"}, nil},
		{"empty line between requests", "an old client's: one is passed over", "\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n", "200 200", []string{"GET /x a"}, nil},
		{"two empty lines", "", "\r\n\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n", "400", nil, nil},
		{"preface of HTTP/2 behind a request", "a connection does not change what it speaks", "GET /x HTTP/1.1\r\nHost: a\r\n\r\nPRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "200 400", []string{"GET /x a"}, nil},
		{"preface of HTTP/2 with something else", "", "PRI * HTTP/2.0\r\n\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n", "400", nil, nil},
	})
}

func TestAttacksByTarget(t *testing.T) {
	get := func(target string) string { return "GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n" }
	runAttacks(t, []attack{
		{"dots", "/a/../admin is what a backend opens", get("/a/../admin"), "200 200", []string{"GET /admin a"}, []string{".."}},
		{"encoded dots", "", get("/a/%2e%2E/admin"), "200 200", []string{"GET /admin a"}, []string{"%2"}},
		{"overlong dots", "decoders of old read C0 AE as a dot", get("/a/%c0%ae%c0%ae/admin"), "400", nil, nil},
		{"overlong slash", "and C0 AF, E0 80 AF as a slash", get("/a%e0%80%afadmin"), "400", nil, nil},
		{"overlong dots as they are", "", get("/a/\xc0\xae\xc0\xae/admin"), "400", nil, nil},
		{"dots above the root", "", get("/../admin"), "400", nil, nil},
		{"encoded slash", "", get("/a%2f..%2fadmin"), "400", nil, nil},
		{"doubly encoded", "decoded nowhere: no rule and no backend may decode twice", get("/%252e%252e/admin"), "200 200", []string{"GET /%252e%252e/admin a"}, nil},
		{"two slashes", "//admin is a host to some", get("//admin//x"), "200 200", []string{"GET /admin/x a"}, []string{"//"}},
		{"parameter", "Tomcat's ..;", get("/a/..;/admin"), "400", nil, nil},
		{"parameter on nothing", "", get("/;x/admin"), "400", nil, nil},
		{"parameter on a name", "of one meaning", get("/a;v=1/x"), "200 200", []string{"GET /a;v=1/x a"}, nil},
		{"backslash", "", get(`/a\..\admin`), "400", nil, nil},
		{"encoded backslash", "", get("/a%5c..%5cadmin"), "400", nil, nil},
		{"NUL", "the end of a string in C", get("/a%00.png"), "400", nil, nil},
		{"CR and LF", "", get("/a%0d%0aX:y"), "400", nil, nil},
		{"NUL as it is", "", get("/a\x00"), "400", nil, nil},
		{"fragment", "", get("/a#b"), "400", nil, nil},
		{"encoded fragment and query", "stay what they are", get("/a%23b%3fc"), "200 200", []string{"GET /a%23b%3Fc a"}, nil},
		{"broken escape", "", get("/a%zz"), "400", nil, nil},
		{"query with semicolons", "not dropped", get("/a?b=1;c=2"), "200 200", []string{"GET /a?b=1;c=2 a"}, nil},
		{"query with a raw quote", "encoded", get("/a?b=\"<"), "200 200", []string{"GET /a?b=%22%3C a"}, nil},
		{"host in the target", "its host counts, and is the one that the backend sees", "GET http://b/x HTTP/1.1\r\nHost: a\r\n\r\n", "200 200", []string{"GET /x b"}, []string{"http://"}},
		{"host in the target, dots", "", "GET http://b/../x HTTP/1.1\r\nHost: a\r\n\r\n", "400", nil, nil},
		{"host in the target, no Host", "", "GET http://b/x HTTP/1.1\r\n\r\n", "400", nil, nil},
		{"host in the target, bad Host", "", "GET http://b/x HTTP/1.1\r\nHost: a/b\r\n\r\n", "400", nil, nil},
		{"user in the target", "", "GET http://a@b/x HTTP/1.1\r\nHost: a\r\n\r\n", "400", nil, nil},
		{"other scheme", "", "GET file:///etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n", "400", nil, nil},
		{"metadata by the target", "no backend but those of rules", "GET http://169.254.169.254/latest HTTP/1.1\r\nHost: a\r\n\r\n", "200 200", []string{"GET /latest 169.254.169.254"}, nil},
		{"CONNECT", "", "CONNECT 127.0.0.1:15021 HTTP/1.1\r\nHost: a\r\n\r\n", "405", nil, nil},
		{"two Hosts", "", "GET /x HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "400", nil, nil},
		{"Host that is a list", "", "GET /x HTTP/1.1\r\nHost: a, b\r\n\r\n", "400", nil, nil},
		{"Host with an escape", "", "GET /x HTTP/1.1\r\nHost: %61\r\n\r\n", "400", nil, nil},
		{"Host with a bad port", "", "GET /x HTTP/1.1\r\nHost: a:80@b\r\n\r\n", "400", nil, nil},
	})
}

func TestAttacksByFields(t *testing.T) {
	with := func(fields string) string { return "GET /x HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n" }
	seen := []string{"GET /x a"}
	runAttacks(t, []attack{
		{"underscore twin", "X_Forwarded_For is X-Forwarded-For to CGI", with("X_Forwarded_For: 6.6.6.6\r\n"), "400", nil, nil},
		{"dotted twin", "some turn every other byte into a dash's twin", with("X.Forwarded.For: 6.6.6.6\r\n"), "400", nil, nil},
		{"odd twin of framing", "", with("Content.Length: 5\r\n"), "400", nil, nil},
		{"dot in another name", "the twin of nothing", with("X.Own: 1\r\n"), "200 200", seen, nil},
		{"address of the client", "ours to say", with("X-Forwarded-For: 6.6.6.6\r\nx-forwarded-for: 7.7.7.7\r\nX-Real-IP: 6.6.6.6\r\nForwarded: for=6.6.6.6\r\nX-Forwarded-Host: evil\r\nX-Forwarded-Proto: https\r\nX-Request-Id: evil\r\n"), "200 200", seen, []string{"6.6.6.6", "7.7.7.7", "evil", "https"}},
		{"nominated host", "its backend would have none", with("Connection: Host\r\n"), "200 200", seen, nil},
		{"nominated address", "it would be taken away after it was written", with("Connection: X-Forwarded-For, X-Real-IP, X-Request-Id\r\n"), "200 200", seen, nil},
		{"nominated authorization", "a backend would take the request for a trusted one's", with("Connection: Authorization, Cookie\r\nAuthorization: secret\r\nCookie: mine\r\n"), "200 200", seen, nil},
		{"nominated field", "of this connection", with("Connection: x-own, close\r\nX-Own: 1\r\n"), "200", seen, []string{"X-Own"}},
		{"fields of this connection", "", with("Keep-Alive: timeout=9\r\nProxy-Connection: x\r\nProxy-Authorization: y\r\nTE: gzip\r\nTrailer: A\r\n"), "200 200", seen, []string{"timeout", "Proxy-", "gzip", "Trailer"}},
		{"many options", "each is compared with each field", with("Connection: " + strings.Repeat("a,", 40) + "\r\n"), "400", nil, nil},
		{"upgrade to h2c", "what follows would go past the rules", with("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"), "200 200", seen, []string{"h2c", "Upgrade", "HTTP2"}},
		{"upgrade to h2c without its settings", "golang/go#80416", with("Connection: Upgrade\r\nUpgrade: H2C\r\n"), "200 200", seen, []string{"H2C", "Upgrade"}},
		{"upgrade to one of two", "", with("Connection: Upgrade\r\nUpgrade: websocket, h2c\r\n"), "200 200", seen, []string{"websocket", "h2c"}},
		{"upgrade that a backend declines", "what follows is a request as any other", with("Connection: Upgrade\r\nUpgrade: websocket\r\n"), "200 200", seen, nil},
		{"upgrade with a body", "the body would be the first of the tunnel", "POST /x HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 5\r\n\r\nhello", "200 200", []string{"POST /x a hello"}, []string{"websocket"}},
		{"expectation and a body that comes", "who did not wait is served, and then let go", "POST /x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello", "200", []string{"POST /x a hello"}, []string{"Expect"}},
		{"NUL in a value", "", with("A: b\x00c\r\n"), "400", nil, nil},
		{"too many fields", "bounded", with(strings.Repeat("A: b\r\n", 110)), "431", nil, nil},
	})
}

// runAttacks sends each attack with a request behind it, to a proxy of its own with one rule for everything.
func runAttacks(t *testing.T, attacks []attack) {
	t.Helper()
	for _, a := range attacks {
		t.Run(a.name, func(t *testing.T) {
			s := newSpy(t)
			b := start(t, plainSnapshot([]config.Rule{prefixRule("n/r", "/", "a")}, map[string][]config.Endpoint{"a": {s.Endpoint}}))
			want := strings.Fields(a.statuses)
			got, closed := b.exchangeRaw(a.request+"GET /next HTTP/1.1\r\nHost: a\r\n\r\n", len(want))
			if !slices.Equal(got, want) {
				t.Fatalf("%s: got %q, want %q", a.reason, got, want)
			}
			if goesOn := strings.HasSuffix(a.statuses, " 200"); goesOn == closed {
				t.Errorf("%s: closed: %v", a.reason, closed)
			}
			a.check(t, s)
		})
	}
}

func (a *attack) check(t *testing.T, s *spy) {
	t.Helper()
	asked, wire := s.take()
	want := a.asked
	if strings.HasSuffix(a.statuses, " 200") {
		want = append(slices.Clone(want), "GET /next a")
	}
	if !slices.Equal(asked, want) {
		t.Errorf("%s: the backend read %q of %q, want %q", a.reason, asked, wire, want)
	}
	for _, text := range a.absent {
		if strings.Contains(wire, text) {
			t.Errorf("%s: the backend got %q, which has %q", a.reason, wire, text)
		}
	}
}
