package router

import (
	"errors"
	"strings"
	"testing"
)

func TestNormalPath(t *testing.T) {
	cases := []struct{ name, reason, raw, want string }{
		{"plain", "most paths are in normal form", "/a/b-c_d~e.f", "/a/b-c_d~e.f"},
		{"root", "", "/", "/"},
		{"trailing slash", "an exact match tells /a from /a/", "/a/", "/a/"},
		{"doubled slash", "backends merge them, so do we before matching", "/a//b///c", "/a/b/c"},
		{"leading doubled slash", "//host/path must not become a host in a redirect", "//evil.com/x", "/evil.com/x"},
		{"dot", "", "/a/./b/.", "/a/b/"},
		{"dot dot", "/a/../admin is /admin", "/a/../admin", "/admin"},
		{"dot dot at the end", "", "/a/b/..", "/a/"},
		{"encoded dots", "%2e is a dot to every backend", "/a/%2e%2E/admin", "/admin"},
		{"three dots", "a name like any other", "/a/.../b", "/a/.../b"},
		{"encoded letter", "unreserved characters mean the same in both forms", "/%61dmi%6E", "/admin"},
		{"lower-case escape", "escapes compare in upper case", "/caf%c3%a9", "/caf%C3%A9"},
		{"raw bytes", "bytes that need an escape get it", "/café", "/caf%C3%A9"},
		{"space and quotes", "", "/a\"<b>", "/a%22%3Cb%3E"},
		{"doubly encoded", "decoded once and once only", "/%252e%252e/a", "/%252e%252e/a"},
		{"parameter", "a parameter on a named segment stays", "/a;v=1/b", "/a;v=1/b"},
		{"one byte of another encoding", "Latin-1", "/%C0%20/%e9", "/%C0%20/%E9"},
		{"encoded question mark", "it does not become a query", "/a%3fb", "/a%3Fb"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := NormalPath(c.raw)
			if err != nil || got != c.want {
				t.Fatalf("%s: got %q, %v, want %q", c.reason, got, err, c.want)
			}
		})
	}
}

func TestNormalPathRefuses(t *testing.T) {
	cases := []struct {
		name, raw string
		want      error
	}{
		{"nothing", "", errNotAbsolute},
		{"asterisk", "*", errNotAbsolute},
		{"relative", "a/b", errNotAbsolute},
		{"encoded slash", "/public%2f..%2fadmin", errEncodedSlash},
		{"encoded slash in upper case", "/a%2Fb", errEncodedSlash},
		{"backslash", `/a\..\b`, errBackslash},
		{"encoded backslash", "/a%5c..%5Cb", errBackslash},
		{"nul", "/a%00b", errControl},
		{"line feed", "/a%0ab", errControl},
		{"raw control", "/a\x01b", errControl},
		{"bad escape", "/a%zz", errBadEscape},
		{"short escape", "/a%2", errBadEscape},
		{"above root", "/../a", errAboveRoot},
		{"above root, encoded", "/a/%2e%2e/%2e%2e/b", errAboveRoot},
		{"parameter on dots", "/a/..;/admin", errParameterDots},
		{"parameter on dots, encoded", "/a/..%3b/admin", errParameterDots},
		{"parameter on nothing", "/;/admin", errParameterDots},
		{"fragment", "/a#b", errFragment},
		{"overlong dots", "/a/%C0%AE%C0%AE/b", errOverlong},
		{"overlong slash", "/a%c0%afb", errOverlong},
		{"overlong slash as it is", "/a\xc0\xafb", errOverlong},
		{"overlong slash in three bytes", "/a%E0%80%AFb", errOverlong},
		{"overlong slash in four bytes", "/a%f0%80%80%afb", errOverlong},
		{"overlong letter", "/%C1%A1dmin", errOverlong},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got, err := NormalPath(c.raw); !errors.Is(err, c.want) {
				t.Fatalf("got %q, %v, want %v", got, err, c.want)
			}
		})
	}
}

func FuzzNormalPath(f *testing.F) {
	for _, seed := range []string{"/", "/a/../b", "/%2e%2e/", "/a//b;c", "/%zz", "/..;/", "/a%2Fb", "/é"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		got, err := NormalPath(raw)
		if err != nil {
			return
		}
		if again, err := NormalPath(got); err != nil || again != got {
			t.Fatalf("%q became %q and then %q, %v", raw, got, again, err)
		}
		for _, bad := range []string{"//", "/./", "/../", "\\", "%2F", "%2f", "%00", "%0A", "%5C", "#", "?"} {
			if strings.Contains(got, bad) && bad != "?" {
				t.Fatalf("%q became %q, which has %q", raw, got, bad)
			}
		}
		if got[0] != '/' || strings.HasSuffix(got, "/..") || strings.HasSuffix(got, "/.") {
			t.Fatalf("%q became %q", raw, got)
		}
	})
}

func TestNormalHost(t *testing.T) {
	cases := []struct {
		name, authority, want string
		ok                    bool
	}{
		{"plain", "a.example.com", "a.example.com", true},
		{"port", "a.example.com:8080", "a.example.com", true},
		{"upper case", "A.Example.COM", "a.example.com", true},
		{"trailing dot", "a.example.com.", "a.example.com", true},
		{"none", "", "", true},
		{"IPv6", "[::1]:80", "[::1]", true},
		{"letters for a port", "a.example.com:http", "", false},
		{"two ports", "a:1:2", "", false},
		{"path", "a.example.com/x", "", false},
		{"user", "u@a.example.com", "", false},
		{"empty label", "a..com", "a..com", false},
		{"open bracket", "[::1", "", false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, ok := NormalHost(c.authority)
			if ok != c.ok || (ok && got != c.want) {
				t.Fatalf("got %q, %v, want %q, %v", got, ok, c.want, c.ok)
			}
		})
	}
}
