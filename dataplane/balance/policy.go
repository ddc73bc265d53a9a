package balance

import (
	"math/rand/v2"
	"slices"

	"github.com/fleetgate/fleetgate/dataplane/config"
)

// query is one search for an endpoint.
type query struct {
	balance config.Balance
	pool    *Pool
	from    *group
	now     int64 // Unix nanoseconds
	key     uint64
	avoid   []*Endpoint
}

// strictness is what a query asks of an endpoint; whatever it is, the endpoint must have room.
type strictness int

const (
	// good endpoints are neither ejected nor to be avoided, and get no more than their share while
	// they start slowly.
	good strictness = iota
	// healthy endpoints are neither ejected nor to be avoided.
	healthy
	// anyone is better than nobody.
	anyone
)

// fits says whether an endpoint may be chosen.
func (q *query) fits(e *Endpoint, asked strictness) bool {
	if e.full(q.pool.limit) {
		return false
	}
	if asked == anyone {
		return true
	}
	if e.state.EjectedAt(q.now) || slices.Contains(q.avoid, e) {
		return false
	}
	return asked == healthy || q.pool.slow <= 0 || q.admits(e)
}

// sweep gives the first endpoint that fits from a place on, asking for less and less; nil when all
// are full.
func (q *query) sweep(place int) *Endpoint {
	list := q.from.list
	for asked := good; asked <= anyone; asked++ {
		for i := range list {
			if e := list[(place+i)%len(list)]; q.fits(e, asked) {
				return e
			}
		}
	}
	return nil
}

// leastRequest gives the less busy of two endpoints taken at random.
func (q *query) leastRequest() *Endpoint {
	n := len(q.from.list)
	a := rand.IntN(n)
	b := rand.IntN(n - 1)
	if b >= a {
		b++
	}
	return lessBusy(q.near(a), q.near(b))
}

// near gives the endpoint at a place, or another one at random if that one is not good.
func (q *query) near(place int) *Endpoint {
	const draws = 3 // enough when most endpoints are good; otherwise they are all looked at
	for range draws {
		if e := q.from.list[place]; q.fits(e, good) {
			return e
		}
		place = rand.IntN(len(q.from.list))
	}
	return q.sweep(place)
}

func lessBusy(a, b *Endpoint) *Endpoint {
	switch {
	case a == nil:
		return b
	case b != nil && b.inflight.Load() < a.inflight.Load():
		return b
	}
	return a
}

// roundRobin gives the endpoint whose turn it is. Endpoints that are not good lose their turn, so
// that the others stay equal.
func (q *query) roundRobin() *Endpoint {
	n := uint64(len(q.from.list))
	for range n {
		if e := q.from.list[q.pool.turn.Add(1)%n]; q.fits(e, good) {
			return e
		}
	}
	return q.sweep(int(q.pool.turn.Add(1) % n))
}
