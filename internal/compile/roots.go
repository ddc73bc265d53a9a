package compile

import (
	"slices"
	"sync"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/world"
)

// Roots are encoded once for all members that get the same, which nearly all do. They are safe for concurrent use.
type Roots struct {
	mu   sync.Mutex
	made map[target]encodedRoot
}

// encodedRoot is the root of a revision with so many chunks.
type encodedRoot struct {
	revision string
	chunks   int
	data     []byte
	checksum string
}

// NewRoots makes empty Roots, to be shared by the Caches of all members.
func NewRoots() *Roots { return &Roots{made: map[target]encodedRoot{}} }

// encode gives the root of a Gateway in a member. The data belongs to the Roots.
func (r *Roots) encode(gateway *ir.Gateway, member string, chunks int) (data []byte, checksum string, err error) {
	at := target{gateway: world.Name(gateway.Key())}
	if special(gateway, member) {
		at.member = member
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	have := r.made[at]
	if have.revision == "" || have.revision != gateway.Revision || have.chunks != chunks {
		have = encodedRoot{revision: gateway.Revision, chunks: chunks}
		if have.data, have.checksum, err = config.Encode(root(gateway, member, chunks)); err != nil {
			return nil, "", err //nolint:wrapcheck // the caller says what was compiled
		}
		r.made[at] = have
	}
	return have.data, have.checksum, nil
}

// forget lets go of the roots of a Gateway that a member does not have any more; others encode theirs again.
func (r *Roots) forget(gateway world.Name, member string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.made, target{gateway: gateway})
	delete(r.made, target{gateway, member})
}

// special says that a member gets another root than most: a pool of it has another port there.
func special(gateway *ir.Gateway, member string) bool {
	return slices.ContainsFunc(gateway.Pools, func(pool ir.Pool) bool {
		return slices.ContainsFunc(pool.Local, func(port ir.LocalPort) bool { return port.Member == member })
	})
}
