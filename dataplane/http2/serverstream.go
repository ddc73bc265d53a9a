package http2

import (
	"errors"
	"sync"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/message"
)

// Stream is one request and its response: it implements message.Body and message.Responder. It is
// valid until the handler returns. One goroutine may read the body while another one writes.
//
// When the handler returns before the response has ended, the stream is reset with INTERNAL_ERROR.
// When the response has ended and the request has not, it is reset with NO_ERROR, and what still comes
// of the request is thrown away.
type Stream struct {
	// Request is the head of the request. Its strings and fields are valid until the handler returns.
	Request message.Request
	stream
	server  *Server
	counted bool   // it counts toward the limit of streams
	cookies []byte // what a Cookie field that was joined is a view of
	cancel  func()

	// Made once, since a method value is an allocation each time.
	run, failed, done func()
}

var streams sync.Pool

// getStream takes a stream whose Request is empty.
func getStream() *Stream {
	if st, ok := streams.Get().(*Stream); ok {
		return st
	}
	st := &Stream{}
	st.run, st.failed, st.done = st.serve, st.canceled, st.completed
	return st
}

// putStream gives a stream back that is of no connection.
func putStream(st *Stream) {
	st.Request.Reset()
	streams.Put(st)
}

// serve runs the handler and ends the stream.
func (st *Stream) serve() {
	s := st.server
	defer s.handlers.Done()
	s.handle(st)
	s.mu.Lock()
	defer s.mu.Unlock()
	st.cancel = nil
	switch {
	case !st.sent:
		st.reset(InternalError, ErrAborted)
	case !st.received:
		st.reset(NoError, ErrAborted)
	}
	s.uncount(st)
	st.end()
	st.server = nil
	putStream(st)
	s.flush()
}

// canceled is called when the stream fails.
func (st *Stream) canceled() {
	if f := st.cancel; f != nil {
		st.cancel = nil
		f()
	}
}

// completed is called when the stream has ended well.
func (st *Stream) completed() { st.server.uncount(st) }

// OnCancel has f called when the client resets the stream or the connection ends, once; at once if
// that has happened. nil takes it back: when OnCancel has returned, f is not running. f is called with
// the connection's lock held: it must not block, and must not use the stream.
func (st *Stream) OnCancel(f func()) {
	st.link.mu.Lock()
	defer st.link.mu.Unlock()
	st.cancel = f
	if st.sendErr != nil {
		st.canceled()
	}
}

// SetReadTimeout bounds each Next: it gives ErrTimeout when nothing has come for that long. 0 is no
// bound.
func (st *Stream) SetReadTimeout(d time.Duration) {
	st.link.mu.Lock()
	defer st.link.mu.Unlock()
	st.readTimeout = d
}

// Stop makes Next fail with ErrAborted from now on, since nothing more of the request is wanted: what still
// comes of it is thrown away. The response can be written all the same. It may be called from any goroutine.
func (st *Stream) Stop() {
	l := st.link
	l.mu.Lock()
	defer l.mu.Unlock()
	if st.received || st.recvErr != nil {
		return
	}
	st.recvErr, st.abrupt = ErrAborted, true
	l.recent.add(st.id)
	st.readable.Broadcast()
}

// Abort resets the stream (RFC 9113 section 6.4); everything fails from then on with ErrAborted.
func (st *Stream) Abort(code ErrCode) {
	st.link.mu.Lock()
	defer st.link.mu.Unlock()
	st.cancel = nil
	st.reset(code, ErrAborted)
	st.link.flush()
}

// Continue tells a client that waits for it to send the body (RFC 9110 section 10.1.1). It does nothing
// for one that does not wait, and when the response or the body has begun. It must not be called at the
// same time as a method of message.Responder.
func (st *Stream) Continue() error {
	if !st.Request.Expect {
		return nil
	}
	st.Request.Expect = false
	if st.Here() {
		return nil // it did not wait
	}
	if err := st.respond(&message.Response{Status: 100, Bodiless: true}, nil, false); !errors.Is(err, ErrOrder) {
		return err
	}
	return nil
}

// Inform implements message.Responder. 101 is left out, since HTTP/2 has none (RFC 9113 section 8.6).
func (st *Stream) Inform(r *message.Response) error {
	if r.Status == 101 {
		return nil
	}
	return st.respond(r, nil, false)
}

// Respond implements message.Responder. It waits for the client's windows, and while much is pending;
// it fails with ErrTimeout when that takes longer than ServerOptions.WriteTimeout.
func (st *Stream) Respond(r *message.Response, piece []byte, last bool) error {
	return st.respond(r, piece, last)
}

func (st *Stream) respond(r *message.Response, piece []byte, last bool) error {
	l := st.link
	l.mu.Lock()
	defer l.mu.Unlock()
	if st.head {
		return ErrOrder
	}
	if err := st.headRoom(); err != nil {
		return err
	}
	ended := last && len(piece) == 0
	start := l.beginHeaders()
	l.pending = appendResponse(l.pending, r, st.Request.Method == "CONNECT")
	l.endHeaders(start, st.id, ended)
	st.head = r.Status >= 200
	switch {
	case ended:
		st.finishSend()
	case len(piece) > 0:
		if err := st.data(piece, last); err != nil {
			return err
		}
	}
	l.flush()
	return nil
}
