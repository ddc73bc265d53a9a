//go:build !race

package router

import (
	"testing"

	"github.com/fleetgate/fleetgate/dataplane/config"
)

func TestLookupDoesNotAllocate(t *testing.T) {
	host := config.Host{Listener: "web", Hostname: "*.example.com"}
	rule := prefixRule("n/r", "/api")
	rule.Matches[0].Headers = []config.ValueMatch{{Name: "x-one", Value: "1"}}
	rule.Matches[0].Query = []config.ValueMatch{{Name: "q", Value: "a b"}}
	host.Rules = []config.Rule{rule}
	table, _ := Build(oneListener(1), []*config.Chunk{{Hosts: []config.Host{host}}})
	req := &Request{
		Host: "a.b.example.com", Path: "/api/v1/things/9", Method: "GET", RawQuery: "x=1&q=a%20b",
		Header: headers{"X-One": "1"},
	}
	if table.Lookup(80, req).Rule == nil {
		t.Fatal("not found")
	}
	if n := testing.AllocsPerRun(1000, func() { table.Lookup(80, req) }); n != 0 {
		t.Fatalf("%v allocations", n)
	}
	if n := testing.AllocsPerRun(1000, func() { _, _ = NormalPath(req.Path); NormalHost("a.example.com:80") }); n != 0 {
		t.Fatalf("normal forms: %v allocations", n)
	}
}

func TestExpressionsDoNotAllocate(t *testing.T) {
	root, chunks := manyExpressions(100, "/[a-z]+/item-%d/.*")
	table := built(t, root, chunks)
	req := &Request{Path: "/api/item-77/orders"}
	if n := testing.AllocsPerRun(100, func() { table.Lookup(80, req) }); n != 0 || table.Lookup(80, req).Rule == nil {
		t.Fatalf("%v allocations", n)
	}
}
