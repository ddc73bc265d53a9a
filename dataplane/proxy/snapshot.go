package proxy

import (
	"crypto/tls"
	"net/netip"
	"reflect"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/dataplane/router"
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
	pools    map[string]*pool
	trusted  []netip.Prefix
}

// isTrusted says whether forwarded headers of a peer are believed.
func (s *state) isTrusted(peer netip.Addr) bool {
	for _, network := range s.trusted {
		if network.Contains(peer) {
			return true
		}
	}
	return false
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
