package proxy_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/fleetgate/fleetgate/dataplane/config"
)

func TestRequestReachesItsBackend(t *testing.T) {
	b := start(t, plainSnapshot([]config.Rule{prefixRule("n/r", "/", "a")},
		map[string][]config.Endpoint{"a": {backend(t, echo("a"))}}))
	if !b.Ready() {
		t.Fatal("not ready with a configuration in force")
	}
	got := b.do(http.MethodPost, "http://shop.example.com/x//y?q=1;z=2", strings.NewReader("hello"),
		"X-Forwarded-For", "6.6.6.6", "X-Forwarded-Host", "evil", "Forwarded", "for=6.6.6.6", "Connection", "X-Secret", "X-Secret", "1")
	s := got.seen(t)
	if got.StatusCode != 200 || s.Method != "POST" || s.Target != "/x/y?q=1;z=2" || s.Host != "shop.example.com" || s.Body != "hello" {
		t.Fatalf("got %+v", s)
	}
	for name, want := range map[string]string{
		"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Proto": "http", "X-Forwarded-Port": "80",
		"X-Forwarded-Host": "", "Forwarded": "", "X-Secret": "", "Connection": "",
	} {
		if got := s.Header.Get(name); got != want {
			t.Errorf("%s: the backend saw %q, want %q", name, got, want)
		}
	}
	record := b.last("/x/y")
	for name, want := range map[string]any{
		"gateway": "n/gw", "listener": "web", "method": "POST", "host": "shop.example.com", "status": 200.0, "route": "n/r",
		"rule": "0", "backend": "a", "upstream_attempts": 1.0, "reason": "", "request_id": s.Header.Get("X-Request-Id"),
	} {
		if record[name] != want {
			t.Errorf("log: %s is %v, want %v", name, record[name], want)
		}
	}
}

func TestForwardedHeadersOfATrustedFrontAreKept(t *testing.T) {
	snapshot := plainSnapshot([]config.Rule{prefixRule("n/r", "/", "a")},
		map[string][]config.Endpoint{"a": {backend(t, echo("a"))}})
	snapshot.Root.TrustedProxies = []string{"127.0.0.0/8"}
	b := start(t, snapshot)
	s := b.get("http://a/", "X-Forwarded-For", "1.2.3.4", "X-Forwarded-Proto", "https", "X-Forwarded-Port", "443", "X-Request-Id", "abc").seen(t)
	for name, want := range map[string]string{
		"X-Forwarded-For": "1.2.3.4, 127.0.0.1", "X-Forwarded-Proto": "https", "X-Forwarded-Port": "443", "X-Request-Id": "abc",
	} {
		if got := s.Header.Get(name); got != want {
			t.Errorf("%s: the backend saw %q, want %q", name, got, want)
		}
	}
}

func TestOwnAnswers(t *testing.T) {
	broken := prefixRule("n/broken", "/broken", "a")
	broken.Broken = "BackendNotFound"
	invalid := prefixRule("n/invalid", "/invalid", "")
	invalid.Backends[0].Invalid = "RefNotPermitted"
	noBackend := prefixRule("n/none", "/none", "a")
	noBackend.Backends = nil
	missing := prefixRule("n/missing", "/missing", "elsewhere")
	snapshot := plainSnapshot([]config.Rule{
		broken, invalid, noBackend, missing, prefixRule("n/dead", "/dead", "dead"), prefixRule("n/empty", "/empty", "empty"),
	}, map[string][]config.Endpoint{"dead": {dead(t)}, "empty": nil})
	b := start(t, snapshot)
	cases := []struct {
		path   string
		status int
		reason string
	}{
		{"/", 404, "no_route"},
		{"/broken", 500, "BackendNotFound"},
		{"/invalid", 500, "RefNotPermitted"},
		{"/none", 500, "no_backend"},
		{"/missing", 500, "unknown_pool"},
		{"/dead", 502, "connect_failed"},
		{"/empty", 503, "no_endpoint"},
	}
	for _, c := range cases {
		t.Run(c.reason, func(t *testing.T) {
			if got := b.get("http://a" + c.path); got.StatusCode != c.status {
				t.Fatalf("got %d, want %d", got.StatusCode, c.status)
			}
			if record := b.last(c.path); record["reason"] != c.reason || record["status"] != float64(c.status) {
				t.Fatalf("got %v", record)
			}
		})
	}
}

func TestStrictEdge(t *testing.T) {
	b := start(t, plainSnapshot([]config.Rule{prefixRule("n/open", "/open", "a"), prefixRule("n/admin", "/admin", "b")},
		map[string][]config.Endpoint{"a": {backend(t, echo("a"))}, "b": {backend(t, echo("b"))}}))
	cases := []struct{ name, reason, request, want string }{
		{"dots", "/open/../admin is /admin, for the rules too", "GET /open/../admin HTTP/1.1\r\nHost: a\r\n\r\n", `"target":"/admin"`},
		{"encoded dots", "", "GET /open/%2e%2e/admin HTTP/1.1\r\nHost: a\r\n\r\n", `"backend":"b"`},
		{"encoded slash", "a backend may decode it", "GET /open%2f..%2fadmin HTTP/1.1\r\nHost: a\r\n\r\n", "400 Bad Request"},
		{"backslash", "", "GET /open\\..\\admin HTTP/1.1\r\nHost: a\r\n\r\n", "400 Bad Request"},
		{"parameter", "some backends cut it off and then see dots", "GET /open/..;/admin HTTP/1.1\r\nHost: a\r\n\r\n", "400 Bad Request"},
		{"underscore", "CGI takes it for a dash", "GET /open HTTP/1.1\r\nHost: a\r\nX_Forwarded_For: 1\r\n\r\n", "400 Bad Request"},
		{"two hosts", "", "GET /open HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400 Bad Request"},
		{"no host", "", "GET /open HTTP/1.1\r\n\r\n", "400 Bad Request"},
		{"bad host", "", "GET /open HTTP/1.1\r\nHost: a..b\r\n\r\n", "400 Bad Request"},
		{"connect", "a gateway is no tunnel", "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n", "405 Method Not Allowed"},
		{"options of all", "", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "400 Bad Request"},
		{"absolute form", "the target's host counts", "GET http://b.org/open?x HTTP/1.1\r\nHost: a\r\n\r\n", `"host":"b.org"`},
		{"absolute form without path", "", "GET http://b.org HTTP/1.1\r\nHost: a\r\n\r\n", "404 Not Found"},
		{"space before colon", "", "GET /open HTTP/1.1\r\nHost: a\r\nX : 1\r\n\r\n", "400 Bad Request"},
		{"two lengths", "", "POST /open HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", "400 Bad Request"},
		{"h2c upgrade", "it would go past every rule", "GET /open HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n", `"proto":"HTTP/1.1"`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			request := strings.Replace(c.request, "\r\n\r\n", "\r\nConnection: close\r\n\r\n", 1)
			if got := b.raw(request); !strings.Contains(got, c.want) {
				t.Fatalf("%s: got %q, want %q", c.reason, got, c.want)
			}
		})
	}
}

func TestLogInjection(t *testing.T) {
	b := start(t, plainSnapshot(nil, nil))
	b.raw("GET /a%0a{\"status\":200} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
	b.raw("G\"E'T /\x1b[31m HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
	b.raw("GET /\u2028%C2%9B HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
	b.get("http://a/end")
	b.last("/end")
	for _, record := range b.log.records(t) {
		if status := record["status"]; status != 400.0 && status != 404.0 {
			t.Fatalf("got %v", record)
		}
	}
}

func TestWeightedSplitIsExact(t *testing.T) {
	rule := prefixRule("n/canary", "/", "a")
	rule.Backends = []config.Backend{{Pool: "a", Weight: 90}, {Pool: "b", Weight: 10}, {Weight: 100, Invalid: "gone"}}
	b := start(t, plainSnapshot([]config.Rule{rule},
		map[string][]config.Endpoint{"a": {backend(t, echo("a"))}, "b": {backend(t, echo("b"))}}))
	counts := map[string]int{}
	for range 200 {
		got := b.get("http://a/")
		counts[fmt.Sprint(got.StatusCode, got.Header.Get("X-Backend"))]++
	}
	if counts["200a"] != 90 || counts["200b"] != 10 || counts["500"] != 100 {
		t.Fatalf("got %v", counts)
	}
}

func TestFilters(t *testing.T) {
	rule := prefixRule("n/f", "/foo", "a")
	rule.Filters = config.Filters{
		Request:  &config.HeaderEdit{Set: []config.Header{{Name: "X-Set", Value: "1"}}, Add: []config.Header{{Name: "X-Add", Value: "r"}}, Remove: []string{"X-Gone"}},
		Response: &config.HeaderEdit{Set: []config.Header{{Name: "X-Resp", Value: "1"}}, Remove: []string{"X-Backend"}},
		Rewrite:  &config.Rewrite{Hostname: "inner.example.com", Path: &config.PathEdit{Prefix: new("/")}},
	}
	rule.Backends[0].Filters.Request = &config.HeaderEdit{Add: []config.Header{{Name: "X-Add", Value: "b"}}}
	redirect := prefixRule("n/r", "/old", "")
	redirect.Backends = nil
	redirect.Filters.Redirect = &config.Redirect{Scheme: "https", Path: &config.PathEdit{Prefix: new("/new")}, Status: 308}
	b := start(t, plainSnapshot([]config.Rule{rule, redirect}, map[string][]config.Endpoint{"a": {backend(t, echo("a"))}}))
	got := b.get("http://shop.org/foo/bar?x=1", "X-Gone", "1", "X-Set", "old")
	s := got.seen(t)
	if s.Target != "/bar?x=1" || s.Host != "inner.example.com" || s.Header.Get("X-Set") != "1" || s.Header.Get("X-Gone") != "" ||
		strings.Join(s.Header["X-Add"], ",") != "r,b" {
		t.Fatalf("got %+v", s)
	}
	if got.Header.Get("X-Resp") != "1" || got.Header.Get("X-Backend") != "" {
		t.Fatalf("got %v", got.Header)
	}
	got = b.get("http://shop.org/old/thing?y=2")
	if got.StatusCode != 308 || got.Header.Get("Location") != "https://shop.org/new/thing?y=2" {
		t.Fatalf("got %d %q", got.StatusCode, got.Header.Get("Location"))
	}
}
