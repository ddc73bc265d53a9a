package proxy

import (
	"slices"

	"github.com/fleetgate/fleetgate/dataplane/config"
)

// chunkChange is a chunk that was there before and one that comes in its place; either may be nil.
type chunkChange struct{ was, now *config.Chunk }

// changesOf gives the chunks that differ from those before. Chunks that share their memory are the
// same, so that whoever passes them again is not charged for their size.
func changesOf(before *state, next *Snapshot) (changes []chunkChange) {
	var was []*config.Chunk
	if before != nil {
		was = before.snapshot.counted()
	}
	now := next.counted()
	for i := range max(len(was), len(now)) {
		var c chunkChange
		if i < len(was) {
			c.was = was[i]
		}
		if i < len(now) {
			c.now = now[i]
		}
		if c.was == nil || c.now == nil || !sameChunk(c.was, c.now) {
			changes = append(changes, c)
		}
	}
	return changes
}

// withRoots adds the pools of the roots to the changes, as those of one more chunk.
func withRoots(before *state, next *Snapshot, changes []chunkChange) []chunkChange {
	c := chunkChange{now: &config.Chunk{Pools: next.Root.Pools}}
	if before != nil {
		c.was = &config.Chunk{Pools: before.snapshot.Root.Pools}
		if sameChunk(c.was, c.now) {
			return changes
		}
	}
	return append(slices.Clip(changes), c)
}

// counted are the chunks that the root counts.
func (s *Snapshot) counted() []*config.Chunk {
	return s.Chunks[:max(min(len(s.Chunks), s.Root.Chunks), 0)]
}

func sameChunk(a, b *config.Chunk) bool {
	return a == b || a.Index == b.Index && shared(a.Hosts, b.Hosts) && shared(a.Pools, b.Pools)
}

// shared says that two slices are the same memory.
func shared[T any](a, b []T) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}

// count notes what changed chunks name and do not name any more, and forgets the routes that are
// gone with all that is kept for them.
func (p *Proxy) count(changes []chunkChange) {
	for _, c := range changes {
		p.countRules(c.now, 1)
		p.pace.pause()
	}
	for _, c := range changes {
		p.countRules(c.was, -1)
		p.pace.pause()
	}
}

func (p *Proxy) countRules(chunk *config.Chunk, step int) {
	if chunk == nil {
		return
	}
	for h := range chunk.Hosts {
		rules := chunk.Hosts[h].Rules
		for i := range rules {
			r := p.routes[rules[i].Route]
			if r == nil { // no table has taken a rule of it
				r = &route{}
				p.routes[rules[i].Route] = r
			}
			if r.rules += step; r.rules == 0 {
				delete(p.routes, rules[i].Route)
			}
		}
	}
}

// names are those of the configuration in force.
func (p *Proxy) names(s *state) Names {
	return Names{
		Route:   func(name string) bool { return p.routes[name] != nil },
		Backend: func(name string) bool { return s.pools[name] != nil },
	}
}
