package filter_test

import (
	"strings"
	"testing"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/dataplane/filter"
	"github.com/fleetgate/fleetgate/dataplane/router"
)

// FuzzEditPath holds an edited path to be in normal form, and under what the edit has put in front.
func FuzzEditPath(f *testing.F) {
	f.Add("/in/a", "/in", "/out")
	f.Add("/in/..;/a", "/in/", "")
	f.Add("/in/%2e%2e/a", "/", "/out/")
	f.Add("/in//a", "/in", "..")
	f.Fuzz(func(t *testing.T, raw, prefix, replacement string) {
		path, err := router.NormalPath(raw)
		if err != nil {
			return
		}
		if prefix, err = router.NormalPath(prefix); err != nil || path != prefix && !strings.HasPrefix(path, strings.TrimSuffix(prefix, "/")+"/") {
			return
		}
		got, ok := filter.EditPath(path, prefix, &config.PathEdit{Prefix: &replacement})
		if !ok {
			return
		}
		if again, err := router.NormalPath(got); err != nil || again != got {
			t.Fatalf("%q with %q for %q became %q, and that %q, %v", path, replacement, prefix, got, again, err)
		}
		front, ok := filter.EditPath("/", "", &config.PathEdit{Full: &replacement})
		if front = strings.TrimSuffix(front, "/"); ok && !strings.HasPrefix(got, front) {
			t.Fatalf("%q with %q for %q became %q, which is not under %q", path, replacement, prefix, got, front)
		}
	})
}

// fuzzedHeader is fields that an edit is tried on.
type fuzzedHeader map[string][]string

func (h fuzzedHeader) Set(name, value string) { h[name] = []string{value} }
func (h fuzzedHeader) Add(name, value string) { h[name] = append(h[name], value) }
func (h fuzzedHeader) Del(name string)        { delete(h, name) }

// FuzzEditHeader holds an edit to fields that a message may have, and to leave its framing alone.
func FuzzEditHeader(f *testing.F) {
	f.Add("X-Own", "1")
	f.Add("Content-Length", "5")
	f.Add("A", "b\r\nC: d")
	f.Add("A b", "c")
	f.Add("A", "b\x01\x7f")
	f.Fuzz(func(t *testing.T, name, value string) {
		got := fuzzedHeader{}
		filter.EditHeader(got, &config.HeaderEdit{Set: []config.Header{{Name: name, Value: value}}, Add: []config.Header{{Name: name, Value: value}}})
		for name, values := range got {
			if strings.ContainsAny(name, " \t\r\n:\x00") || strings.EqualFold(name, "content-length") || strings.EqualFold(name, "transfer-encoding") {
				t.Fatalf("a field %q", name)
			}
			for _, value := range values {
				if strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) || strings.Trim(value, " \t") != value {
					t.Fatalf("a value %q", value)
				}
			}
		}
	})
}
