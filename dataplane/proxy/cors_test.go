package proxy_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/fleetgate/fleetgate/dataplane/config"
)

func TestCORS(t *testing.T) {
	lists := prefixRule("n/lists", "/lists", "a")
	lists.Filters.CORS = &config.CORS{Origins: []string{"https://www.foo.com", "https://*.bar.com"}, Methods: []string{"GET"}, Expose: []string{"x-a"}, Credentials: true}
	open := prefixRule("n/open", "/open", "a")
	open.Filters.CORS = &config.CORS{Origins: []string{"*"}, Expose: []string{"*"}}
	all := prefixRule("n/all", "/all", "a")
	all.Filters.CORS = &config.CORS{Origins: []string{"*"}, Expose: []string{"*"}, Credentials: true}
	all.Filters.Response = &config.HeaderEdit{Set: []config.Header{{Name: "X-Last", Value: "1"}}}
	gone := prefixRule("n/gone", "/gone", "none")
	gone.Filters.CORS = open.Filters.CORS
	moved := prefixRule("n/moved", "/moved", "")
	moved.Filters = config.Filters{CORS: lists.Filters.CORS, Redirect: &config.Redirect{Status: 302, Hostname: "b"}}
	visits := 0
	b := start(t, plainSnapshot([]config.Rule{lists, open, all, gone, moved}, map[string][]config.Endpoint{"none": nil, "a": {backend(t, func(w http.ResponseWriter, r *http.Request) {
		visits++
		w.Header().Set("Access-Control-Allow-Origin", "https://backend.org")
		w.Header().Set("Access-Control-Allow-Credentials", "true")
		w.Header().Set("Vary", "Accept")
	})}}))
	cases := []struct {
		name, reason, method, path, origin string
		status                             int
		allow, credentials, expose, vary   string
	}{
		{"preflight", "", "OPTIONS", "/lists", "https://www.foo.com", 204, "https://www.foo.com", "true", "x-a", "Origin"},
		{"preflight refused", "", "OPTIONS", "/lists", "https://foobar.com", 204, "", "", "", "Origin"},
		{"preflight of a redirect", "it comes first", "OPTIONS", "/moved", "https://a.bar.com", 204, "https://a.bar.com", "true", "x-a", "Origin"},
		{"simple", "what the backend says is not passed on", "GET", "/lists", "https://a.b.bar.com", 200, "https://a.b.bar.com", "true", "x-a", "Accept,Origin"},
		{"refused", "", "GET", "/lists", "https://foobar.com", 200, "", "", "", "Accept,Origin"},
		{"no origin", "a cache must not give this to a browser that says one", "GET", "/lists", "", 200, "", "", "", "Accept,Origin"},
		{"open", "", "PUT", "/open", "https://foobar.com:12345", 200, "*", "", "*", "Accept"},
		{"all", "", "GET", "/all", "https://foobar.com", 200, "https://foobar.com", "true", "Date, Content-Length", "Accept,Origin"},
		{"our own answer", "scripts may see why", "GET", "/gone", "https://foobar.com", 503, "*", "", "*", ""},
		{"redirect", "", "GET", "/moved", "https://www.foo.com", 302, "https://www.foo.com", "true", "x-a", "Origin"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			before := visits
			header := []string{"Access-Control-Request-Method", "GET"}
			if c.origin != "" {
				header = append(header, "Origin", c.origin)
			}
			got := b.do(c.method, "http://a"+c.path, nil, header...)
			h := got.Header
			if c.name == "all" {
				if h.Get("X-Last") != "1" || !strings.Contains(h.Get("Access-Control-Expose-Headers"), "Date") {
					t.Fatalf("got %v", h)
				}
				h.Set("Access-Control-Expose-Headers", c.expose)
			}
			if got.StatusCode != c.status || strings.Join(h["Access-Control-Allow-Origin"], ",") != c.allow || strings.Join(h["Access-Control-Allow-Credentials"], ",") != c.credentials ||
				strings.Join(h["Access-Control-Expose-Headers"], ",") != c.expose || strings.Join(h["Vary"], ",") != c.vary {
				t.Fatalf("%s: got %d, %v", c.reason, got.StatusCode, h)
			}
			if c.method == "OPTIONS" && (visits != before || b.last(c.path)["reason"] != "preflight" || h.Get("Content-Length") != "") {
				t.Fatalf("the proxy answers by itself: %v", b.last(c.path))
			}
		})
	}
	if got := b.do("OPTIONS", "http://a/lists", nil, "Origin", "https://www.foo.com"); got.StatusCode != 200 {
		t.Fatalf("OPTIONS that asks for no method is for the backend: got %d", got.StatusCode)
	}
}
