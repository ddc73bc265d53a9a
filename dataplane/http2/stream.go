package http2

import (
	"sync"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/message"
)

var (
	_ message.Body      = (*Stream)(nil)
	_ message.Responder = (*Stream)(nil)
	_ message.Body      = (*Call)(nil)
	_ message.Writer    = (*Call)(nil)
)

// stream is one exchange, as both ends see it. The connection's lock holds for all of it.
type stream struct {
	link *link
	call *Call // whose stream it is; nil on a server
	exchange
	// Kept from one exchange to the next.
	inbox    inbox
	trailers []message.Field
	// Who waits. Reading and writing are waited for by one goroutine each.
	readable, writable sync.Cond
}

// exchange is the state of a stream, all zero before it begins.
type exchange struct {
	id uint32 // 0 before it is opened

	// What is sent.
	head    bool // the final head has been sent
	sent    bool // END_STREAM has been sent
	sendErr error
	window  int32 // what the peer takes

	// What is received.
	received bool // END_STREAM has come
	recvErr  error
	abrupt   bool  // recvErr comes before what has not been taken
	open     int32 // what the peer may still send
	owed     int32 // what has been taken and not been given back to the peer
	full     int32 // what it may send at most
	left     int64 // how much of the body has to come; message.Unknown if that is not known

	// How long is waited: bounds of a wait and, while there is one, when it ends; a moment for all.
	readTimeout, writeTimeout time.Duration
	readBy, writeBy           int64
	deadline                  int64

	// The place in the queue for what streams share.
	queue          *queue
	before, behind *stream

	// onFail is called when the stream fails, and onDone when it has ended well; with the lock.
	onFail, onDone func()
}

// begin readies a stream for an exchange on a connection. With the lock.
func (s *stream) begin(l *link) {
	s.link = l
	s.readable.L, s.writable.L = &l.mu, &l.mu
}

// enroll makes the stream one of the connection's. With the lock.
func (s *stream) enroll(id uint32) {
	l := s.link
	s.id = id
	s.window = l.peer.initialWindow
	s.full = l.streamFull
	s.open = l.newStream()
	l.streams[id] = s
	l.receiving++
}

// end takes the stream out of its connection, and makes it fit for another exchange. With the lock.
func (s *stream) end() {
	l := s.link
	s.leave()
	l.credit(s.inbox.clear())
	s.receive()
	clear(s.trailers)
	s.trailers = s.trailers[:0]
	id := s.id
	s.exchange = exchange{}
	if id != 0 {
		l.remove(id)
	}
}

// receive notes that nothing more is to come.
func (s *stream) receive() {
	if s.id != 0 && !s.received {
		s.received = true
		s.link.receiving--
	}
}

// fail ends the stream in both directions. What has come whole stays whole.
func (s *stream) fail(err error) {
	if s.sendErr == nil {
		s.sendErr = err
	}
	if !s.received && s.recvErr == nil {
		s.recvErr = err
		s.abrupt = !s.link.client
	}
	s.readable.Broadcast()
	s.writable.Broadcast()
	if s.onFail != nil {
		s.onFail()
	}
}

// reset ends the stream from this side (RFC 9113 section 5.4.2), if it has not ended. With the lock.
func (s *stream) reset(code ErrCode, err error) {
	l := s.link
	if s.id != 0 && s.sendErr == nil && (!s.sent || !s.received) {
		l.pending = appendReset(l.room(frameHeaderLen+4), s.id, code)
		if !l.client {
			l.recent.add(s.id)
		}
	}
	s.fail(err)
}

// await waits to be woken, until a moment at the latest if there is one. by is where tick sees it.
func (s *stream) await(c *sync.Cond, by *int64, until int64) error {
	if until != 0 {
		if until <= now() {
			return ErrTimeout
		}
		*by = until
		s.link.arm(until)
	}
	c.Wait()
	*by = 0
	return nil
}

// earlier is the earlier one of two moments, of which 0 is none.
func earlier(a, b int64) int64 {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}
