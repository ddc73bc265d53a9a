package proxy

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/balance"
)

const (
	// freeRetries is how often a request is tried again without being asked for: only when no
	// backend can have processed it, or when it may be repeated by its method.
	freeRetries    = 3
	defaultBackoff = 25 * time.Millisecond
	// drainLimit bounds what is read of a response that is not wanted, to keep its connection.
	drainLimit = 64 << 10
)

// attempts tries the request until there is a response to pass on or no further try is due.
func (x *exchange) attempts() attempt {
	free, asked, fresh := 0, 0, false
	var memory [4]*balance.Endpoint
	tried := memory[:0]
	for {
		t := x.try(tried, fresh)
		if t.failure == noFailure && x.action.rule.Retry == nil {
			return t
		}
		switch {
		case x.freeRetry(&t) && free < freeRetries:
			free++
			// Other kept connections are likely to have died too.
			fresh = t.failure == staleReuse
		case x.askedRetry(&t) && asked < x.action.rule.Retry.Attempts:
			asked++
			x.discard(&t)
			if failed := x.backoff(asked); failed != noFailure {
				x.end(&t)
				return attempt{failure: failed}
			}
		default:
			return t
		}
		if t.failure != staleReuse {
			tried = append(tried, t.endpoint)
		}
		x.body.detach()
		x.end(&t)
	}
}

// freeRetry says whether another try is safe whatever the rule says.
func (x *exchange) freeRetry(t *attempt) bool {
	return (t.failure == connectFailed || t.failure == staleReuse) && x.body.replayable()
}

// askedRetry says whether the rule asks for another try.
func (x *exchange) askedRetry(t *attempt) bool {
	retry := x.action.rule.Retry
	if retry == nil || !x.body.replayable() {
		return false
	}
	switch t.failure {
	case noFailure:
		return slices.Contains(retry.Codes, x.response.Status)
	case connectFailed, staleReuse, upstreamReset, badResponse, backendTimeout:
		return true
	}
	return false
}

// discard reads a small rest of the response, so that its connection can be used again.
func (x *exchange) discard(t *attempt) {
	if t.failure != noFailure || x.response.Bodiless || x.response.ContentLength < 0 || x.response.ContentLength > drainLimit {
		return
	}
	t.call.SetDeadline(time.Now().Add(patience), 0)
	for {
		if _, err := t.call.Next(); err != nil {
			return // whatever it is: Release knows whether the connection is good
		}
	}
}

// backoff waits before retry n, and says why the request ended meanwhile, if it did.
func (x *exchange) backoff(n int) failure {
	least := time.Duration(x.action.rule.Retry.Backoff) * time.Millisecond
	if least <= 0 {
		least = defaultBackoff
	}
	most := min(least<<min(n, 4), 10*least)
	wait := least + rand.N(most-least+1)
	if !x.deadline.IsZero() && time.Now().Add(wait).After(x.deadline) {
		time.Sleep(time.Until(x.deadline))
		return requestTimeout
	}
	time.Sleep(wait)
	if x.cause() != nil {
		return clientGone
	}
	return noFailure
}
