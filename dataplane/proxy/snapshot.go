package proxy

import (
	"crypto/tls"
	"maps"
	"net/netip"
	"reflect"
	"slices"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/dataplane/router"
)

// Snapshot is everything that a Proxy serves by. Apply keeps what it is given: the caller must not
// change it afterwards, and may pass unchanged parts again, which makes Apply cheap: of chunks that
// share their memory with those before, and of an equal map of endpoints, nothing is looked at.
type Snapshot struct {
	Root config.Root
	// Chunks are all chunks of the root, in order of their Index.
	Chunks []*config.Chunk
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
	pools    map[string]*declared
	trusted  []netip.Prefix
	// listeners are by name, endings those that end TLS, ports what the listeners of each have in common.
	listeners map[string]*config.Listener
	endings   map[string]*ending
	ports     map[int32]*port
	// listenerErrs are what does not work of the listeners.
	listenerErrs []error
}

// isTrusted says whether forwarded headers of a client's requests are believed: see config.ProxyProtocol.
func (s *state) isTrusted(c *place) bool {
	return contain(s.trusted, c.address) && (c.address == c.peer || contain(s.trusted, c.peer))
}

// nextTable builds the table for a snapshot on top of the one before.
func (p *Proxy) nextTable(before *state, next *Snapshot, changes []chunkChange) (*router.Table, []error) {
	if before == nil {
		return router.Build(next.Root, next.Chunks, router.WithValue(p.attach), router.WithPause(p.pace.pause))
	}
	table := before.table
	var errs []error
	if !reflect.DeepEqual(before.snapshot.Root, next.Root) {
		table, errs = table.UpdateRoot(next.Root)
	}
	changed := make([]*config.Chunk, 0, len(changes))
	for _, c := range changes {
		if c.now != nil {
			changed = append(changed, c.now)
		}
	}
	changed = append(changed, next.Chunks[len(next.counted()):]...) // for the fault that they are
	if len(changed) == 0 {
		return table, errs
	}
	table, faults := table.Update(changed)
	return table, append(errs, faults...)
}

// nextPools keeps pools that stay. gone are the pools of before that are not in use any more.
func (p *Proxy) nextPools(before *state, changes []chunkChange) (pools map[string]*declared, gone []*declared) {
	if before != nil {
		pools = before.pools
	}
	p.pooling.Lock()
	defer p.pooling.Unlock()
	edit := poolEdit{pools: pools}
	for _, c := range changes {
		if c.now != nil {
			for i := range c.now.Pools {
				edit.add(&c.now.Pools[i])
			}
		}
	}
	for _, c := range changes {
		if c.was != nil {
			for i := range c.was.Pools {
				edit.release(c.was.Pools[i].Key)
			}
		}
	}
	return edit.pools, edit.gone
}

// poolEdit changes pools that are in use, in a copy that is made when it is needed.
type poolEdit struct {
	pools  map[string]*declared
	copied bool
	gone   []*declared
}

// add notes that a chunk names a pool, and makes one that is new, or other than before.
func (e *poolEdit) add(c *config.Pool) {
	if known := e.pools[c.Key]; known != nil && samePool(known.config, c) {
		known.config = c // so that the chunk of before is not kept for it
		known.chunks++
		return
	}
	next := &declared{config: c, chunks: 1}
	if known := e.pools[c.Key]; known != nil {
		next.chunks += known.chunks
	}
	e.replace(c.Key, next)
}

// samePool says whether two pools mean the same.
func samePool(a, b *config.Pool) bool {
	if !reflect.DeepEqual(a.TLS, b.TLS) || !reflect.DeepEqual(a.RetryBudget, b.RetryBudget) {
		return false
	}
	one, other := *a, *b
	one.TLS, other.TLS, one.RetryBudget, other.RetryBudget = nil, nil, nil, nil
	return one == other
}

// release notes that a chunk does not name a pool any more.
func (e *poolEdit) release(key string) {
	known := e.pools[key]
	if known.chunks--; known.chunks == 0 {
		e.replace(key, nil)
	}
}

// replace puts a pool in the place of the one that has this key; nil for none.
func (e *poolEdit) replace(key string, next *declared) {
	if !e.copied {
		e.pools, e.copied = maps.Clone(e.pools), true
		if e.pools == nil {
			e.pools = map[string]*declared{}
		}
	}
	if known := e.pools[key]; known != nil {
		e.gone = append(e.gone, known)
	}
	if next == nil {
		delete(e.pools, key)
		return
	}
	e.pools[key] = next
}

// updateEndpoints tells the live pools whose endpoints are others than before.
func updateEndpoints(before, built *state) {
	was, now := before.snapshot.Endpoints, built.snapshot.Endpoints
	if reflect.ValueOf(was).Pointer() == reflect.ValueOf(now).Pointer() {
		return
	}
	for key, known := range built.pools {
		live := known.live.Load()
		if live == nil {
			continue // it is made with the endpoints of its time
		}
		if a, b := was[key], now[key]; !shared(a, b) && !slices.Equal(a, b) {
			live.update(b)
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
