package proxy_test

import (
	"io"
	"net/http"
	"sync"
	"testing"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/dataplane/proxy"
)

// named is a backend that answers with its name.
func named(t *testing.T, name string) []config.Endpoint {
	t.Helper()
	return []config.Endpoint{backend(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, name) })}
}

func TestEndpointsOfNowServe(t *testing.T) {
	one, two := named(t, "one"), named(t, "two")
	snapshot := func(endpoints []config.Endpoint) proxy.Snapshot {
		return plainSnapshot([]config.Rule{prefixRule("n/r", "/", "a")}, map[string][]config.Endpoint{"a": endpoints})
	}
	b := start(t, snapshot(one))
	steps := []struct {
		reason    string
		endpoints []config.Endpoint
		want      string
	}{
		{"nobody asked before the endpoints changed", two, "two"},
		{"the pool is in use", one, "one"},
		{"an equal list is no change", append([]config.Endpoint(nil), one...), "one"},
		{"and back", two, "two"},
	}
	for _, step := range steps {
		b.apply(snapshot(step.endpoints))
		if got := b.get("http://shop.example.com/").body; got != step.want {
			t.Fatalf("%s: got %q, want %q", step.reason, got, step.want)
		}
	}
	b.apply(snapshot(nil))
	if got := b.get("http://shop.example.com/").StatusCode; got != 503 {
		t.Fatalf("no endpoint is left: %d", got)
	}
}

// gone is an observer that notes which of some routes are named.
type gone struct {
	proxy.Observer

	mutex sync.Mutex
	names map[string]bool
}

func (g *gone) Applied(_ int64, _ uint64, names proxy.Names) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	for name := range g.names {
		g.names[name] = names.Route(name) || names.Backend(name)
	}
}

func (g *gone) Series(string, string) any { return nil }
func (g *gone) Exchanged(*proxy.Record)   {}
func (g *gone) LogDropped(int)            {}

func TestNamesFollowChanges(t *testing.T) {
	chunks := func(rules ...config.Rule) (all []*config.Chunk) {
		for i, rule := range rules {
			chunk := &config.Chunk{Version: config.Version, Index: i, Hosts: []config.Host{{Listener: "web", Rules: []config.Rule{rule}}}}
			for _, b := range rule.Backends {
				chunk.Pools = append(chunk.Pools, config.Pool{Key: b.Pool})
			}
			all = append(all, chunk)
		}
		return all
	}
	a, b, c := prefixRule("n/a", "/a", "pool-a"), prefixRule("n/b", "/b", "pool-b"), prefixRule("n/c", "/c", "pool-a")
	observer := &gone{names: map[string]bool{"n/a": false, "n/b": false, "n/c": false, "pool-a": false, "pool-b": false}}
	var bed *bed
	steps := []struct {
		reason string
		rules  []config.Rule
		want   map[string]bool
	}{
		{"the first", []config.Rule{a, b}, map[string]bool{"n/a": true, "n/b": true, "pool-a": true, "pool-b": true}},
		{"a route moves to another chunk", []config.Rule{b, a}, map[string]bool{"n/a": true, "n/b": true, "pool-a": true, "pool-b": true}},
		{"a pool is taken over", []config.Rule{b, c}, map[string]bool{"n/b": true, "n/c": true, "pool-a": true, "pool-b": true}},
		{"two chunks name a pool", []config.Rule{a, c}, map[string]bool{"n/a": true, "n/c": true, "pool-a": true}},
		{"one of them still does", []config.Rule{a}, map[string]bool{"n/a": true, "pool-a": true}},
		{"nothing is left", nil, nil},
		{"all come back", []config.Rule{a, b, c}, map[string]bool{"n/a": true, "n/b": true, "n/c": true, "pool-a": true, "pool-b": true}},
	}
	for _, step := range steps {
		snapshot := plainSnapshot(nil, nil)
		snapshot.Chunks = chunks(step.rules...)
		snapshot.Root.Chunks = len(snapshot.Chunks)
		if bed == nil {
			bed = start(t, snapshot, func(o *proxy.Options) { o.Observer = observer })
		} else {
			bed.apply(snapshot)
		}
		observer.mutex.Lock()
		for name, got := range observer.names {
			if got != step.want[name] {
				t.Errorf("%s: %s is named: %v", step.reason, name, got)
			}
		}
		observer.mutex.Unlock()
	}
}
