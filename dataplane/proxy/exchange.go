package proxy

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"strings"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/balance"
	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/dataplane/filter"
	"github.com/fleetgate/fleetgate/dataplane/router"
)

// exchange is one request on its way through.
type exchange struct {
	proxy *Proxy
	state *state
	port  int32
	w     http.ResponseWriter
	r     *http.Request

	req     router.Request
	result  router.Result
	action  *action
	backend *config.Backend
	pool    *balance.Pool
	// out is the request for backends, without the endpoint.
	out  *http.Request
	body *replay
	peer peer
	// timer ends the whole request; nil when the rule gives it all the time.
	timer  *time.Timer
	record Record
}

// serve takes a request from the listener port to its end.
func (p *Proxy) serve(port int32, w http.ResponseWriter, r *http.Request) {
	x := &exchange{proxy: p, state: p.state.Load(), port: port, w: w, r: r}
	x.record = Record{
		Start: time.Now(), Gateway: x.state.snapshot.Root.Gateway,
		Method: r.Method, Host: r.Host, Path: r.URL.Path,
	}
	defer x.finish()
	if p.draining.Load() {
		// The client learns that this connection ends, before it is closed under its next request.
		w.Header().Set("Connection", "close")
	}
	x.peer = x.state.peerOf(r)
	x.record.RequestID = requestID(r, x.peer)
	if status, reason := x.admit(); status != 0 {
		x.answer(status, reason)
		return
	}
	if status, reason := x.route(); status != 0 {
		x.answer(status, reason)
		return
	}
	if redirect := x.action.rule.Filters.Redirect; redirect != nil {
		x.redirect(redirect)
		return
	}
	if status, reason := x.choose(); status != 0 {
		x.answer(status, reason)
		return
	}
	x.forward()
}

// finish tells the log and the observer. It runs too when a broken exchange is aborted.
func (x *exchange) finish() {
	x.record.Duration = time.Since(x.record.Start)
	x.proxy.log.write(&x.record)
	x.proxy.options.Observer.Exchanged(&x.record)
}

// route finds the rule.
func (x *exchange) route() (int, string) {
	x.result = x.state.table.Lookup(x.port, &x.req)
	if x.result.Listener == nil {
		return http.StatusNotFound, ReasonNoListener
	}
	x.record.Listener = x.result.Listener.Name
	if x.r.TLS != nil {
		// A connection that was made for one listener must not reach the routes of another.
		if x.state.table.Listener(x.port, x.r.TLS.ServerName) != x.result.Listener {
			return http.StatusMisdirectedRequest, ReasonMisdirected
		}
	}
	if x.result.Rule == nil {
		return http.StatusNotFound, ReasonNoRoute
	}
	x.action = x.result.Rule.Value.(*action) //nolint:errcheck // attach makes nothing else
	rule := x.action.rule
	x.record.Route, x.record.Rule = rule.Route, x.action.name
	if rule.Broken != "" {
		return http.StatusInternalServerError, rule.Broken
	}
	return 0, ""
}

// choose takes the backend whose turn it is.
func (x *exchange) choose() (int, string) {
	i := x.action.split.Next()
	if i < 0 {
		return http.StatusInternalServerError, ReasonNoBackend
	}
	x.backend = &x.action.rule.Backends[i]
	x.record.Backend = x.backend.Pool
	if x.backend.Invalid != "" {
		return http.StatusInternalServerError, x.backend.Invalid
	}
	if x.pool = x.state.pools[x.backend.Pool]; x.pool == nil {
		return http.StatusInternalServerError, ReasonUnknownPool
	}
	return 0, ""
}

// forward sends the request to the backend, as often as the rule allows, and its response to the client.
func (x *exchange) forward() {
	ctx, cancel := context.WithCancelCause(x.r.Context())
	defer cancel(nil)
	if ms := x.action.rule.Timeouts.Request; ms > 0 {
		timer := time.AfterFunc(time.Duration(ms)*time.Millisecond, func() { cancel(errRequestTimeout) })
		defer timer.Stop()
		x.timer = timer
	}
	if !x.prepare() {
		x.answer(http.StatusInternalServerError, ReasonRewriteFailed)
		return
	}
	mirrors := x.mirrorsDue()
	try := x.attempts(ctx)
	defer try.end()
	x.mirror(mirrors)
	if try.response == nil {
		status, reason := try.status()
		x.answer(status, reason)
		return
	}
	if try.response.StatusCode == http.StatusSwitchingProtocols {
		x.upgrade(try)
		return
	}
	x.respond(try)
}

// redirect answers with the rule's redirect.
func (x *exchange) redirect(redirect *config.Redirect) {
	location, ok := filter.Location(&x.req, x.result, redirect)
	if !ok {
		x.answer(http.StatusInternalServerError, ReasonRewriteFailed)
		return
	}
	x.w.Header().Set("Location", location)
	filter.EditHeader(x.w.Header(), x.action.rule.Filters.Response)
	x.record.Reason, x.record.Status = ReasonRedirect, redirect.Status
	x.w.WriteHeader(redirect.Status)
}

// answer is the proxy's own response to a request that no backend answers. It tells a client no
// more than the status; the reason is for the log.
func (x *exchange) answer(status int, reason string) {
	x.record.Status, x.record.Reason = status, reason
	if reason == ReasonClientGone {
		return // there is nobody to tell
	}
	if status == http.StatusBadRequest {
		x.w.Header().Set("Connection", "close")
	}
	header := x.w.Header()
	header.Set("Content-Type", "text/plain; charset=utf-8")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("X-Request-Id", x.record.RequestID)
	x.w.WriteHeader(status)
	if x.r.Method != http.MethodHead {
		_, _ = x.w.Write([]byte(strings.ToLower(http.StatusText(status)) + "\n")) // the client may be gone
	}
}

// requestID is the id that a trusted front gave, else a new one.
func requestID(r *http.Request, from peer) string {
	if from.trusted {
		if id := r.Header.Get("X-Request-Id"); id != "" && len(id) <= 128 && plainText(id) {
			return id
		}
	}
	var id [16]byte
	_, _ = rand.Read(id[:]) // never fails
	return hex.EncodeToString(id[:])
}

func plainText(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' || s[i] == '"' || s[i] == '\\' {
			return false
		}
	}
	return true
}
