package proxy

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/config"
)

const (
	// mostUnsent is how often a request is tried again of which nobody has seen anything.
	mostUnsent = 8
	// mostLost is how often it is tried again after an endpoint may have begun with it.
	mostLost       = 2
	defaultBackoff = 25 * time.Millisecond
	// drainLimit bounds what is read of a response that is not wanted, to keep its connection.
	drainLimit = 64 << 10
)

// retries is how often a request was tried again, by why.
type retries struct{ unsent, lost, asked int }

// attempts tries the request until there is a response to pass on or no further try is due.
func (x *exchange) attempts() attempt {
	x.pool.budget.Request(x.record.Start)
	var n retries
	fresh := false
	for {
		t := x.try(fresh)
		if t.failure == noFailure && x.action.rule.Retry == nil {
			return t
		}
		if !x.again(&t, &n) {
			return t
		}
		// Other kept connections are likely to have died too.
		fresh = fresh || t.failure == unsent || t.failure == lost
		x.body.detach()
		x.end(&t)
	}
}

// again says whether another try is due, and when it is over waits for the time of it.
func (x *exchange) again(t *attempt, n *retries) bool {
	if !x.body.replayable() {
		return false
	}
	switch t.failure { //nolint:exhaustive // the others only if the rule asks for it
	case noEndpoint:
		return x.await(t)
	case connectFailed, handshakeFailed, untrusted:
		if x.elsewhere(t, n) || t.failure == connectFailed && x.await(t) {
			return true
		}
	case overload:
		x.avoid(t.endpoint)
		n.unsent++
		return t.endpoint != nil && x.pool.HasOther(x.tried) && n.unsent <= mostUnsent
	case unsent:
		if n.unsent++; n.unsent <= mostUnsent {
			return true
		}
	case refused, lost:
		x.avoid(t.endpoint)
		if t.failure == lost && x.forbidsRetries() {
			return false
		}
		if n.lost++; n.lost <= mostLost && x.pool.budget.Retry(time.Now()) {
			return true
		}
	}
	return x.asked(t, n)
}

// elsewhere says whether there is another endpoint to try, after one that could not be reached.
func (x *exchange) elsewhere(t *attempt, n *retries) bool {
	x.avoid(t.endpoint)
	if !x.pool.HasOther(x.tried) || n.unsent >= mostUnsent {
		return false
	}
	n.unsent++
	return true
}

// forbidsRetries says that the rule wants no request to be processed twice.
func (x *exchange) forbidsRetries() bool {
	retry := x.action.rule.Retry
	return retry != nil && retry.Attempts == 0
}

// await waits for somebody who takes connections, and lets everybody be tried again. The attempt fails
// for another reason when the request ends meanwhile.
func (x *exchange) await(t *attempt) bool {
	x.waited = true
	if x.body != nil && !x.body.begun && x.in.Here() { // what is here of it tells whether more is to come, which no watch may take
		if err := x.body.begin(); err != nil {
			t.failure = x.classify(t, err)
			return false
		}
	}
	x.startWatch()
	ctx, cancel := x.within()
	defer cancel()
	x.setConnect(cancel)
	defer x.setConnect(nil)
	came := x.pool.await(ctx, &x.awaiting)
	switch {
	case x.cause() != nil:
		t.failure = clientGone
	case over(time.Now(), x.deadline):
		t.failure = requestTimeout
	case came:
		x.tried = x.tried[:0]
		return true
	}
	return false
}

// within is the time that the exchange has.
func (x *exchange) within() (context.Context, context.CancelFunc) {
	if x.deadline.IsZero() {
		return context.WithCancel(context.Background())
	}
	return context.WithDeadline(context.Background(), x.deadline)
}

// asked says whether the rule asks for another try, and waits before it. The attempt fails when the
// request ends meanwhile.
func (x *exchange) asked(t *attempt, n *retries) bool {
	retry := x.action.rule.Retry
	if retry == nil || n.asked >= retry.Attempts || !x.fits(t, retry) || !x.pool.budget.Retry(time.Now()) {
		return false
	}
	n.asked++
	x.avoid(t.endpoint)
	x.discard(t)
	if failed := x.backoff(n.asked); failed != noFailure {
		t.failure = failed
		return false
	}
	return true
}

// fits says whether the rule wants what became of an attempt to be tried again.
func (x *exchange) fits(t *attempt, retry *config.Retry) bool {
	switch t.failure { //nolint:exhaustive // the others are nothing that another try makes better
	case noFailure:
		return slices.Contains(retry.Codes, x.response.Status)
	case connectFailed, handshakeFailed, unsent, refused, lost, upstreamReset, badResponse, backendTimeout:
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
