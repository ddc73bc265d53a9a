package proxy

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/balance"
)

var (
	errRequestTimeout = errors.New("the rule's request timeout is over")
	errBackendTimeout = errors.New("the rule's backend request timeout is over")
	errAttemptOver    = errors.New("the attempt is over")
)

// failure is why an attempt gave no response.
type failure int

const (
	noFailure      failure = iota
	noEndpoint             // nobody to ask
	connectFailed          // nothing was sent
	staleReuse             // a kept connection was closed before the request could be answered; not processed, or safe to repeat
	upstreamReset          // the connection broke after the request was sent
	backendTimeout         // the attempt took too long
	requestTimeout         // the whole request took too long
	clientGone
)

// attempt is one try of a request at one endpoint.
type attempt struct {
	endpoint *balance.Endpoint
	response *http.Response
	failure  failure
	// cause tells why the attempt's time is over, nil while it is not.
	cause  func() error
	cancel context.CancelCauseFunc
	timer  *time.Timer
	ended  bool
}

// end gives up what the attempt holds. The response's body cannot be read after it.
func (t *attempt) end() {
	if t.ended {
		return
	}
	t.ended = true
	t.stopTimer()
	if t.cancel != nil {
		t.cancel(errAttemptOver)
	}
	if t.response != nil {
		_ = t.response.Body.Close() // what it holds is not wanted any more
	}
	if t.endpoint != nil {
		t.endpoint.Done()
	}
}

// stopTimer takes away the time limit of the attempt.
func (t *attempt) stopTimer() {
	if t.timer != nil {
		t.timer.Stop()
	}
}

// status is the answer for a request whose last attempt failed.
func (t *attempt) status() (int, string) {
	switch t.failure {
	case noEndpoint:
		return http.StatusServiceUnavailable, ReasonNoEndpoint
	case connectFailed:
		return http.StatusBadGateway, ReasonConnectFailed
	case backendTimeout:
		return http.StatusGatewayTimeout, ReasonBackendTimeout
	case requestTimeout:
		return http.StatusGatewayTimeout, ReasonRequestTimeout
	case clientGone:
		return 499, ReasonClientGone
	}
	return http.StatusBadGateway, ReasonUpstreamReset
}

// try sends the request to one endpoint and waits for the header of its response.
func (x *exchange) try(ctx context.Context, tried []*balance.Endpoint) *attempt {
	endpoint := x.pool.Pick(time.Now(), tried)
	if endpoint == nil {
		return &attempt{failure: noEndpoint}
	}
	t := &attempt{endpoint: endpoint}
	x.record.Attempts++
	x.record.Endpoint = endpoint.Address
	ctx, t.cancel = context.WithCancelCause(ctx)
	t.cause = func() error { return context.Cause(ctx) }
	if ms := x.action.rule.Timeouts.BackendRequest; ms > 0 {
		t.timer = time.AfterFunc(time.Duration(ms)*time.Millisecond, func() { t.cancel(errBackendTimeout) })
	}
	var reused atomic.Bool
	trace := &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) { reused.Store(info.Reused) }}
	out := x.out.WithContext(httptrace.WithClientTrace(ctx, trace))
	url := *x.out.URL
	url.Host = endpoint.Address
	out.URL = &url
	if x.body != nil {
		out.Body = x.body.reader()
		if 0 < out.ContentLength && out.ContentLength <= replayLimit {
			out.GetBody = func() (io.ReadCloser, error) { return x.body.reader(), nil }
		}
	}
	response, err := x.proxy.transports.of(x.pool.Config.Protocol).RoundTrip(out) //nolint:bodyclose // end closes it
	if err != nil {
		t.failure = classify(t.cause(), err, out.Method, reused.Load())
		x.record.Failures++
		if t.failure == connectFailed {
			x.pool.Failed(endpoint, time.Now())
		}
		return t
	}
	endpoint.Succeeded()
	t.response = response
	return t
}

// classify tells why a round trip failed.
func classify(cause, err error, method string, reused bool) failure {
	if cause != nil {
		switch {
		case errors.Is(cause, errRequestTimeout):
			return requestTimeout
		case errors.Is(cause, errBackendTimeout):
			return backendTimeout
		}
		return clientGone
	}
	var operation *net.OpError
	if errors.As(err, &operation) && operation.Op == "dial" {
		return connectFailed
	}
	// net/http does not export this error. It says that the end of the stream came before the
	// request was begun, so the backend cannot have processed it.
	if err.Error() == "http: server closed idle connection" || reused && idempotent(method) {
		return staleReuse
	}
	return upstreamReset
}

func idempotent(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace, http.MethodPut, http.MethodDelete:
		return true
	}
	return false
}
