package proxy

import (
	"crypto/tls"
	"net/netip"
	"reflect"

	"github.com/fleetgate/fleetgate/dataplane/balance"
	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/dataplane/router"
	"github.com/fleetgate/fleetgate/dataplane/upstream"
)

// Snapshot is everything that a Proxy serves by. Apply keeps what it is given: the caller must not
// change it afterwards, and may pass unchanged parts again, which makes Apply cheap.
type Snapshot struct {
	Root config.Root
	// Chunks are all chunks of the root, in order of their Index.
	Chunks []config.Chunk
	// Endpoints are by Pool.Key. A pool that is not here has none.
	Endpoints map[string][]config.Endpoint
	// Certificates are by the "namespace/name" of their Secret.
	Certificates map[string]*tls.Certificate
}

// state is what requests are served by at one moment; it is immutable.
type state struct {
	snapshot Snapshot
	revision uint64
	table    *router.Table
	pools    map[string]*balance.Pool
	trusted  []netip.Prefix
	// listeners are by name, endings those that end TLS, ports what the listeners of each have in common.
	listeners map[string]*config.Listener
	endings   map[string]*ending
	ports     map[int32]*port
	// listenerErrs are what does not work of the listeners.
	listenerErrs []error
}

// isTrusted says whether forwarded headers of a client's requests are believed: see config.ProxyProtocol.
func (s *state) isTrusted(c *client) bool {
	return contain(s.trusted, c.address) && (c.address == c.peer || contain(s.trusted, c.peer))
}

// nextTable builds the table for a snapshot on top of the one before.
func nextTable(before *state, next Snapshot, attach func(*config.Rule) any) (*router.Table, []error) {
	if before == nil {
		return router.Build(next.Root, next.Chunks, router.WithValue(attach))
	}
	table := before.table
	var errs []error
	if !reflect.DeepEqual(before.snapshot.Root, next.Root) {
		table, errs = table.UpdateRoot(next.Root)
	}
	var changed []config.Chunk
	for i, chunk := range next.Chunks {
		if i >= len(before.snapshot.Chunks) || i >= before.snapshot.Root.Chunks || !sameChunk(before.snapshot.Chunks[i], chunk) {
			changed = append(changed, chunk)
		}
	}
	if len(changed) == 0 {
		return table, errs
	}
	table, faults := table.Update(changed)
	return table, append(errs, faults...)
}

func sameChunk(a, b config.Chunk) bool {
	if a.Index != b.Index || len(a.Hosts) != len(b.Hosts) || len(a.Pools) != len(b.Pools) {
		return false
	}
	if len(a.Hosts) > 0 && &a.Hosts[0] == &b.Hosts[0] {
		return true
	}
	return reflect.DeepEqual(a, b)
}

// nextPools keeps pools that stay and gives every pool its endpoints.
func (p *Proxy) nextPools(before *state, next Snapshot) map[string]*balance.Pool {
	pools := make(map[string]*balance.Pool)
	for _, chunk := range next.Chunks {
		for _, c := range chunk.Pools {
			if pools[c.Key] == nil {
				pools[c.Key] = p.poolFor(before, next, c)
			}
		}
	}
	return pools
}

func (p *Proxy) poolFor(before *state, next Snapshot, c config.Pool) *balance.Pool {
	endpoints := next.Endpoints[c.Key]
	if before != nil {
		if pool := before.pools[c.Key]; pool != nil && pool.Config == c {
			if !reflect.DeepEqual(before.snapshot.Endpoints[c.Key], endpoints) {
				pool.Update(endpoints)
			}
			return pool
		}
	}
	pool := balance.NewPool(c, p.options.Health, balance.WithConns(p.connect), balance.WithGone(disconnect))
	pool.Update(endpoints)
	return pool
}

// connect and disconnect give the endpoints of pools their connections.
func (p *Proxy) connect(address string) any { return p.connector.Endpoint(address) }

func disconnect(conns any) { conns.(*upstream.Endpoint).Close() } //nolint:errcheck // connect made it

// closeGone closes the pools that the new state does not have.
func closeGone(before, after *state) {
	if before == nil {
		return
	}
	for key, pool := range before.pools {
		if after.pools[key] != pool {
			pool.Close()
		}
	}
}

func parseTrusted(networks []string) (trusted []netip.Prefix, err error) {
	for _, network := range networks {
		prefix, bad := netip.ParsePrefix(network)
		if bad != nil {
			err = bad
			continue
		}
		trusted = append(trusted, prefix.Masked())
	}
	return trusted, err
}

func keysOf(pools map[string]*balance.Pool) map[string]bool {
	keys := make(map[string]bool, len(pools))
	for key := range pools {
		keys[key] = true
	}
	return keys
}
