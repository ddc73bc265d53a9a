package balance

import (
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/dataplane/health"
)

// Endpoint is one address of a Pool with what is going on there.
type Endpoint struct {
	// Address is "host:port", an IPv6 host in brackets.
	Address  string
	inflight atomic.Int64
	state    health.State
}

// Pool is the live endpoints of one backend Service port, shared by all rules that use it. It is
// safe for concurrent use.
type Pool struct {
	// Config is the pool as the configuration has it.
	Config config.Pool
	policy health.Policy

	mutex sync.Mutex // held by Update
	live  atomic.Pointer[endpoints]
}

// endpoints is an immutable list.
type endpoints struct {
	ready, terminating []*Endpoint
	known              map[string]*Endpoint
}

// NewPool makes a pool without endpoints.
func NewPool(pool config.Pool, policy health.Policy) *Pool {
	p := &Pool{Config: pool, policy: policy}
	p.live.Store(&endpoints{})
	return p
}

// Update replaces the endpoints. Those that stay keep their health and their requests in flight.
func (p *Pool) Update(list []config.Endpoint) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	before := p.live.Load()
	next := &endpoints{known: make(map[string]*Endpoint, len(list))}
	for _, e := range list {
		address := net.JoinHostPort(e.Address, strconv.Itoa(int(e.Port)))
		if next.known[address] != nil {
			continue
		}
		endpoint := before.known[address]
		if endpoint == nil {
			endpoint = &Endpoint{Address: address}
		}
		next.known[address] = endpoint
		if e.Terminating {
			next.terminating = append(next.terminating, endpoint)
		} else {
			next.ready = append(next.ready, endpoint)
		}
	}
	p.live.Store(next)
}

// Size is how many endpoints a request could go to.
func (p *Pool) Size() int {
	return len(p.live.Load().candidates())
}

// candidates are the ready endpoints, or those that terminate when no other is left.
func (e *endpoints) candidates() []*Endpoint {
	if len(e.ready) > 0 {
		return e.ready
	}
	return e.terminating
}

// Pick chooses the less busy of two endpoints taken at random, and counts a request to it until
// Done. An endpoint that is ejected, or one to avoid, is taken only when there is no other. It
// gives nil when the pool has no endpoint.
func (p *Pool) Pick(now time.Time, avoid []*Endpoint) *Endpoint {
	list := p.live.Load().candidates()
	if len(list) == 0 {
		return nil
	}
	chosen := list[0]
	if len(list) > 1 {
		a := rand.IntN(len(list))
		b := rand.IntN(len(list) - 1)
		if b >= a {
			b++
		}
		chosen = lessBusy(usable(list, a, now, avoid), usable(list, b, now, avoid))
	}
	chosen.inflight.Add(1)
	return chosen
}

// usable gives the first endpoint from place on that may be used; if there is none, the one at that place.
func usable(list []*Endpoint, place int, now time.Time, avoid []*Endpoint) *Endpoint {
	for i := range list {
		e := list[(place+i)%len(list)]
		if !e.state.Ejected(now) && !slices.Contains(avoid, e) {
			return e
		}
	}
	return list[place]
}

func lessBusy(a, b *Endpoint) *Endpoint {
	if b.inflight.Load() < a.inflight.Load() {
		return b
	}
	return a
}

// Done ends a request that Pick counted.
func (e *Endpoint) Done() { e.inflight.Add(-1) }

// Inflight is the number of requests that Pick counted and Done did not.
func (e *Endpoint) Inflight() int64 { return e.inflight.Load() }

// Succeeded notes that the endpoint took a connection and answered.
func (e *Endpoint) Succeeded() { e.state.Succeeded() }

// Failed notes that the endpoint could not be reached, and says whether it is now ejected.
func (p *Pool) Failed(e *Endpoint, now time.Time) bool {
	list := p.live.Load().candidates()
	ejected := 0
	for _, other := range list {
		if other.state.Ejected(now) {
			ejected++
		}
	}
	return p.policy.Failed(&e.state, now, ejected, len(list))
}
