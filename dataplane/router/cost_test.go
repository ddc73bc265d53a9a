package router

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/fleetgate/fleetgate/dataplane/config"
)

// TestAChangeCostsNothingForOtherListeners counts bytes, since the collector's work is most of what a change would cost.
func TestAChangeCostsNothingForOtherListeners(t *testing.T) {
	few, many := bytesOfChange(t, 64), bytesOfChange(t, 4096)
	if many > 3*few {
		t.Errorf("a change of one route at one of 64 listeners allocates %d bytes, at one of 4,096 %d", few, many)
	}
}

// bytesOfChange is what an Update by a chunk of one route allocates, in a Table with so many listeners of a route each.
func bytesOfChange(t *testing.T, listeners int) uint64 {
	t.Helper()
	root, rest := config.Root{Version: 1, Chunks: 2}, config.Chunk{Index: 1}
	for i := range listeners {
		domain := fmt.Sprintf("l%d.example.com", i)
		root.Listeners = append(root.Listeners, config.Listener{Name: domain, Port: 80, Protocol: config.HTTP, Hostname: "*." + domain})
		rest.Hosts = append(rest.Hosts, config.Host{Listener: domain, Hostname: "a." + domain, Rules: []config.Rule{prefixRule("n/r", "/")}})
	}
	table := built(t, root, []*config.Chunk{{}, &rest})
	const times = 50
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for i := range times {
		rule := prefixRule("n/new", fmt.Sprint("/", i))
		table, _ = table.Update([]*config.Chunk{{Hosts: []config.Host{{Listener: "l7.example.com", Hostname: "b.l7.example.com", Rules: []config.Rule{rule}}}}})
	}
	runtime.ReadMemStats(&after)
	if table.Lookup(80, &Request{Host: "b.l7.example.com", Path: fmt.Sprint("/", times-1)}).Rule == nil {
		t.Fatal("the changed route is not found")
	}
	return (after.TotalAlloc - before.TotalAlloc) / times
}
