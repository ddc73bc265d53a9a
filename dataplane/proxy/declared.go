package proxy

import (
	"sync/atomic"

	"github.com/fleetgate/fleetgate/dataplane/config"
)

// declared is a pool of the configuration. What it needs to be served from is made at the first request
// to it: of many Services most are asked for rarely, by one proxy.
type declared struct {
	live atomic.Pointer[pool]
	// What follows is guarded by Proxy.pooling. chunks is how many chunks name it.
	config *config.Pool
	chunks int32
	gone   bool
}

// poolOf gives the live pool of a key in a state, nil if there is none.
func (p *Proxy) poolOf(s *state, key string) *pool {
	known := s.pools[key]
	if known == nil {
		return nil
	}
	if live := known.live.Load(); live != nil {
		return live
	}
	return p.enliven(s, known)
}

// enliven makes the live pool with the endpoints of now.
func (p *Proxy) enliven(s *state, known *declared) *pool {
	p.pooling.Lock()
	defer p.pooling.Unlock()
	if live := known.live.Load(); live != nil {
		return live
	}
	live := p.newPool(known.config)
	if known.gone {
		live.update(s.snapshot.Endpoints[known.config.Key]) // for the last requests of this state
		live.Close()
	} else {
		live.update(p.state.Load().snapshot.Endpoints[known.config.Key])
	}
	known.live.Store(live)
	return live
}

// change puts a state in force: live pools get their endpoints, and those that are gone end.
func (p *Proxy) change(before, built *state, gone []*declared) {
	p.pooling.Lock()
	defer p.pooling.Unlock()
	if before != nil {
		updateEndpoints(before, built)
	}
	p.state.Store(built)
	for _, old := range gone {
		old.gone = true
		if live := old.live.Load(); live != nil {
			live.Close()
		}
	}
}
