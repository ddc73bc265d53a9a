package router

import (
	"strings"
	"testing"

	"github.com/fleetgate/fleetgate/dataplane/config"
)

// FuzzNormalHost holds hostnames to one form, of bytes that a hostname or an address may have.
func FuzzNormalHost(f *testing.F) {
	for _, seed := range []string{"", "a", "A.b:80", "a.", "[::1]:80", "a..b", "a:b", "[", "a_b-c.d"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		host, ok := NormalHost(raw)
		if !ok {
			return
		}
		if again, ok := NormalHost(host); !strings.HasSuffix(host, ".") && (!ok || again != host) {
			t.Fatalf("%q became %q and then %q, %v", raw, host, again, ok)
		}
		if strings.ContainsAny(host, "/?#@%\\ \t\r\n\x00,;\"'<>") || strings.ToLower(host) != host || strings.Contains(host, "..") {
			t.Fatalf("%q became %q", raw, host)
		}
	})
}

// FuzzNormalQuery holds queries to one form, of bytes that a request line may have.
func FuzzNormalQuery(f *testing.F) {
	for _, seed := range []string{"", "a=b&c", "a=1;b=2", "a=%zz", "\"<>", "é", "a b", "#"} {
		f.Add(seed, "a")
	}
	f.Fuzz(func(t *testing.T, raw, name string) {
		query, err := NormalQuery(raw)
		if err != nil {
			return
		}
		if again, err := NormalQuery(query); err != nil || again != query {
			t.Fatalf("%q became %q and then %q, %v", raw, query, again, err)
		}
		for i := range len(query) {
			if c := query[i]; c <= ' ' || c >= 0x7f || c == '#' {
				t.Fatalf("%q became %q", raw, query)
			}
		}
		if value, found := queryValue(query, name); found && !strings.Contains(query, value) {
			t.Fatalf("%q has %q for %q", query, value, name)
		}
	})
}

// FuzzLookup holds the table to find what the plain way finds, whatever rules say and clients ask for.
func FuzzLookup(f *testing.F) {
	f.Add("/a", "/a/b", uint8(0), "/a/b", "a.example.com", "q=1")
	f.Add("/a.*", "/[a-z]+/(b|c)", uint8(10), "/a/c", "b.a.example.com", "")
	f.Add("/%2e/x", "/", uint8(1), "/x", "", "q")
	f.Add("c", "/", uint8(7), "/a.S/c", "x.org", "")
	f.Add("(?i)/A|/b{2,3}", "^/$", uint8(2), "/bb", "x.org", "q=%31")
	f.Fuzz(func(t *testing.T, one, two string, kinds uint8, rawPath, rawHost, rawQuery string) {
		if len(one)+len(two) > 200 || len(rawPath) > 200 {
			return // expressions grow with what they repeat
		}
		path, err := NormalPath(rawPath)
		if err != nil {
			return
		}
		host, ok := NormalHost(rawHost)
		query, err := NormalQuery(rawQuery)
		if !ok || err != nil {
			return
		}
		root := config.Root{Version: 1, Chunks: 1, Listeners: []config.Listener{{Name: "a", Port: 80, Protocol: config.HTTP}}}
		chunks := []*config.Chunk{{Version: 1, Hosts: []config.Host{{Listener: "a", Rules: []config.Rule{fuzzedRule("n/a", one, kinds%4), fuzzedRule("n/b", two, kinds/4%4)}}}}}
		table, faults := Build(root, chunks)
		if len(faults) > 0 {
			return
		}
		req := &Request{Host: host, Method: "GET", Path: path, RawQuery: query, Header: headers{}}
		route, _, found := oracle(root, chunks, 80, req)
		got := table.Lookup(80, req)
		if (got.Rule != nil) != found || found && got.Rule.Config.Route != route {
			t.Fatalf("rules %q, %q of kinds %d: %q has %+v, the oracle %v, %s", one, two, kinds, path, got.Rule, found, route)
		}
	})
}

func fuzzedRule(route, path string, kind uint8) config.Rule {
	switch kind { // as the table does
	case 0, 1:
		if normal, err := NormalPath(path); err == nil {
			path = normal
		}
	case 3:
		path = strings.TrimPrefix(path, "/")
		if normal, err := normalMethod(path); err == nil {
			path = normal
		}
	}
	m := config.Match{Path: path, PathKind: [...]config.PathKind{config.PathExact, config.PathPrefix, config.PathRegex, config.PathMethod}[kind]}
	return config.Rule{Route: route, Matches: []config.Match{m}}
}
