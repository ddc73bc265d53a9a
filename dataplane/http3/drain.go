package http3

import (
	"time"
)

// drain is how far the end in good order has come.
type drain uint8

const (
	drainNone  drain = iota
	drainAsked       // before the control stream was open
	drainFirst       // the client has been told to open no more streams
	drainLast        // streams from served on are not taken any more
	drainOver        // the connection has ended
)

const (
	// anyStream is more than every id of a request's stream.
	anyStream = 1<<62 - 4
	// minTrip and maxTrip bound how long what a client has sent is waited for, minFarewell and
	// maxFarewell how long it may take to receive what it was sent.
	minTrip, maxTrip         = 50 * time.Millisecond, time.Second
	minFarewell, maxFarewell = 500 * time.Millisecond, 3 * time.Second
)

// Drain ends the connection in good order (RFC 9114 section 5.2): the client is told with GOAWAY to open
// no more streams, and, when what it has sent before it heard of that should have come, which streams are
// served. The connection ends when they have ended. Drain does not wait for that; it may be called from
// any goroutine, and more than once.
func (s *Server) Drain() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	switch {
	case s.drain != drainNone:
	case s.control == nil:
		s.drain = drainAsked
	default:
		s.beginDrain()
	}
}

// beginDrain takes the first step. With the lock.
func (s *Server) beginDrain() {
	s.drain = drainFirst
	s.goAway(anyStream)
	s.setAlarm(clamp(2*s.roundTrip(), minTrip, maxTrip), s.drainOn)
}

// drainOn takes the second step.
func (s *Server) drainOn() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.drain != drainFirst {
		return
	}
	s.drain = drainLast
	s.served = s.next
	s.goAway(s.served)
	if s.streams == 0 {
		s.beginFarewell()
	}
}

// beginFarewell waits for the client to end the connection when it has received everything: the end from
// this side takes away what is on its way. With the lock.
func (s *Server) beginFarewell() {
	s.setAlarm(clamp(8*s.roundTrip(), minFarewell, maxFarewell), s.Close)
}

// goAway sends GOAWAY. A client that takes nothing on the control stream is not told.
func (s *Server) goAway(id uint64) {
	_ = s.control.TryWriteAll(appendGoAway(nil, id)) // see above
}

func (s *Server) roundTrip() time.Duration { return s.conn.ConnectionStats().SmoothedRTT }

func clamp(d, low, high time.Duration) time.Duration { return min(max(d, low), high) }
