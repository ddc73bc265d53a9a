package proxy

import (
	"errors"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/balance"
	"github.com/fleetgate/fleetgate/dataplane/health"
	"github.com/fleetgate/fleetgate/dataplane/http1"
	"github.com/fleetgate/fleetgate/dataplane/http2"
	"github.com/fleetgate/fleetgate/dataplane/socket"
	"github.com/fleetgate/fleetgate/dataplane/upstream"
)

// failure is why an attempt gave no response.
type failure int

const (
	noFailure       failure = iota
	noEndpoint              // nobody to ask
	overload                // everybody has as much as he may have
	connectFailed           // no connection
	handshakeFailed         // no TLS on the connection
	untrusted               // the endpoint's certificate does not prove that it is the right one
	unsent                  // nothing was sent, or the endpoint said that it has not looked at it
	refused                 // the endpoint said that it takes no more for now, and has not processed it
	lost                    // the connection ended before any byte of an answer, and the request may be repeated
	upstreamReset           // the connection broke after the request was sent
	badResponse             // what came is no response
	noUpgrade               // the endpoint does not know the upgrade that is asked for
	backendTimeout          // the attempt took too long
	requestTimeout          // the whole request took too long
	bodyFailed              // the client did not send the body that it said it would
	bodyTooLarge            // the body became longer than allowed
	clientGone
)

// isUnreached says that there was no connection over which anything could be sent, and the endpoint is why.
func (f failure) isUnreached() bool { return connectFailed <= f && f <= untrusted }

// attempt is one try of a request at one endpoint.
type attempt struct {
	endpoint *balance.Endpoint
	call     upstream.Call
	failure  failure
	// deadline is when the attempt has to be over; zero for never.
	deadline time.Time
	// nobody says that the endpoint is not there: it refuses connections or acknowledges nothing.
	nobody bool
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
	case overload:
		return 503, ReasonOverload
	case connectFailed:
		return 502, ReasonConnectFailed
	case handshakeFailed:
		return 502, ReasonBackendTLS
	case untrusted:
		return 502, ReasonBackendCertificate
	case noUpgrade:
		return 502, ReasonNoUpgrade
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
func (x *exchange) try(fresh bool) attempt {
	now := x.record.Start
	if x.record.Attempts > 0 || x.waited {
		now = time.Now()
	}
	endpoint := x.pick(now)
	switch {
	case endpoint != nil:
	case x.pool.Size() > 0:
		return attempt{failure: overload}
	default:
		return attempt{failure: noEndpoint}
	}
	t := attempt{endpoint: endpoint}
	x.record.Attempts++
	t.deadline = x.deadline
	if ms := x.action.rule.Timeouts.BackendRequest; ms > 0 {
		if own := now.Add(time.Duration(ms) * time.Millisecond); t.deadline.IsZero() || own.Before(t.deadline) {
			t.deadline = own
		}
	}
	t.failure = x.exchangeWith(&t, now, fresh)
	x.record.Endpoint = t.endpoint.Address
	x.judge(&t, now)
	return t
}

// judge tells the pool how the endpoint did. What a client may have brought about does not count.
func (x *exchange) judge(t *attempt, began time.Time) {
	if t.failure == noFailure {
		x.pool.gap.end()
		if x.pool.judges5xx && x.response.Status >= 500 {
			x.pool.FailedBy(t.endpoint, health.Server, time.Now())
			return
		}
		t.endpoint.Succeeded()
		return
	}
	x.record.Failures++
	if t.nobody {
		connsOf(t.endpoint).DropIdle()
	}
	switch t.failure { //nolint:exhaustive // the others say nothing of the endpoint
	case connectFailed, handshakeFailed, untrusted:
		x.pool.Failed(t.endpoint, time.Now())
	case lost, upstreamReset, badResponse:
		// An endpoint may close a connection that it kept; and one that sends an upload away by
		// closing is not at fault.
		if x.body.done() && (t.nobody || !t.call.Kept() || t.call.Answered()) {
			x.pool.FailedBy(t.endpoint, health.Gateway, time.Now())
		}
	case backendTimeout, requestTimeout:
		// A rule may give endpoints as little time as it likes, but they are not only that rule's.
		if now := time.Now(); x.body.sentAtOnce() && now.Sub(began) >= patience {
			x.pool.FailedBy(t.endpoint, health.Gateway, now)
		}
	}
}

// exchangeWith connects, sends and receives.
func (x *exchange) exchangeWith(t *attempt, now time.Time, fresh bool) failure {
	call, err := x.connectTo(t, now, fresh)
	if err != nil {
		return x.whyNoConnection(t, err)
	}
	t.call, x.awaiting = call, time.Time{}
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
		case over(now, x.deadline):
			return errRequestTimeout
		case over(now, t.deadline):
			return errBackendTimeout
		}
		if t.call.Vanished() {
			t.nobody = true
			return socket.ErrVanished
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
	case errors.Is(err, errBadBody), errors.Is(x.cause(), errBadBody):
		return bodyFailed
	case errors.Is(err, errLargeBody), errors.Is(x.cause(), errLargeBody):
		return bodyTooLarge
	case x.cause() != nil, errors.Is(err, errClientGone):
		return clientGone
	case errors.As(err, &fault):
		return badResponse
	case errors.Is(err, http2.ErrNoConnect):
		return noUpgrade
	}
	var stream *http2.StreamError
	isReset := errors.As(err, &stream)
	switch {
	case !t.call.Processed() && isReset:
		return refused
	case !t.call.Processed():
		return unsent
	case !t.call.Answered() && !isReset && x.repeatable(t.call.Kept()):
		return lost
	}
	return upstreamReset
}

// repeatable says whether a request that an endpoint may have processed can be sent to another one
// (RFC 9110 section 9.2.2). On a kept connection it most likely was not even read.
func (x *exchange) repeatable(kept bool) bool {
	switch x.out.Method {
	case "GET", "HEAD", "OPTIONS", "TRACE":
		return true
	case "PUT", "DELETE":
		return kept
	}
	return false
}

func isTimeout(err error) bool {
	var timeout interface{ Timeout() bool }
	return errors.As(err, &timeout) && timeout.Timeout()
}
