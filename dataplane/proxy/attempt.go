package proxy

import (
	"context"
	"errors"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/balance"
	"github.com/fleetgate/fleetgate/dataplane/http1"
	"github.com/fleetgate/fleetgate/dataplane/upstream"
)

// failure is why an attempt gave no response.
type failure int

const (
	noFailure      failure = iota
	noEndpoint             // nobody to ask
	connectFailed          // nothing was sent
	staleReuse             // the request was not processed, or a kept connection died and the request is safe to repeat
	upstreamReset          // the connection broke after the request was sent
	badResponse            // what came is no response
	backendTimeout         // the attempt took too long
	requestTimeout         // the whole request took too long
	bodyFailed             // the client did not send the body that it said it would
	bodyTooLarge           // the client sent more than it may
	clientGone
)

// attempt is one try of a request at one endpoint.
type attempt struct {
	endpoint *balance.Endpoint
	call     upstream.Call
	failure  failure
	// deadline is when the attempt has to be over; zero for never.
	deadline time.Time
}

// end gives up what the attempt holds. The response cannot be read after it.
func (x *exchange) end(t *attempt) {
	if t.call != nil {
		_ = x.use(nil) // from here on nobody cancels it
		t.call.Release()
		t.call = nil
	}
	if t.endpoint != nil {
		t.endpoint.Done()
		t.endpoint = nil
	}
}

// status is the answer to a request whose last attempt gave no response.
func (t *attempt) status() (int, string) {
	switch t.failure {
	case noEndpoint:
		return 503, ReasonNoEndpoint
	case connectFailed:
		return 502, ReasonConnectFailed
	case badResponse:
		return 502, ReasonBadResponse
	case backendTimeout:
		return 504, ReasonBackendTimeout
	case requestTimeout:
		return 504, ReasonRequestTimeout
	case bodyFailed:
		return 400, ReasonBadBody
	case bodyTooLarge:
		return 413, ReasonBodyTooLarge
	case clientGone:
		return 499, ReasonClientGone
	}
	return 502, ReasonUpstreamReset
}

// try sends the request to one endpoint and waits for the head of its response.
func (x *exchange) try(tried []*balance.Endpoint, fresh bool) attempt {
	now := x.record.Start
	if x.record.Attempts > 0 {
		now = time.Now()
	}
	endpoint := x.pool.Pick(now, tried)
	if endpoint == nil {
		return attempt{failure: noEndpoint}
	}
	t := attempt{endpoint: endpoint}
	x.record.Attempts++
	x.record.Endpoint = endpoint.Address
	t.deadline = x.deadline
	if ms := x.action.rule.Timeouts.BackendRequest; ms > 0 {
		if own := now.Add(time.Duration(ms) * time.Millisecond); t.deadline.IsZero() || own.Before(t.deadline) {
			t.deadline = own
		}
	}
	if t.failure = x.exchangeWith(&t, now, fresh); t.failure != noFailure {
		x.record.Failures++
		if t.failure == connectFailed {
			x.pool.Failed(endpoint, time.Now())
		}
		return t
	}
	endpoint.Succeeded()
	return t
}

// exchangeWith connects, sends and receives.
func (x *exchange) exchangeWith(t *attempt, now time.Time, fresh bool) failure {
	call, err := x.connectTo(t, now, fresh)
	if err != nil {
		return x.whyNoConnection(t, err)
	}
	t.call = call
	if err = x.use(call); err == nil {
		err = x.send(call)
	}
	if err == nil {
		err = x.receive(t, now)
	}
	if err == nil {
		return noFailure
	}
	return x.classify(t, err)
}

// connectTo gives a call on a kept connection, or on a new one within the time there is.
func (x *exchange) connectTo(t *attempt, now time.Time, fresh bool) (upstream.Call, error) {
	conns := t.endpoint.Conns.(*upstream.Endpoint) //nolint:errcheck // pools are made so
	overHTTP2 := isHTTP2(x.pool.Config.Protocol)
	if !fresh {
		if call := conns.Idle(overHTTP2); call != nil {
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
	return conns.Connect(ctx, overHTTP2)
}

func (x *exchange) setConnect(cancel func()) {
	x.mutex.Lock()
	defer x.mutex.Unlock()
	x.connect = cancel
	if cancel != nil && x.cancelled != nil {
		cancel()
	}
}

func isHTTP2(protocol string) bool { return protocol == "kubernetes.io/h2c" }

func (x *exchange) whyNoConnection(t *attempt, err error) failure {
	switch {
	case x.cause() != nil:
		return clientGone
	case isTimeout(err) && x.over(time.Now(), x.deadline):
		return requestTimeout
	case isTimeout(err) && x.over(time.Now(), t.deadline):
		return backendTimeout
	}
	return connectFailed
}

func (x *exchange) over(now, deadline time.Time) bool {
	return !deadline.IsZero() && !now.Before(deadline)
}

const (
	// patience is how long an exchange waits without looking whether its client is still there.
	patience      = time.Second
	patienceSlack = 300 * time.Millisecond
)

// receive waits for the final response. Interim ones are passed on.
func (x *exchange) receive(t *attempt, now time.Time) error {
	for {
		err := x.waiting(t, now, func() error { return t.call.Receive(&x.response) })
		if err != nil || x.response.Status >= 200 || x.response.Status == 101 {
			return err
		}
		if x.response.Status != 100 { // our server has said that itself
			if err := x.inform(); err != nil {
				return errClientGone
			}
		}
		now = time.Now()
	}
}

// inform passes an interim response on.
func (x *exchange) inform() error {
	x.startReply(x.response.Status)
	x.reply.Fields = x.reply.Fields[:0]
	x.copyReplyFields()
	return x.in.Inform(&x.reply)
}

// waiting repeats an action that timed out until its time is over. An action that takes long makes
// the exchange watch its client meanwhile.
func (x *exchange) waiting(t *attempt, now time.Time, action func() error) error {
	for {
		look, slack := now.Add(patience), patienceSlack
		if !t.deadline.IsZero() && t.deadline.Before(look.Add(slack)) {
			look, slack = t.deadline, 0
		}
		t.call.SetDeadline(look, slack)
		err := action()
		if err == nil || !isTimeout(err) {
			return err
		}
		now = time.Now()
		switch {
		case x.over(now, x.deadline):
			return errRequestTimeout
		case x.over(now, t.deadline):
			return errBackendTimeout
		}
		x.startWatch()
	}
}

// startWatch begins to notice that the client goes, if its body is whole: else reading that would notice.
func (x *exchange) startWatch() {
	if x.unwatch == nil && x.body.done() {
		x.unwatch = x.in.watch()
	}
}

func (x *exchange) stopWatch() {
	if x.unwatch != nil {
		x.unwatch()
		x.unwatch = nil
	}
}

// classify tells why an attempt failed.
func (x *exchange) classify(t *attempt, err error) failure {
	var fault *http1.Fault
	switch {
	case errors.Is(err, errRequestTimeout):
		return requestTimeout
	case errors.Is(err, errBackendTimeout):
		return backendTimeout
	case errors.Is(err, errBodyTooLarge), errors.Is(x.cause(), errBodyTooLarge):
		return bodyTooLarge
	case errors.Is(err, errBadBody), errors.Is(x.cause(), errBadBody):
		return bodyFailed
	case x.cause() != nil, errors.Is(err, errClientGone):
		return clientGone
	case errors.As(err, &fault):
		return badResponse
	case !t.call.Processed(), t.call.Stale() && idempotent(x.out.Method):
		return staleReuse
	}
	return upstreamReset
}

func isTimeout(err error) bool {
	var timeout interface{ Timeout() bool }
	return errors.As(err, &timeout) && timeout.Timeout()
}

// idempotent says whether a method may be repeated (RFC 9110 section 9.2.2).
func idempotent(method string) bool {
	switch method {
	case "GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE":
		return true
	}
	return false
}
