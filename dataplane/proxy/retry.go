package proxy

import (
	"context"
	"io"
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
func (x *exchange) attempts(ctx context.Context) *attempt {
	free, asked := 0, 0
	var tried []*balance.Endpoint
	for {
		t := x.try(ctx, tried)
		switch {
		case x.freeRetry(t) && free < freeRetries:
			free++
		case x.askedRetry(t) && asked < x.action.rule.Retry.Attempts:
			asked++
			t.discard()
			if !x.backoff(ctx, asked) {
				t.end()
				return &attempt{failure: classify(context.Cause(ctx), nil, "", false)}
			}
		default:
			return t
		}
		tried = append(tried, t.endpoint)
		t.end()
	}
}

// freeRetry says whether another try is safe whatever the rule says.
func (x *exchange) freeRetry(t *attempt) bool {
	return (t.failure == connectFailed || t.failure == staleReuse) && x.body.possible()
}

// askedRetry says whether the rule asks for another try.
func (x *exchange) askedRetry(t *attempt) bool {
	retry := x.action.rule.Retry
	if retry == nil || !x.body.possible() {
		return false
	}
	switch t.failure {
	case noFailure:
		return slices.Contains(retry.Codes, t.response.StatusCode)
	case connectFailed, staleReuse, upstreamReset, backendTimeout:
		return true
	}
	return false
}

// discard reads a small rest of the response, so that its connection can be used again.
func (t *attempt) discard() {
	if t.response != nil && 0 <= t.response.ContentLength && t.response.ContentLength <= drainLimit {
		_, _ = io.CopyN(io.Discard, t.response.Body, drainLimit) // best effort
	}
	t.end()
}

// backoff waits before retry n, and is false when the request ended meanwhile.
func (x *exchange) backoff(ctx context.Context, n int) bool {
	least := time.Duration(x.action.rule.Retry.Backoff) * time.Millisecond
	if least <= 0 {
		least = defaultBackoff
	}
	most := min(least<<min(n, 4), 10*least)
	timer := time.NewTimer(least + rand.N(most-least+1))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
