package router

import (
	"strings"
	"testing"

	"github.com/fleetgate/fleetgate/dataplane/config"
)

func prefixRule(route, path string) config.Rule {
	return config.Rule{Route: route, Matches: []config.Match{{PathKind: config.PathPrefix, Path: path}}}
}

func oneListener(chunks int) config.Root {
	return config.Root{Version: 1, Chunks: chunks, Listeners: []config.Listener{{Name: "web", Port: 80, Protocol: config.HTTP}}}
}

func TestListenerIsolation(t *testing.T) {
	root := config.Root{Chunks: 1, Listeners: []config.Listener{
		{Name: "all", Port: 80}, {Name: "one", Port: 80, Hostname: "a.example.com"},
	}}
	table, errs := Build(root, []*config.Chunk{{Hosts: []config.Host{
		{Listener: "all", Rules: []config.Rule{prefixRule("n/all", "/")}},
		{Listener: "one", Hostname: "a.example.com", Rules: []config.Rule{prefixRule("n/one", "/one")}},
	}}})
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	got := table.Lookup(80, &Request{Host: "a.example.com", Path: "/two"})
	if got.Rule != nil || got.Listener == nil || got.Listener.Name != "one" {
		t.Fatalf("a request for a more specific listener must never be answered by another one, got %+v", got)
	}
	if got := table.Lookup(80, &Request{Host: "b.example.com", Path: "/two"}); got.Rule == nil {
		t.Fatal("other hostnames belong to the listener for all")
	}
	if got := table.Lookup(81, &Request{Host: "b.example.com", Path: "/two"}); got.Listener != nil {
		t.Fatal("another port has no listener")
	}
}

func TestFiltersOfAListenerComeBeforeItsRules(t *testing.T) {
	root := config.Root{Chunks: 1, Listeners: []config.Listener{
		{Name: "all", Port: 80},
		{Name: "judged", Port: 80, Hostname: "a.example.com", Filters: []config.ListenerFilter{{Broken: "no"}}},
		{Name: "bare", Port: 81, Filters: []config.ListenerFilter{{Broken: "no"}}},
	}}
	table, errs := Build(root, []*config.Chunk{{Hosts: []config.Host{
		{Listener: "all", Rules: []config.Rule{prefixRule("n/all", "/")}},
		{Listener: "judged", Hostname: "a.example.com", Rules: []config.Rule{prefixRule("n/one", "/one")}},
	}}})
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	cases := []struct {
		name, reason string
		port         int32
		host, path   string
		listener     string
		before, rule string
	}{
		{"without filters", "nothing comes first", 80, "b.example.com", "/one", "all", "n/all", "n/all"},
		{"with filters", "the rule is looked for afterwards", 80, "a.example.com", "/one", "judged", "", "n/one"},
		{"no rule", "the listener for all is not asked instead", 80, "a.example.com", "/two", "judged", "", ""},
		{"no host", "a listener may have no routes", 81, "a.example.com", "/one", "bare", "", ""},
		{"no path", "OPTIONS * matches nothing", 80, "a.example.com", "", "judged", "", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			req := &Request{Host: c.host, Path: c.path}
			found := table.Lookup(c.port, req)
			if found.Listener == nil || found.Listener.Name != c.listener || routeOf(found) != c.before {
				t.Fatalf("%s: got %+v", c.reason, found)
			}
			if got := table.Match(found.Listener, req); got.Listener != found.Listener || routeOf(got) != c.rule {
				t.Fatalf("%s: got %+v", c.reason, got)
			}
		})
	}
}

func routeOf(r Result) string {
	if r.Rule == nil {
		return ""
	}
	return r.Rule.Config.Route
}

func TestBrokenExpressionBreaksOnlyItsOwnMatch(t *testing.T) {
	rule := prefixRule("n/broken", "/fine")
	rule.Matches = append(rule.Matches,
		config.Match{PathKind: config.PathRegex, Path: "/("},
		config.Match{PathKind: config.PathPrefix, Path: "/h", Headers: []config.ValueMatch{{Name: "a", Value: "a)(b", Regex: true}}})
	table, errs := Build(oneListener(1), []*config.Chunk{{Hosts: []config.Host{
		{Listener: "web", Rules: []config.Rule{rule, prefixRule("n/other", "/")}},
	}}})
	if len(errs) != 2 || !strings.Contains(errs[0].Error(), "n/broken rule 0 match 1") {
		t.Fatalf("got %v", errs)
	}
	for path, want := range map[string]string{"/fine": "n/broken", "/h": "n/other", "/(": "n/other"} {
		if got := table.Lookup(80, &Request{Path: path, Header: headers{}}); got.Rule == nil || got.Rule.Config.Route != want {
			t.Fatalf("%s: got %+v, want %s", path, got, want)
		}
	}
}

func TestResultNamesThePrefix(t *testing.T) {
	table, _ := Build(oneListener(1), []*config.Chunk{{Hosts: []config.Host{
		{Listener: "web", Rules: []config.Rule{prefixRule("n/a", "/a/"), prefixRule("n/root", "/")}},
	}}})
	for path, want := range map[string]string{"/a": "/a", "/a/b": "/a", "/b": "/"} {
		if got := table.Lookup(80, &Request{Path: path}); got.Prefix != want {
			t.Fatalf("%s: got %q, want %q", path, got.Prefix, want)
		}
	}
}

func TestUpdateKeepsTheValuesOfUnchangedHosts(t *testing.T) {
	calls := 0
	attach := func(*config.Rule) any { calls++; return calls }
	chunk := func(index int, host, route string) *config.Chunk {
		return &config.Chunk{Index: index, Hosts: []config.Host{{Listener: "web", Hostname: host, Rules: []config.Rule{prefixRule(route, "/")}}}}
	}
	table, _ := Build(oneListener(2), []*config.Chunk{chunk(0, "a", "n/a"), chunk(1, "b", "n/b")}, WithValue(attach))
	before := table.Lookup(80, &Request{Host: "a", Path: "/"}).Rule.Value
	next, _ := table.Update([]*config.Chunk{chunk(1, "b", "n/new"), chunk(0, "a", "n/a")})
	if got := next.Lookup(80, &Request{Host: "a", Path: "/"}).Rule.Value; got != before || calls != 3 {
		t.Fatalf("a host with the same rules must be shared: value %v, was %v, %d calls", got, before, calls)
	}
	if got := table.Lookup(80, &Request{Host: "b", Path: "/"}).Rule.Config.Route; got != "n/b" {
		t.Fatalf("the old table must stay as it was, got %s", got)
	}
}
