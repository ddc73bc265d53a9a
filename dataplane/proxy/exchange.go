package proxy

import (
	"math/rand/v2"
	"sync"
	"time"
	"unsafe"

	"github.com/fleetgate/fleetgate/dataplane/balance"
	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/dataplane/filter"
	"github.com/fleetgate/fleetgate/dataplane/http1"
	"github.com/fleetgate/fleetgate/dataplane/http2"
	"github.com/fleetgate/fleetgate/dataplane/message"
	"github.com/fleetgate/fleetgate/dataplane/router"
	"github.com/fleetgate/fleetgate/dataplane/upstream"
)

// stream is a request and the way of its response, in either protocol.
type stream interface {
	message.Body
	message.Responder
	// Continue tells a client that waits for it to send its body.
	Continue() error
	// Here says that Next would not block.
	Here() bool
	// closing makes the response say that the connection ends after it.
	closing()
	// stop makes a Next that waits, or the next one, fail.
	stop()
	// abort makes sure that the client does not take half a response for a whole one.
	abort()
	// watch notices that the client goes while nobody reads from it; stop ends that.
	watch() (stop func())
}

// exchange is one request on its way through. It is used again for later ones.
type exchange struct {
	client *client
	proxy  *Proxy
	state  *state
	req    *message.Request
	in     stream

	// view is the request as rules see it.
	view    router.Request
	result  router.Result
	action  *action
	chosen  int // the number of the backend, from 1; 0 for none yet
	backend *config.Backend
	pool    *pool
	trusted bool
	// tried are the endpoints that another attempt should not go to.
	tried       []*balance.Endpoint
	triedMemory [4]*balance.Endpoint
	from        *place
	// out is the request for backends, response what one said, reply what the client gets.
	out             message.Request
	response, reply message.Response
	body            *upload // nil when the request has none
	// deadline is when the whole exchange has to be over; zero for never.
	deadline time.Time
	record   Record
	token    *token   // of the client's session; nil for a rule without sessions
	verdict  *verdict // of the auth filter; nil for a rule without one
	// replyEdits are of the response, as filters of the listener ask for.
	replyEdits []headerEdit
	// waited says that time has passed since the request came without an attempt.
	waited bool
	// awaiting is since when the request waits for somebody who takes connections; zero when it never did.
	awaiting time.Time

	// mutex guards call: what Cancel may still touch.
	mutex     sync.Mutex
	call      upstream.Call
	connect   func() // ends a connect under way
	cancelled error
	unwatch   func()

	edit   fields             // what filters edit
	fields [2][]message.Field // memory of out.Fields and reply.Fields
	memory []byte             // of the X-Forwarded-For chain
	// forwarded is memory of the Forwarded field.
	forwarded []byte
	id        [32]byte
	http1     http1Stream
	http2     http2Stream
	http3     http3Stream
	upload    upload // memory of body
	onCancel  func()
}

var exchanges = sync.Pool{New: func() any {
	x := &exchange{}
	x.onCancel = func() { x.cancel(errClientGone) }
	return x
}}

func newExchange(c *client, r *message.Request) *exchange {
	x := exchanges.Get().(*exchange) //nolint:errcheck // New makes nothing else
	x.client, x.proxy, x.state, x.req = c, c.server.proxy, c.server.proxy.state.Load(), r
	x.record.Start, x.record.Gateway = time.Now(), x.state.snapshot.Root.Gateway
	x.record.Method, x.record.Host = r.Method, r.Authority
	x.record.Path = r.Target
	x.from = c.where()
	x.trusted = x.state.isTrusted(x.from)
	return x
}

// free gives the exchange back, without anything of this request.
func (x *exchange) free() {
	fields := [2][]message.Field{x.out.Fields[:0], x.reply.Fields[:0]}
	response := x.response
	response.Reset()
	onCancel, memory, forwarded := x.onCancel, x.memory, x.forwarded
	*x = exchange{} // in place: a literal with fields would be made beside it and copied
	x.fields, x.response, x.onCancel, x.memory, x.forwarded = fields, response, onCancel, memory, forwarded
	exchanges.Put(x)
}

// serveHTTP1 and serveHTTP2 take a request to its end, as serveHTTP3 does.
func (x *exchange) serveHTTP1(s *http1.Server) {
	x.http1 = http1Stream{s, x}
	x.in = &x.http1
	x.serve()
}

func (x *exchange) serveHTTP2(s *http2.Stream) {
	x.http2 = http2Stream{s, x}
	x.in = &x.http2
	s.OnCancel(x.onCancel)
	if x.req.HasBody() && x.req.Upgrade == "" {
		s.SetReadTimeout(x.proxy.options.BodyTimeout)
	}
	x.serve()
	s.OnCancel(nil)
}

// refuse answers a request that the protocol engine did not take.
func (x *exchange) refuse(s *http1.Server, fault *http1.Fault) {
	x.http1 = http1Stream{s, x}
	x.in = &x.http1
	x.setRequestID()
	x.in.closing() // what follows on the connection cannot be told apart
	x.answer(fault.Status, fault.Reason)
	x.finish()
}

func (x *exchange) serve() {
	if x.proxy.draining.Load() || x.client.server.isClosing() {
		// The client learns that this connection ends, before it is closed under its next request.
		x.in.closing()
	}
	x.setRequestID()
	if status, reason := x.handle(); status != 0 {
		x.answer(status, reason)
	}
	x.finish()
}

// handle takes the request as far as it gets, and says what to answer if no backend has answered.
func (x *exchange) handle() (int, string) {
	if n := x.proxy.inflight.Add(1); n > int64(x.proxy.options.MaxRequests) {
		x.proxy.inflight.Add(-1)
		return 503, ReasonOverload
	}
	defer x.proxy.inflight.Add(-1)
	if status, reason := x.admit(); status != 0 {
		return status, reason
	}
	if status, reason := x.find(); status != 0 {
		return status, reason
	}
	if passed, status, reason := x.passFilters(); !passed {
		return status, reason
	}
	if status, reason := x.route(); status != 0 {
		return status, reason
	}
	if x.preflight() {
		return 0, ""
	}
	if ms := x.action.rule.Timeouts.Request; ms > 0 {
		x.deadline = x.record.Start.Add(time.Duration(ms) * time.Millisecond)
	}
	if auth := x.action.rule.Filters.Auth; auth != nil {
		var status int
		var reason string
		if x.verdict, status, reason = x.authorize(auth); x.verdict == nil {
			return status, reason
		}
	}
	if redirect := x.action.rule.Filters.Redirect; redirect != nil {
		return x.redirect(redirect)
	}
	if status, reason := x.choose(); status != 0 {
		return status, reason
	}
	return x.forward()
}

// finish tells the log and the observer.
func (x *exchange) finish() {
	x.record.Duration = time.Since(x.record.Start)
	if x.action != nil {
		x.record.Series = x.action.seriesOf(x.proxy.options.Observer, x.chosen-1)
	}
	x.proxy.log.write(&x.record)
	x.proxy.options.Observer.Exchanged(&x.record)
}

// find finds the listener, and the rule too unless filters come first.
func (x *exchange) find() (int, string) {
	x.result = x.state.table.Lookup(x.client.server.port, &x.view)
	if x.result.Listener == nil {
		return 404, ReasonNoListener
	}
	x.record.Listener = x.result.Listener.Name
	if x.misdirected() {
		return 421, ReasonMisdirected
	}
	return 0, ""
}

// route takes the rule that was found.
func (x *exchange) route() (int, string) {
	if x.result.Rule == nil {
		return 404, ReasonNoRoute
	}
	x.action = x.result.Rule.Value.(*action) //nolint:errcheck // attach makes nothing else
	rule := x.action.rule
	x.record.Route, x.record.Rule = rule.Route, x.action.name()
	if rule.Broken != "" {
		return 500, rule.Broken
	}
	return 0, ""
}

// choose takes the backend whose turn it is.
func (x *exchange) choose() (int, string) {
	i, pool, reason := x.proxy.choose(x.state, x.action, &x.record)
	if i >= 0 {
		x.chosen = i + 1
		x.backend = &x.action.rule.Backends[i]
	}
	x.pool = pool
	if reason != "" {
		return 500, reason
	}
	return 0, ""
}

// choose takes the backend of a rule whose turn it is, by its number, -1 for none. The pool is nil when
// there is a reason why it cannot be asked.
func (p *Proxy) choose(s *state, a *action, record *Record) (i int, to *pool, reason string) {
	if i = a.next(); i < 0 {
		return i, nil, ReasonNoBackend
	}
	backend := &a.rule.Backends[i]
	record.Backend = backend.Pool
	if backend.Invalid != "" {
		return i, nil, backend.Invalid
	}
	if to = p.poolOf(s, backend.Pool); to == nil {
		return i, nil, ReasonUnknownPool
	}
	return i, to, ""
}

// forward sends the request to the backend, as often as the rule allows, and its response to the client.
func (x *exchange) forward() (int, string) {
	if !x.prepare() {
		return 500, ReasonRewriteFailed
	}
	// What is said in a tunnel is no body, and must not reach a backend before it has agreed to that.
	if x.req.HasBody() && x.out.Upgrade == "" {
		x.body = newUpload(x)
	}
	x.readToken()
	mirrors := x.mirrorsDue()
	try := x.attempts()
	x.mirror(mirrors)
	status, reason := 0, ""
	switch {
	case try.failure != noFailure:
		status, reason = try.status()
	case x.switches():
		status, reason = x.upgrade(&try)
	case x.declined():
		status, reason = 502, ReasonBadUpgrade
	default:
		x.respond(&try)
	}
	x.stopWatch()
	x.body.end()
	x.end(&try)
	return status, reason
}

// redirect answers with the rule's redirect.
func (x *exchange) redirect(redirect *config.Redirect) (int, string) {
	location, ok := filter.Location(&x.view, x.result, redirect)
	if !ok {
		return 500, ReasonRewriteFailed
	}
	x.startReply(redirect.Status)
	x.advertise()
	x.editCORS()
	x.edit = fields{list: &x.reply.Fields}
	x.edit.Set("Location", location)
	filter.EditHeader(&x.edit, x.action.rule.Filters.Response)
	x.record.Reason = ReasonRedirect
	x.sendReply("")
	return 0, ""
}

// answer is the proxy's own response to a request that no backend answers. It tells a client no
// more than the status; the reason is for the log.
func (x *exchange) answer(status int, reason string) {
	x.record.Status, x.record.Reason = status, reason
	if reason == ReasonClientGone {
		x.in.abort()
		return // there is nobody to tell
	}
	if (status == 400 || status == 408 || status == 413) && x.req.Version < message.HTTP2 {
		x.in.closing() // what follows on the connection cannot be told apart
	}
	if status != 421 && isGRPC(x.req) { // a misdirected call is to be made again on another connection
		x.answerGRPC(status, reason)
		return
	}
	x.startReply(status)
	x.reply.Fields = append(
		x.reply.Fields,
		message.Field{Name: "Content-Type", Value: "text/plain; charset=utf-8", ID: message.EndToEnd},
		message.Field{Name: "X-Content-Type-Options", Value: "nosniff"},
		message.Field{Name: "X-Request-Id", Value: x.record.RequestID, ID: message.XRequestID},
	)
	x.advertise()
	x.editCORS()
	if status == 503 {
		x.reply.Fields = append(x.reply.Fields, message.Field{Name: "Retry-After", Value: "1"})
	}
	x.sendReply(answerText(status))
}

func (x *exchange) startReply(status int) {
	x.record.Status = status
	x.reply = message.Response{Status: status, Fields: x.reply.Fields[:0]}
	if x.reply.Fields == nil {
		x.reply.Fields = x.fields[1]
	}
	x.reply.Fields = append(x.reply.Fields, message.Field{Name: "Date", Value: dateAt(x.record.Start), ID: message.EndToEnd})
}

// sendReply sends a reply with a body of text.
func (x *exchange) sendReply(text string) {
	x.reply.ContentLength = int64(len(text))
	x.reply.Bodiless = x.req.Method == "HEAD"
	if err := x.in.Respond(&x.reply, unsafe.Slice(unsafe.StringData(text), len(text)), true); err != nil && x.record.Reason == "" {
		x.record.Reason = ReasonClientGone
	}
}

// setRequestID takes the id that a trusted front gave, else makes a new one. An id is a name, not a
// secret: the generator of the runtime is good enough, and has no system call.
func (x *exchange) setRequestID() {
	if x.trusted {
		for i := range x.req.Fields {
			if f := &x.req.Fields[i]; f.ID == message.XRequestID && f.Value != "" && len(f.Value) <= 128 && plainText(f.Value) {
				x.record.RequestID = f.Value
				return
			}
		}
	}
	const digits = "0123456789abcdef"
	for half := range 2 {
		n := rand.Uint64()
		for i := range 16 {
			x.id[16*half+i] = digits[n&15]
			n >>= 4
		}
	}
	x.record.RequestID = unsafe.String(&x.id[0], len(x.id))
}

func plainText(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' || s[i] == '"' || s[i] == '\\' {
			return false
		}
	}
	return true
}
