package balance

import (
	"slices"
	"time"
)

// Token is what a session calls the endpoint under a key. It is the same in all processes. Who knows the key can find the
// address by trying all there are; who does not learns nothing of it.
func (e *Endpoint) Token(key uint64) uint64 { return mix(e.hash ^ key) }

// PickToken gives the endpoint that a session calls so under a key, and counts a request to it until Done. It is nil
// when the pool has no such endpoint, or none that is good, has room, and is not to be avoided.
func (p *Pool) PickToken(now time.Time, key, token uint64, avoid []*Endpoint) *Endpoint {
	group := p.live.Load().candidates()
	for i, hash := range group.hashes {
		if mix(hash^key) != token {
			continue
		}
		e := group.list[i]
		if e.state.EjectedAt(now.UnixNano()) || slices.Contains(avoid, e) || !e.take(p.limit) {
			return nil
		}
		return e
	}
	return nil
}
