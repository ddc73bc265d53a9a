package balance

import (
	"net"
	"strconv"
	"sync/atomic"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/dataplane/health"
)

// Endpoint is one address of a Pool with what is going on there.
type Endpoint struct {
	// Address is "host:port", an IPv6 host in brackets.
	Address string
	// Conns is what WithConns made for this endpoint, nil without it. It lives as long as the
	// endpoint is known to its pool, see WithGone, and never changes.
	Conns any

	hash     uint64
	inflight atomic.Int64
	// since is when the endpoint began to start slowly, in Unix nanoseconds: 0 when it does not, or pending.
	since atomic.Int64
	state health.State
}

// Done ends a request that Pick counted.
func (e *Endpoint) Done() { e.inflight.Add(-1) }

// Inflight is the number of requests that Pick counted and Done did not.
func (e *Endpoint) Inflight() int64 { return e.inflight.Load() }

// Succeeded notes that the endpoint took a connection and answered. An answer that is a failure,
// see health.Server, is for Pool.FailedBy instead.
func (e *Endpoint) Succeeded() { e.state.Succeeded() }

// full says whether the endpoint has as many requests as it may have; a limit of 0 is none.
func (e *Endpoint) full(limit int64) bool { return limit > 0 && e.inflight.Load() >= limit }

// take counts a request unless the endpoint is full.
func (e *Endpoint) take(limit int64) bool {
	if limit <= 0 {
		e.inflight.Add(1)
		return true
	}
	for {
		n := e.inflight.Load()
		if n >= limit {
			return false
		}
		if e.inflight.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// endpoints is an immutable list.
type endpoints struct {
	ready, terminating group
	changed            chan struct{} // closed when there is a list that follows
}

// each gives all endpoints.
func (e *endpoints) each(yield func(*Endpoint) bool) {
	for _, list := range [][]*Endpoint{e.ready.list, e.terminating.list} {
		for _, endpoint := range list {
			if !yield(endpoint) {
				return
			}
		}
	}
}

// group is endpoints of one kind, with the hashes of their addresses.
type group struct {
	list   []*Endpoint
	hashes []uint64
}

// grow makes room for n endpoints, and no more.
func (g *group) grow(n int) {
	g.list, g.hashes = make([]*Endpoint, 0, n), make([]uint64, 0, n)
}

func (g *group) add(e *Endpoint) {
	g.list = append(g.list, e)
	g.hashes = append(g.hashes, e.hash)
}

// next gives the list that follows: endpoints that stay are the same ones, gone those that do not.
// New ones start slowly if there were others before.
func (e *endpoints) next(list []config.Endpoint, create func(address string) *Endpoint) (next *endpoints, gone []*Endpoint) {
	var before, after directory
	for endpoint := range e.each {
		before.add(endpoint)
	}
	next = &endpoints{changed: make(chan struct{})}
	next.ready.grow(len(list))
	for _, one := range list {
		address := net.JoinHostPort(one.Address, strconv.Itoa(int(one.Port)))
		if after.find(address) != nil {
			continue
		}
		endpoint := before.find(address)
		if endpoint == nil {
			endpoint = create(address)
			if len(before.list) > 0 {
				endpoint.since.Store(pending)
			}
		}
		after.add(endpoint)
		if one.Terminating {
			next.terminating.add(endpoint)
		} else {
			next.ready.add(endpoint)
		}
	}
	for _, endpoint := range before.list {
		if after.find(endpoint.Address) == nil {
			gone = append(gone, endpoint)
		}
	}
	return next, gone
}

// directory finds endpoints by their address. It is not kept: most pools are small, and there may be many.
type directory struct {
	list  []*Endpoint
	known map[string]*Endpoint // nil while there are few
}

// few endpoints are compared one by one.
const few = 8

func (d *directory) add(e *Endpoint) {
	d.list = append(d.list, e)
	switch {
	case d.known != nil:
		d.known[e.Address] = e
	case len(d.list) > few:
		d.known = make(map[string]*Endpoint, 2*len(d.list))
		for _, known := range d.list {
			d.known[known.Address] = known
		}
	}
}

func (d *directory) find(address string) *Endpoint {
	if d.known != nil {
		return d.known[address]
	}
	for _, e := range d.list {
		if e.Address == address {
			return e
		}
	}
	return nil
}

// candidates are the ready endpoints, or those that terminate when no other is left.
func (e *endpoints) candidates() *group {
	if len(e.ready.list) > 0 {
		return &e.ready
	}
	return &e.terminating
}
