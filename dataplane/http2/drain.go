package http2

import "time"

// drain is how far the end in good order has come.
type drain uint8

const (
	drainNone  drain = iota
	drainFirst       // the client has been told to open no more streams
	drainLast        // streams above served are not taken any more
)

// drainTrip bounds the wait for the answer to the PING.
const drainTrip = time.Second

// drainPing is what the PING carries.
const drainPing = "draining"

// Drain ends the connection in good order (RFC 9113 section 6.8): the client is told with GOAWAY to
// open no more streams, and, when what it has sent before it heard of that must have come, which
// stream was the last one to be served. The connection ends when its streams have. Drain does not wait
// for that; it may be called from any goroutine, and more than once.
func (s *Server) Drain() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.drain != drainNone || s.cut {
		return
	}
	s.drain = drainFirst
	b := appendGoAway(s.room(headSpace), maxWindow, NoError)
	s.pending = appendPing(b, 0, []byte(drainPing))
	s.drainBy = timeoutOf(drainTrip)
	s.arm(s.drainBy)
	s.push()
}

// pong takes the answer to the PING of Drain.
func (s *Server) pong() {
	if s.drain == drainFirst {
		s.drainOn()
	}
}

// drainOn takes the second step of Drain.
func (s *Server) drainOn() {
	s.drainBy = 0
	if s.drain != drainFirst || s.cut {
		return
	}
	s.drain = drainLast
	s.served = s.last
	s.pending = appendGoAway(s.room(frameHeaderLen+8), s.served, NoError)
	s.said = true
	s.push()
	s.endWhenEmpty()
}

// endWhenEmpty ends the connection if no stream is open.
func (s *Server) endWhenEmpty() {
	if len(s.streams) == 0 {
		s.interrupt(errOrderly)
	}
}
