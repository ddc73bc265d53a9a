package proxy_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/config"
)

func TestRewritesOfBackends(t *testing.T) {
	full := func(p string) *config.Rewrite { return &config.Rewrite{Path: &config.PathEdit{Full: new(p)}} }
	prefix := func(p string) *config.Rewrite { return &config.Rewrite{Path: &config.PathEdit{Prefix: new(p)}} }
	host := func(h string) *config.Rewrite { return &config.Rewrite{Hostname: h} }
	cases := []struct {
		name, reason  string
		rule, backend *config.Rewrite
		path          string
		want          string // path and host
	}{
		{"full", "", nil, full("/rewritten-full"), "/original/x", "/rewritten-full shop.org"},
		{"prefix", "", nil, prefix("/rewritten-prefix"), "/original/x?q=1", "/rewritten-prefix/x?q=1 shop.org"},
		{"prefix by root", "no slash is doubled", nil, prefix("/"), "/original/x", "/x shop.org"},
		{"prefix alone by root", "nor is one missing", nil, prefix("/"), "/original", "/ shop.org"},
		{"prefix with a slash", "", nil, prefix("/a/"), "/original/x", "/a/x shop.org"},
		{"host", "", nil, host("inner.org"), "/original/x", "/original/x inner.org"},
		{"host of the rule", "", host("rule.org"), prefix("/b"), "/original/x", "/b/x rule.org"},
		{"both prefixes", "the backend's is in place of the rule's, and of the same prefix", prefix("/rule"), prefix("/backend"), "/original/x", "/backend/x shop.org"},
		{"both hosts", "", host("rule.org"), host("inner.org"), "/original/x", "/original/x inner.org"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			rule := prefixRule("n/r", "/original", "a")
			rule.Name = "named"
			rule.Filters.Rewrite, rule.Backends[0].Filters.Rewrite = c.rule, c.backend
			b := start(t, plainSnapshot([]config.Rule{rule}, map[string][]config.Endpoint{"a": {backend(t, echo("a"))}}))
			s := b.get("http://shop.org" + c.path).seen(t)
			if got := s.Target + " " + s.Host; got != c.want {
				t.Fatalf("%s: got %q, want %q", c.reason, got, c.want)
			}
			path, _, _ := strings.Cut(c.path, "?")
			if got := b.last(path)["rule"]; got != "named" {
				t.Fatalf("the log names the rule: got %v", got)
			}
		})
	}
}

func TestFiltersAreOfTheChosenBackend(t *testing.T) {
	rule := prefixRule("n/r", "/p", "a")
	rule.Backends = []config.Backend{{Pool: "a", Weight: 1}, {Pool: "b", Weight: 1}}
	for i := range rule.Backends {
		name := rule.Backends[i].Pool
		rule.Backends[i].Filters = config.Filters{
			Request:  &config.HeaderEdit{Set: []config.Header{{Name: "X-For", Value: name}}},
			Response: &config.HeaderEdit{Set: []config.Header{{Name: "X-From", Value: name}}},
			Rewrite:  &config.Rewrite{Path: &config.PathEdit{Prefix: new("/" + name)}},
		}
	}
	retried := prefixRule("n/retried", "/retried", "c")
	retried.Retry = &config.Retry{Attempts: 1, Codes: []int{503}, Backoff: 1}
	retried.Backends[0].Filters.Request = &config.HeaderEdit{Add: []config.Header{{Name: "X-Once", Value: "1"}}}
	b := start(t, plainSnapshot([]config.Rule{rule, retried}, map[string][]config.Endpoint{
		"a": {backend(t, echo("a"))}, "b": {backend(t, echo("b"))}, "c": {backend(t, flaky(1, 503))},
	}))
	for range 6 {
		got := b.get("http://shop.org/p/x")
		s := got.seen(t)
		if s.Target != "/"+s.Backend+"/x" || s.Header.Get("X-For") != s.Backend || got.Header.Get("X-From") != s.Backend {
			t.Fatalf("got %+v, %v", s, got.Header)
		}
	}
	if s := b.get("http://shop.org/retried").seen(t); len(s.Header["X-Once"]) != 1 {
		t.Fatalf("another attempt is the same request: got %v", s.Header)
	}
}

func TestMirrorsOfRulesAndBackends(t *testing.T) {
	seen := make(chan string, 8)
	mirror := func(name string) config.Endpoint {
		return backend(t, func(_ http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			seen <- fmt.Sprint(name, " ", r.Host, r.URL.Path, " ", r.Header.Get("X-Set"), " ", string(body))
		})
	}
	rule := prefixRule("n/r", "/m", "a")
	rule.Filters.Request = &config.HeaderEdit{Set: []config.Header{{Name: "X-Set", Value: "1"}}}
	rule.Filters.Mirrors = []config.Mirror{{Pool: "m1", Numerator: 1, Denominator: 1}, {Pool: "m2", Numerator: 1, Denominator: 1}, {Pool: "m4", Numerator: 0, Denominator: 100}}
	rule.Backends[0].Filters.Mirrors = []config.Mirror{{Pool: "m3", Numerator: 1, Denominator: 1}}
	b := start(t, plainSnapshot([]config.Rule{rule}, map[string][]config.Endpoint{
		"a": {backend(t, drained(echo("a")))}, "m1": {mirror("m1")}, "m2": {mirror("m2")}, "m3": {mirror("m3")}, "m4": {mirror("m4")},
	}))
	if got := b.do(http.MethodPost, "http://shop.org/m/x", strings.NewReader("body")); got.StatusCode != 200 {
		t.Fatalf("got %d", got.StatusCode)
	}
	got := map[string]bool{}
	for range 3 {
		select {
		case one := <-seen:
			got[one] = true
		case <-time.After(10 * time.Second):
			t.Fatalf("got %v", got)
		}
	}
	for _, name := range []string{"m1", "m2", "m3"} {
		if !got[name+" shop.org/m/x 1 body"] {
			t.Fatalf("got %v", got)
		}
	}
}

func TestRedirectStatuses(t *testing.T) {
	var rules []config.Rule
	for _, status := range []int{301, 302, 303, 307, 308} {
		rule := prefixRule("n/r", fmt.Sprintf("/%d", status), "")
		rule.Backends = nil
		rule.Filters.Redirect = &config.Redirect{Status: status, Hostname: "b.org", Path: &config.PathEdit{Prefix: new("/")}}
		rule.Filters.Response = &config.HeaderEdit{Set: []config.Header{{Name: "X-Set", Value: "1"}}}
		rules = append(rules, rule)
	}
	b := start(t, plainSnapshot(rules, nil))
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			got := b.do(method, fmt.Sprintf("http://A.org/%d/x?q", status), nil)
			if got.StatusCode != status || got.Header.Get("Location") != "http://b.org/x?q" || got.Header.Get("X-Set") != "1" {
				t.Fatalf("got %d, %v", got.StatusCode, got.Header)
			}
		}
	}
}
