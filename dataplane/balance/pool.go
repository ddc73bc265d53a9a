package balance

import (
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/dataplane/health"
)

// Why a pool gives no endpoint.
var (
	// ErrEmpty says that the pool has no endpoints.
	ErrEmpty = errors.New("the pool has no endpoint")
	// ErrFull says that each endpoint has as many requests as it may have.
	ErrFull = errors.New("all endpoints of the pool are full")
)

// Pool is the live endpoints of one backend Service port, shared by all rules that use it. It is
// safe for concurrent use.
type Pool struct {
	// Config is the pool as the configuration has it.
	Config config.Pool
	policy health.Policy
	conns  func(address string) any
	gone   func(conns any)
	slow   time.Duration
	limit  int64
	turn   atomic.Uint64

	ejecting sync.Mutex // held while an endpoint is ejected
	mutex    sync.Mutex // held by Update and Close
	closed   bool
	live     atomic.Pointer[endpoints]
}

// NewPool makes a pool without endpoints.
func NewPool(pool config.Pool, policy health.Policy, options ...Option) *Pool {
	p := &Pool{Config: pool, policy: policy, slow: time.Duration(pool.SlowStart) * time.Millisecond, limit: int64(pool.MaxRequests)}
	for _, option := range options {
		option(p)
	}
	p.turn.Store(uint64(rand.Uint32())) // not all proxies begin with the same endpoint
	p.live.Store(&endpoints{changed: make(chan struct{})})
	return p
}

// Update replaces the endpoints, and says whether there are some that were not there before. Those that
// stay keep their health, their requests in flight and their Conns. A closed pool stays as it is.
func (p *Pool) Update(list []config.Endpoint) (more bool) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.closed {
		return false
	}
	before := p.live.Load()
	next, gone := before.next(list, func(address string) *Endpoint { more = true; return p.create(address) })
	p.live.Store(next)
	close(before.changed)
	for _, endpoint := range gone {
		p.leave(endpoint)
	}
	return more
}

// Close says that nobody will be sent to the pool any more, and calls what WithGone gave for every
// endpoint. Requests that were sent to the pool before may still Pick. Closing again does nothing.
func (p *Pool) Close() {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.closed {
		return
	}
	p.closed = true
	for endpoint := range p.live.Load().each {
		p.leave(endpoint)
	}
}

func (p *Pool) create(address string) *Endpoint {
	endpoint := &Endpoint{Address: address, hash: Key(address)}
	if p.conns != nil {
		endpoint.Conns = p.conns(address)
	}
	return endpoint
}

func (p *Pool) leave(endpoint *Endpoint) {
	if p.gone != nil {
		p.gone(endpoint.Conns)
	}
}

// Take counts a request, until Done, to the endpoint of an address, however busy or ill it is. It gives nil when
// there is none: for what has to stay where it is.
func (p *Pool) Take(address string) *Endpoint {
	for endpoint := range p.live.Load().each {
		if endpoint.Address == address {
			endpoint.inflight.Add(1)
			return endpoint
		}
	}
	return nil
}

// Size is how many endpoints a request could go to.
func (p *Pool) Size() int {
	return len(p.live.Load().candidates().list)
}

// HasAny says whether a request could go to one of these.
func (p *Pool) HasAny(of []*Endpoint) bool {
	list := p.live.Load().candidates().list
	return slices.ContainsFunc(of, func(e *Endpoint) bool { return slices.Contains(list, e) })
}

// HasOther says whether a request could go to an endpoint that is none of these.
func (p *Pool) HasOther(than []*Endpoint) bool {
	return slices.ContainsFunc(p.live.Load().candidates().list, func(e *Endpoint) bool { return !slices.Contains(than, e) })
}

// Changed gives a channel that is closed by the next Update.
func (p *Pool) Changed() <-chan struct{} { return p.live.Load().changed }

// Pick is PickBy for a request that has no key: with config.BalanceHash it goes to the less busy
// of two endpoints. It gives nil when the pool has no endpoint or all are full.
func (p *Pool) Pick(now time.Time, avoid []*Endpoint) *Endpoint {
	q := query{balance: p.Config.Balance, now: now.UnixNano(), avoid: avoid}
	if q.balance == config.BalanceHash {
		q.balance = config.BalanceLeast
	}
	e, _ := p.pick(&q)
	return e
}

// PickBy chooses an endpoint by the pool's policy (config.Pool.Balance), and counts a request to it
// until Done. The key matters to config.BalanceHash alone: requests of equal keys go to the same
// endpoint as long as it is there and good.
//
// An endpoint that is ejected, or one to avoid, is taken only when there is no other; one that has
// as many requests as it may have (config.Pool.MaxRequests) never. The error is ErrEmpty or ErrFull.
func (p *Pool) PickBy(now time.Time, key uint64, avoid []*Endpoint) (*Endpoint, error) {
	return p.pick(&query{balance: p.Config.Balance, now: now.UnixNano(), key: key, avoid: avoid})
}

func (p *Pool) pick(q *query) (*Endpoint, error) {
	q.pool, q.from = p, p.live.Load().candidates()
	if len(q.from.list) == 0 {
		return nil, ErrEmpty
	}
	for range len(q.from.list) + 1 {
		e := q.choose()
		if e == nil {
			break
		}
		if e.take(p.limit) {
			return e, nil
		}
		// Others took its last place at the same moment.
	}
	return nil, ErrFull
}

// choose gives an endpoint that has room, or nil.
func (q *query) choose() *Endpoint {
	if len(q.from.list) == 1 {
		return q.sweep(0)
	}
	switch q.balance {
	case config.BalanceRoundRobin:
		return q.roundRobin()
	case config.BalanceHash:
		return q.rendezvous()
	default:
		return q.leastRequest()
	}
}

// Failed notes that the endpoint could not be reached, and says whether it is ejected for that.
func (p *Pool) Failed(e *Endpoint, now time.Time) bool {
	return p.FailedBy(e, health.Connect, now)
}

// FailedBy notes that the endpoint failed, and says whether it is ejected for that.
func (p *Pool) FailedBy(e *Endpoint, kind health.Kind, now time.Time) bool {
	if !p.policy.Failed(&e.state, kind, now) {
		return false
	}
	p.ejecting.Lock()
	defer p.ejecting.Unlock()
	list := p.live.Load().candidates().list
	ejected := 0
	for _, other := range list {
		if other.state.Ejected(now) {
			ejected++
		}
	}
	return p.policy.Eject(&e.state, now, ejected, len(list))
}
