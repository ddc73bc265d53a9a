package proxy

import (
	"sync/atomic"

	"github.com/fleetgate/fleetgate/dataplane/balance"
	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/dataplane/upstream"
)

// pool is a pool of the configuration. What it needs to be served from is made at the first request
// to it: of many Services most are asked for rarely, by one proxy.
type pool struct {
	live atomic.Pointer[balance.Pool]
	// What follows is guarded by Proxy.pooling. chunks is how many chunks name it.
	config *config.Pool
	chunks int32
	gone   bool
}

// poolOf gives the live pool of a key in a state, nil if there is none.
func (p *Proxy) poolOf(s *state, key string) *balance.Pool {
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
func (p *Proxy) enliven(s *state, known *pool) *balance.Pool {
	p.pooling.Lock()
	defer p.pooling.Unlock()
	if live := known.live.Load(); live != nil {
		return live
	}
	live := balance.NewPool(*known.config, p.options.Health, balance.WithConns(p.connect), balance.WithGone(disconnect))
	if known.gone {
		live.Update(s.snapshot.Endpoints[known.config.Key]) // for the last requests of this state
		live.Close()
	} else {
		live.Update(p.state.Load().snapshot.Endpoints[known.config.Key])
	}
	known.live.Store(live)
	return live
}

// connect and disconnect give the endpoints of pools their connections.
func (p *Proxy) connect(address string) any { return p.connector.Endpoint(address) }

func disconnect(conns any) { conns.(*upstream.Endpoint).Close() } //nolint:errcheck // connect made it

// change puts a state in force: live pools get their endpoints, and those that are gone end.
func (p *Proxy) change(before, built *state, gone []*pool) {
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
