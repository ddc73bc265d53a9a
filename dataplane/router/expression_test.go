package router

import (
	"fmt"
	"regexp/syntax"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/fleetgate/fleetgate/dataplane/config"
)

func expressionRule(route, expression string) config.Rule {
	return config.Rule{Route: route, Matches: []config.Match{{PathKind: config.PathRegex, Path: expression}}}
}

// manyExpressions makes one host with rules whose expressions have a number each.
func manyExpressions(n int, format string) (config.Root, []*config.Chunk) {
	host := config.Host{Listener: "web"}
	for i := range n {
		host.Rules = append(host.Rules, expressionRule(fmt.Sprint("n/", i), fmt.Sprintf(format, i)))
	}
	return oneListener(1), []*config.Chunk{{Hosts: []config.Host{host}}}
}

// TestTriedExpressionsAreBounded counts, since time says little: what a look-up costs are the
// expressions that it runs.
func TestTriedExpressionsAreBounded(t *testing.T) {
	cases := []struct {
		name, reason string
		n            int
		format, path string
		most         int
		found        string
	}{
		{"literal beginnings, none fits", "no path has two of them", 2_000, "/api/item-%d/[0-9]+", "/api/item-17777/5", 0, ""},
		{"literal beginnings, one fits", "", 10_000, "/api/item-%d/[0-9]+", "/api/item-7777/5", 1, "n/7777"},
		{"nested beginnings", "a shorter one is a beginning too", 2_000, "/api/item-%d[0-9]*", "/api/item-1777", 4, "n/1777"},
		{"behind a caret", "it takes nothing from the path", 2_000, "^/api/item-%d/[0-9]+", "/api/item-1777/5", 1, "n/1777"},
		{"literals within, none fits", "no expression's number is there", 2_000, "/[a-z]+/item-%d/.*", "/api/things/orders/x", 0, ""},
		{"literals within, one fits", "numbers that have the same digits are tried too", 10_000, "/[a-z]+/item-%d/.*", "/api/item-7777/x", 12, "n/7777"},
		{"literals at the end", "", 2_000, "/.*/item-%d", "/a/b/c/item-1234", 12, "n/1234"},
		{"in any case", "", 2_000, "(?i)/[a-z]+/item-%d/.*", "/API/Item-1777/x", 12, "n/1777"},
		{"alternatives", "each of them is looked for", 1000, "/[a-z]+/(item-%d|thing-%[1]d)/.*", "/api/thing-777/x", 12, "n/777"},
		{"a gram again and again", "a path must not multiply the work", 2_000, "/[a-z]+/item-%d/.*", strings.Repeat("/api/item-12345", 500), 12, ""},
		{"few", "they are not worth an index", 8, "/[a-z]+/item-%d/.*", "/api/things/x", 8, ""},
		{"nothing literal", "the worst case: each is run", 500, "/[a-z]+/[0-9]{%d}", "/api/things/x", 500, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			root, chunks := manyExpressions(c.n, c.format)
			table := built(t, root, chunks)
			req := &Request{Path: c.path}
			found := ""
			if rule := table.Lookup(80, req).Rule; rule != nil {
				found = rule.Config.Route
			}
			h, _ := table.hosts.named("web").exactly("")
			_, tried := h.expressions.find(req)
			if tried > c.most || found != c.found {
				t.Fatalf("%s: %d of %d were tried, at most %d should be; found %q, want %q", c.reason, tried, c.n, c.most, found, c.found)
			}
		})
	}
}

func TestLiteralPrefix(t *testing.T) {
	for expression, want := range map[string]string{
		"/a/b": "/a/b", "/a.*": "/a", "^/a$": "/a", "^(/a)/b+": "/a/b", "(?i)/a": "", "/a|/b": "/", "^/a|^/b": "", "/(a|b)/c": "/",
		"(/ab)+x": "/ab", "(/ab){2}x": "/ab", "(/ab){0,2}x": "", "(/ab)*x": "", ".*": "", "": "", "^": "", `\A/a\.b`: "/a.b", `\b/a`: "",
	} {
		tree, err := syntax.Parse(expression, syntax.Perl)
		if err != nil {
			t.Fatal(err)
		}
		if got := literalPrefix(tree); got != want {
			t.Errorf("%s: got %q, want %q", expression, got, want)
		}
	}
}

func TestNeeds(t *testing.T) {
	for expression, want := range map[string]string{
		"/a/b": "[[/a/b]]", ".*/Item/.*": "[[/item/]]", "(?i).*/ITEM/.*": "[[/item/]]", "(?i)é": "[]", "(/a)?": "[]", "(/a)*": "[]",
		"(/ab)+": "[[/ab]]", "(/ab){2,3}": "[[/ab]]", "(/ab){0,3}": "[]", ".*(one|two)": "[[one two]]", ".*(one|.)": "[]",
		".*one.*two": "[[one] [two]]", ".*(x.*long|two)": "[[long two]]", "[a-z]+": "[]", "": "[]",
	} {
		tree, err := syntax.Parse(expression, syntax.Perl)
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(needs(tree)); got != want {
			t.Errorf("%s: got %s, want %s", expression, got, want)
		}
	}
}

// drawExpression puts an expression together of parts that often have something in common.
func drawExpression(t *rapid.T) string {
	var whole strings.Builder
	whole.WriteString(rapid.SampledFrom([]string{"", "^", "(?i)", "/", "/api", "/api/v1", "/api/v1/item"}).Draw(t, "begin"))
	for range rapid.IntRange(1, 4).Draw(t, "parts") {
		whole.WriteString(rapid.SampledFrom([]string{
			"/[a-z]+", "/[^/]+", ".*", "/item-1", "/ITEM-2", "(/item-1|/thing-2)", "(/users)?", "(/users)+", "-[0-9]{1,2}", "/api", "[0-9]*", "(one|two|/)",
		}).Draw(t, "part"))
	}
	return whole.String()
}

func drawWords(t *rapid.T) string {
	var path strings.Builder
	for range rapid.IntRange(1, 5).Draw(t, "words") {
		path.WriteString(rapid.SampledFrom([]string{"/api", "/v1", "/item-1", "/Item-2", "/thing-2", "/users", "-12", "/x", "/one", "two", "/"}).Draw(t, "word"))
	}
	return "/" + strings.TrimPrefix(path.String(), "/")
}

func TestManyExpressionsAgreeWithTheLinearMatcher(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		host := config.Host{Listener: "web"}
		for i := range rapid.IntRange(1, 80).Draw(t, "rules") {
			rule := expressionRule(rapid.SampledFrom([]string{"n/a", "n/b"}).Draw(t, "route"), drawExpression(t))
			rule.Index = i
			rule.Matches[0].Method = rapid.SampledFrom([]string{"", "", "", "GET", "POST"}).Draw(t, "method")
			host.Rules = append(host.Rules, rule)
		}
		host.Rules = append(host.Rules, prefixRule("n/prefix", "/api"))
		chunks := []*config.Chunk{{Hosts: []config.Host{host}}}
		table, errs := Build(oneListener(1), chunks)
		if len(errs) > 0 {
			t.Fatal(errs)
		}
		for range 20 {
			compareToOracle(t, table, chunks, 80, &Request{Path: drawWords(t), Method: "GET"})
		}
	})
}

func BenchmarkLookupExpressions(b *testing.B) {
	for _, c := range []struct{ name, format string }{
		{"literal beginning", "/api/item-%d/[0-9]+"},
		{"literal within", "/[a-z]+/item-%d/.*"},
		{"literal in any case", "(?i)/[a-z]+/item-%d/.*"},
		{"no literal", "/[a-z]+/[a-z]+-[0-9]{%d}"},
	} {
		b.Run(c.name, func(b *testing.B) {
			n := 10_000
			if c.name == "no literal" {
				n = 500 // the number is a count of repetitions, of which RE2 allows 1,000
			}
			root, chunks := manyExpressions(n, c.format)
			table := built(b, root, chunks)
			req := &Request{Path: "/api/item-77777/orders/12345", Method: "GET"}
			measured(b, func(int) { table.Lookup(80, req) })
		})
	}
}
