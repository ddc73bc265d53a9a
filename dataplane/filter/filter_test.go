package filter_test

import (
	"net/textproto"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/dataplane/filter"
	"github.com/fleetgate/fleetgate/dataplane/router"
)

func TestEditHeader(t *testing.T) {
	header := textproto.MIMEHeader{"X-Old": {"1", "2"}, "X-Keep": {"a"}, "X-Gone": {"x"}, "Content-Length": {"3"}}
	filter.EditHeader(header, &config.HeaderEdit{
		Remove: []string{"x-gone", "Content-Length"},
		Set:    []config.Header{{Name: "x-old", Value: "new"}, {Name: "X-Split", Value: "a\r\nX-Evil: 1"}, {Name: "bad name", Value: "1"}},
		Add:    []config.Header{{Name: "x-keep", Value: "b"}, {Name: "Transfer-Encoding", Value: "chunked"}},
	})
	want := textproto.MIMEHeader{"X-Old": {"new"}, "X-Keep": {"a", "b"}, "Content-Length": {"3"}}
	if !reflect.DeepEqual(header, want) {
		t.Fatalf("got %v, want %v", header, want)
	}
	filter.EditHeader(header, nil)
}

func TestEditPath(t *testing.T) {
	prefix := func(p string) *config.PathEdit { return &config.PathEdit{Prefix: new(p)} }
	cases := []struct {
		name, path, matched string
		edit                *config.PathEdit
		want                string
	}{
		{"no edit", "/foo/bar", "/foo", nil, "/foo/bar"},
		{"full", "/foo/bar", "/foo", &config.PathEdit{Full: new("/all")}, "/all"},
		{"prefix", "/foo/bar", "/foo", prefix("/xyz"), "/xyz/bar"},
		{"prefix with slash", "/foo/bar", "/foo", prefix("/xyz/"), "/xyz/bar"},
		{"whole path", "/foo", "/foo", prefix("/xyz"), "/xyz"},
		{"whole path, replacement with slash", "/foo", "/foo", prefix("/xyz/"), "/xyz/"},
		{"path with slash", "/foo/", "/foo", prefix("/xyz"), "/xyz/"},
		{"by nothing", "/foo/bar", "/foo", prefix(""), "/bar"},
		{"by root", "/foo/bar", "/foo", prefix("/"), "/bar"},
		{"whole path by nothing", "/foo", "/foo", prefix(""), "/"},
		{"whole path with slash by root", "/foo/", "/foo", prefix("/"), "/"},
		{"root by prefix", "/bar", "/", prefix("/xyz"), "/xyz/bar"},
		{"root by prefix with slash", "/", "/", prefix("/xyz/"), "/xyz/"},
		{"root by root", "/a/b", "/", prefix("/"), "/a/b"},
		{"no prefix matched", "/foo", "", prefix("/xyz"), "/foo"},
		{"replacement without slash", "/foo/bar", "/foo", prefix("xyz"), "/xyz/bar"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got, ok := filter.EditPath(c.path, c.matched, c.edit); !ok || got != c.want {
				t.Fatalf("got %q, %v, want %q", got, ok, c.want)
			}
		})
	}
	if got, ok := filter.EditPath("/foo/x", "/foo", prefix("/a%2f..")); ok {
		t.Fatalf("a replacement that two parsers read differently is refused, got %q", got)
	}
}

func TestEditedPathsStayUnderTheReplacement(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		raw := "/in/" + rapid.StringMatching(`([a-z.;/%]|%2e|%2f){0,12}`).Draw(t, "rest")
		path, err := router.NormalPath(raw)
		if err != nil || (path != "/in" && !strings.HasPrefix(path, "/in/")) {
			return
		}
		for _, replacement := range []string{"", "/", "/out", "/out/"} {
			got, ok := filter.EditPath(path, "/in", &config.PathEdit{Prefix: new(replacement)})
			base := strings.TrimSuffix(replacement, "/")
			if !ok || strings.Contains(got, "//") || got != base && !strings.HasPrefix(got, base+"/") {
				t.Fatalf("%q with %q became %q, %v", path, replacement, got, ok)
			}
		}
	})
}

func TestLocation(t *testing.T) {
	cases := []struct {
		name, reason string
		listener     config.Listener
		redirect     config.Redirect
		want         string
	}{
		{"scheme", "the port is the scheme's, and left out", config.Listener{Port: 8080, Protocol: config.HTTP}, config.Redirect{Scheme: "https"}, "https://a.example.com/p/q?x=1"},
		{"listener's port", "without a scheme the listener's port counts", config.Listener{Port: 8080, Protocol: config.HTTP}, config.Redirect{}, "http://a.example.com:8080/p/q?x=1"},
		{"listener's default port", "default ports are left out", config.Listener{Port: 443, Protocol: config.HTTPS}, config.Redirect{}, "https://a.example.com/p/q?x=1"},
		{"port", "", config.Listener{Port: 80, Protocol: config.HTTP}, config.Redirect{Port: 8443, Scheme: "https"}, "https://a.example.com:8443/p/q?x=1"},
		{"http's port on https", "443 is not http's default", config.Listener{Port: 80, Protocol: config.HTTP}, config.Redirect{Port: 443}, "http://a.example.com:443/p/q?x=1"},
		{"hostname", "", config.Listener{Port: 80, Protocol: config.HTTP}, config.Redirect{Hostname: "b.org"}, "http://b.org/p/q?x=1"},
		{"path", "", config.Listener{Port: 80, Protocol: config.HTTP}, config.Redirect{Path: &config.PathEdit{Prefix: new("/n")}}, "http://a.example.com/n/q?x=1"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			req := &router.Request{Host: "a.example.com", Path: "/p/q", RawQuery: "x=1"}
			got, ok := filter.Location(req, router.Result{Listener: &c.listener, Prefix: "/p"}, &c.redirect)
			if !ok || got != c.want {
				t.Fatalf("%s: got %q, want %q", c.reason, got, c.want)
			}
		})
	}
}

func TestSampleIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		denominator := rapid.Int32Range(1, 200).Draw(t, "denominator")
		numerator := rapid.Int32Range(0, denominator).Draw(t, "numerator")
		sample := filter.NewSample(numerator, denominator)
		taken := int32(0)
		for range denominator {
			if sample.Take() {
				taken++
			}
		}
		if taken != numerator {
			t.Fatalf("took %d of %d, want %d", taken, denominator, numerator)
		}
	})
}
