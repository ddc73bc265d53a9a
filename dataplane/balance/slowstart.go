package balance

import (
	"math/rand/v2"

	"github.com/fleetgate/fleetgate/dataplane/config"
)

// pending is the Endpoint.since of one that no request has met yet.
const pending = -1

// admits says whether an endpoint takes a request that would be its own, which it does always once
// it is warm. Before that, its share of such requests grows linearly from none to all.
func (q *query) admits(e *Endpoint) bool {
	since := e.since.Load()
	if since == pending {
		e.since.CompareAndSwap(pending, q.now)
		since = q.now
	}
	left := max(since, e.state.Returned()) + int64(q.pool.slow) - q.now
	if left <= 0 {
		return true
	}
	at := rand.Float64()
	if q.balance == config.BalanceHash {
		// The same keys come early each time, and none goes back.
		at = float64(mix(q.key+e.hash)>>11) / (1 << 53)
	}
	return at*float64(q.pool.slow) >= float64(left)
}
