package table

import (
	"net/netip"
	"testing"

	"github.com/fleetgate/fleetgate/bench/routes"
	"github.com/fleetgate/fleetgate/dataplane/config"
)

func TestSnapshot(t *testing.T) {
	backend := netip.MustParseAddrPort("127.0.0.1:8081")
	for _, c := range []struct {
		name, reason  string
		table         Table
		chunks, rules int
	}{
		{"one", "the least", Table{Hosts: 1}, 1, 3},
		{"hosts", "three rules each, a hundred hosts a chunk", Table{Hosts: 250}, 3, 750},
		{"paths", "one host in several chunks", Table{Hosts: 1, Paths: 250}, 3, 250},
	} {
		c.table.Backend = backend
		s := c.table.Snapshot()
		rules := 0
		for i, chunk := range s.Chunks {
			if chunk.Index != i {
				t.Errorf("%s: chunk %d has index %d", c.name, i, chunk.Index)
			}
			pools := map[string]bool{}
			for _, pool := range chunk.Pools {
				pools[pool.Key] = len(s.Endpoints[pool.Key]) == 1
			}
			rules += count(t, chunk, pools)
		}
		if len(s.Chunks) != c.chunks || s.Root.Chunks != c.chunks || rules != c.rules {
			t.Errorf("%s: %d chunks, %d rules, want %d, %d: %s", c.name, len(s.Chunks), rules, c.chunks, c.rules, c.reason)
		}
	}
}

// count gives the rules of a chunk, whose backends must be pools of it with an endpoint.
func count(t *testing.T, chunk *config.Chunk, pools map[string]bool) (rules int) {
	t.Helper()
	for _, host := range chunk.Hosts {
		rules += len(host.Rules)
		for _, rule := range host.Rules {
			if !pools[rule.Backends[0].Pool] {
				t.Errorf("%s: %s is no pool of chunk %d, or has no endpoint", host.Hostname, rule.Backends[0].Pool, chunk.Index)
			}
		}
	}
	return rules
}

func TestLastChunk(t *testing.T) {
	for hosts, want := range map[int]int{1: 0, 100: 0, 101: 1, 250: 2} {
		chunk := Table{Hosts: hosts}.LastChunk()
		last := chunk.Hosts[len(chunk.Hosts)-1].Hostname
		if chunk.Index != want || last != routes.Host(hosts-1) {
			t.Errorf("%d hosts: chunk %d ends with %s", hosts, chunk.Index, last)
		}
	}
}
