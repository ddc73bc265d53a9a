package proxy

import (
	"context"
	"crypto/tls"
	"errors"
	"slices"
	"syscall"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/balance"
	"github.com/fleetgate/fleetgate/dataplane/upstream"
)

// overtakeAfter is how long a connect may take until another endpoint is asked as well. A pod that is
// gone does not refuse connections: nothing comes back at all.
const overtakeAfter = 250 * time.Millisecond

// connectTo gives a call on a kept connection, or on a new one within the time there is.
func (x *exchange) connectTo(t *attempt, now time.Time, fresh bool) (upstream.Call, error) {
	overHTTP2 := isHTTP2(x.pool.Config.Protocol)
	if !fresh || overHTTP2 { // a connection that is shared is known to be dead when it is
		if call := connsOf(t.endpoint).Idle(overHTTP2); call != nil {
			return call, nil
		}
	}
	limit := now.Add(x.proxy.options.ConnectTimeout)
	if !t.deadline.IsZero() && t.deadline.Before(limit) {
		limit = t.deadline
	}
	ctx, cancel := context.WithDeadline(context.Background(), limit)
	defer cancel()
	x.setConnect(cancel)
	defer x.setConnect(nil)
	return x.race(ctx, t)
}

func connsOf(e *balance.Endpoint) *upstream.Endpoint {
	return e.Conns.(*upstream.Endpoint) //nolint:errcheck // pools are made so
}

func isHTTP2(protocol string) bool { return protocol == "kubernetes.io/h2c" }

func (x *exchange) setConnect(cancel func()) {
	x.mutex.Lock()
	defer x.mutex.Unlock()
	x.connect = cancel
	if cancel != nil && x.cancelled != nil {
		cancel()
	}
}

// dialed is what became of a connect.
type dialed struct {
	endpoint *balance.Endpoint
	began    time.Time
	call     upstream.Call
	err      error
}

// race is connects to several endpoints at a time, each in a goroutine of its own that ends with its result.
type race struct {
	ctx       context.Context //nolint:containedctx // it is the life of these goroutines
	overHTTP2 bool
	running   int
	asked     []*balance.Endpoint
	results   chan dialed
}

// mostRaced bounds how many endpoints are asked at a time.
const mostRaced = 4

func (r *race) begin(endpoint *balance.Endpoint) {
	began := time.Now()
	r.running++
	r.asked = append(r.asked, endpoint)
	go func() {
		call, err := connsOf(endpoint).Connect(r.ctx, r.overHTTP2)
		r.results <- dialed{endpoint, began, call, err}
	}()
}

// race connects to the attempt's endpoint, and to another one too every while that takes, and when nobody
// who was asked is in the pool any more: the only pod of a Service may be gone before its heir is known. The
// first one that takes the connection becomes the attempt's.
func (x *exchange) race(ctx context.Context, t *attempt) (upstream.Call, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r := race{ctx: ctx, overHTTP2: isHTTP2(x.pool.Config.Protocol), results: make(chan dialed, mostRaced)}
	r.begin(t.endpoint)
	timer := time.NewTimer(overtakeAfter)
	defer timer.Stop()
	for last, changed := t.endpoint, x.pool.Changed(); ; {
		select {
		case got := <-r.results:
			r.running--
			if got.err == nil || r.running == 0 {
				cancel()
				x.settle(&r, t, &got)
				return got.call, got.err
			}
			x.lose(t, &got, false)
		case <-changed:
			if changed = x.pool.Changed(); !x.pool.HasAny(r.asked) {
				last = x.join(&r, last)
			}
		case <-timer.C:
			last = x.join(&r, last)
			timer.Reset(overtakeAfter)
		}
	}
}

// join lets one more endpoint take part, and gives it; nil when there is none, and the last one while enough do.
func (x *exchange) join(r *race, last *balance.Endpoint) *balance.Endpoint {
	if r.running == mostRaced {
		return last
	}
	other := x.another(last)
	if other != nil {
		x.record.Attempts++
		r.begin(other)
	}
	return other
}

// settle makes an endpoint the attempt's, and waits for the connects that are not needed any more.
func (x *exchange) settle(r *race, t *attempt, got *dialed) {
	for ; r.running > 0; r.running-- {
		lost := <-r.results
		x.lose(t, &lost, lost.began.Before(got.began))
	}
	t.endpoint = got.endpoint
}

// another gives an endpoint that was not tried, nil when there is none.
func (x *exchange) another(than *balance.Endpoint) *balance.Endpoint {
	x.avoid(than)
	endpoint := x.pick(time.Now())
	if endpoint != nil && slices.Contains(x.tried, endpoint) {
		endpoint.Done()
		return nil
	}
	return endpoint
}

// avoid notes that an endpoint was tried.
func (x *exchange) avoid(endpoint *balance.Endpoint) {
	if x.tried == nil {
		x.tried = x.triedMemory[:0]
	}
	if endpoint != nil && !slices.Contains(x.tried, endpoint) {
		x.tried = append(x.tried, endpoint)
	}
}

// lose ends the connect that was not needed: its connection is kept for later if there is one. It
// counts against the endpoint when it failed by itself, or was overtaken although it began earlier, if it had the time.
func (x *exchange) lose(t *attempt, lost *dialed, overtaken bool) {
	hadTime := time.Since(lost.began) >= overtakeAfter
	switch {
	case lost.call != nil:
		lost.call.Spare()
	case overtaken && hadTime,
		!errors.Is(lost.err, context.Canceled) && (hadTime || !isTimeout(lost.err)) && x.whyNoConnection(t, lost.err).isUnreached():
		x.record.Failures++
		x.avoid(lost.endpoint)
		x.pool.Failed(lost.endpoint, time.Now())
	}
	lost.endpoint.Done()
}

func (x *exchange) whyNoConnection(t *attempt, err error) failure {
	now := time.Now()
	var untrustedError *tls.CertificateVerificationError
	switch {
	case x.cause() != nil:
		return clientGone
	case errors.Is(err, upstream.ErrTooMany):
		return overload
	case errors.Is(err, syscall.ECONNREFUSED):
		t.nobody = true
	case isTimeout(err) && over(now, x.deadline):
		return requestTimeout
	case isTimeout(err) && over(now, t.deadline):
		return backendTimeout
	case errors.As(err, &untrustedError):
		return untrusted
	case errors.Is(err, upstream.ErrHandshake):
		return handshakeFailed
	}
	return connectFailed
}

func over(now, deadline time.Time) bool {
	return !deadline.IsZero() && !now.Before(deadline)
}
