package router

import (
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/fleetgate/fleetgate/dataplane/config"
)

type headers map[string]string

func (h headers) Value(name string) (string, bool) {
	v, ok := h[name]
	return v, ok
}

var (
	hostnames = []string{"", "*.com", "*.example.com", "*.a.example.com", "example.com", "a.example.com", "b.a.example.com", "x.org"}
	asked     = []string{"", "com", "example.com", "a.example.com", "b.a.example.com", "c.b.a.example.com", "z.example.com", "x.org", "y.x.org"}
	pathsUsed = []string{"/", "/a", "/a/", "/a/b", "/a/b/c", "/ab", "/b"}
)

func drawRoot(t *rapid.T) config.Root {
	root := config.Root{Version: 1, Chunks: 3}
	taken := map[string]bool{}
	for i := range rapid.IntRange(1, 5).Draw(t, "listeners") {
		l := config.Listener{
			Name: string(rune('a' + i)), Port: rapid.SampledFrom([]int32{80, 81}).Draw(t, "port"),
			Protocol: config.HTTP, Hostname: rapid.SampledFrom(hostnames).Draw(t, "hostname"),
		}
		key := string(l.Port) + l.Hostname
		if !taken[key] {
			taken[key] = true
			root.Listeners = append(root.Listeners, l)
		}
	}
	return root
}

func drawChunk(t *rapid.T, index int) *config.Chunk {
	chunk := &config.Chunk{Version: 1, Index: index}
	for range rapid.IntRange(0, 4).Draw(t, "hosts") {
		host := config.Host{
			Listener: string(rune('a' + rapid.IntRange(0, 4).Draw(t, "listener"))),
			Hostname: rapid.SampledFrom(hostnames).Draw(t, "hostname"),
			Tier:     rapid.IntRange(0, 2).Draw(t, "tier"),
		}
		for range rapid.IntRange(1, 3).Draw(t, "rules") {
			host.Rules = append(host.Rules, drawRule(t))
		}
		chunk.Hosts = append(chunk.Hosts, host)
	}
	return chunk
}

func drawRule(t *rapid.T) config.Rule {
	rule := config.Rule{
		Route:   rapid.SampledFrom([]string{"n/a", "n/b", "m/c"}).Draw(t, "route"),
		Created: int64(rapid.IntRange(0, 2).Draw(t, "created")),
		Index:   rapid.IntRange(0, 1000).Draw(t, "index"),
	}
	for range rapid.IntRange(1, 2).Draw(t, "matches") {
		rule.Matches = append(rule.Matches, drawMatch(t))
	}
	return rule
}

func drawMatch(t *rapid.T) config.Match {
	m := config.Match{
		PathKind: rapid.SampledFrom([]config.PathKind{config.PathExact, config.PathPrefix, config.PathRegex, config.PathMethod}).Draw(t, "kind"),
		Method:   rapid.SampledFrom([]string{"", "", "GET", "POST"}).Draw(t, "method"),
	}
	m.Path = rapid.SampledFrom(pathsUsed).Draw(t, "path")
	if m.PathKind == config.PathRegex {
		m.Path = rapid.SampledFrom([]string{"/a.*", "/.*", "/(a|b)", "/a/[a-z]", "^/ab$", "(?i)/A"}).Draw(t, "expression")
	}
	if m.PathKind == config.PathMethod {
		m.Path = rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "called")
	}
	for _, name := range []string{"X-One", "X-Two"} {
		if rapid.IntRange(0, 3).Draw(t, "header") == 0 {
			m.Headers = append(m.Headers, drawValue(t, name))
		}
	}
	for _, name := range []string{"p", "q r"} {
		if rapid.IntRange(0, 3).Draw(t, "query") == 0 {
			m.Query = append(m.Query, drawValue(t, name))
		}
	}
	return m
}

func drawValue(t *rapid.T, name string) config.ValueMatch {
	if rapid.Bool().Draw(t, "regex") {
		return config.ValueMatch{Name: name, Value: rapid.SampledFrom([]string{".*", "1|2", "[0-9]"}).Draw(t, "pattern"), Regex: true}
	}
	return config.ValueMatch{Name: name, Value: rapid.SampledFrom([]string{"", "1", "2", "a b"}).Draw(t, "value")}
}

func drawRequest(t *rapid.T) *Request {
	req := &Request{
		Host:     rapid.SampledFrom(asked).Draw(t, "host"),
		Method:   rapid.SampledFrom([]string{"GET", "POST", "PUT"}).Draw(t, "method"),
		Path:     rapid.SampledFrom([]string{"/", "/a", "/a/", "/a/b", "/a/b/", "/a/b/c/d", "/ab", "/abc", "/b", "/c"}).Draw(t, "path"),
		RawQuery: rapid.SampledFrom([]string{"", "p=1", "p=2&p=1", "q+r=1&p=a%20b", "q%20r=2", "p", "x=1&&p="}).Draw(t, "query"),
	}
	h := headers{}
	for _, name := range []string{"X-One", "X-Two"} {
		if rapid.Bool().Draw(t, "has") {
			h[name] = rapid.SampledFrom([]string{"", "1", "2", "a b", "12"}).Draw(t, "value")
		}
	}
	req.Header = h
	return req
}

func TestLookupAgreesWithTheLinearMatcher(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		root := drawRoot(t)
		chunks := []*config.Chunk{drawChunk(t, 0), drawChunk(t, 1), drawChunk(t, 2)}
		table, errs := Build(root, chunks)
		if len(errs) > 0 {
			t.Fatal(errs)
		}
		for range 20 {
			req := drawRequest(t)
			port := rapid.SampledFrom([]int32{80, 81}).Draw(t, "port")
			compareToOracle(t, table, chunks, port, req)
		}
	})
}

func compareToOracle(t *rapid.T, table *Table, chunks []*config.Chunk, port int32, req *Request) {
	route, index, ok := oracle(table.root, chunks, port, req)
	got := table.Lookup(port, req)
	if (got.Rule != nil) != ok {
		t.Fatalf("%+v: found %v, the oracle %v (%s %d)", req, got.Rule != nil, ok, route, index)
	}
	if ok && (got.Rule.Config.Route != route || got.Rule.Config.Index != index) {
		t.Fatalf("%+v: got %s %d, the oracle %s %d", req, got.Rule.Config.Route, got.Rule.Config.Index, route, index)
	}
}

func TestUpdateGivesWhatBuildGives(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		root := drawRoot(t)
		chunks := []*config.Chunk{drawChunk(t, 0), drawChunk(t, 1), drawChunk(t, 2)}
		table, _ := Build(root, chunks)
		for range rapid.IntRange(1, 4).Draw(t, "updates") {
			changed := drawChunk(t, rapid.IntRange(0, 2).Draw(t, "which"))
			chunks[changed.Index] = changed
			table, _ = table.Update([]*config.Chunk{changed})
		}
		if rapid.Bool().Draw(t, "new root") {
			root = drawRoot(t)
			root.Chunks = rapid.IntRange(1, 3).Draw(t, "chunks")
			chunks = chunks[:root.Chunks]
			table, _ = table.UpdateRoot(root)
		}
		for range 20 {
			compareToOracle(t, table, chunks, 80, drawRequest(t))
		}
	})
}

func TestBuildDoesNotChangeItsInput(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		root, chunk := drawRoot(t), drawChunk(t, 0)
		data, sum, err := config.Encode(chunk)
		if err != nil {
			t.Fatal(err)
		}
		before, err := config.Decode[config.Chunk](data, sum)
		if err != nil {
			t.Fatal(err)
		}
		Build(root, []*config.Chunk{chunk})
		if again, _, _ := config.Encode(chunk); !reflect.DeepEqual(again, data) {
			t.Fatalf("got %+v, had %+v", chunk, before)
		}
	})
}
