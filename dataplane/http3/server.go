package http3

import (
	"context"
	"errors"
	"math"
	"sync"
	"time"

	"github.com/quic-go/quic-go"
)

// Server is one connection of a client.
type Server struct {
	*Conn
	handle  func(*Stream)
	running sync.WaitGroup
	control *quic.SendStream
	side    sideStreams

	mutex   sync.Mutex
	streams int    // that are served
	next    uint64 // the id that the next stream will have
	served  uint64 // streams from this id on are not served
	drain   drain
	// alarm ends the connection when it has been idle for too long, or takes the next step of Drain.
	alarm *time.Timer
}

// NewServer readies a connection, which is the server's from now on. handle is called for each request
// in a goroutine of its own; it must not panic, and neither the stream nor anything that it gave may
// be used when it has returned.
func NewServer(conn *Conn, handle func(*Stream)) *Server {
	return &Server{Conn: conn, handle: handle, served: math.MaxUint64}
}

// Serve serves requests until the connection ends, and returns when all handlers have. The error is nil
// when the connection ended in good order, be it the client that ended it, Drain or idleness; a ConnError
// otherwise.
func (s *Server) Serve() error {
	if err := s.greet(); err != nil {
		s.fail(err)
	} else {
		s.running.Go(s.acceptSide)
		s.accept()
	}
	s.mutex.Lock()
	s.drain = drainOver
	s.stopAlarm()
	s.mutex.Unlock()
	s.running.Wait()
	return s.outcome()
}

// greet opens the control stream and sends SETTINGS (RFC 9114 section 6.2.1).
func (s *Server) greet() error {
	control, err := s.conn.OpenUniStream()
	if err != nil {
		return connError(StreamCreationError, "no control stream: "+err.Error())
	}
	_ = control.SetWriteDeadline(time.Now().Add(s.options.WriteTimeout)) // a write fails if this does
	if _, err := control.Write(appendSettings([]byte{byte(streamControl)}, s.options.MaxHeaderBytes)); err != nil {
		return fromQUIC(err)
	}
	context.AfterFunc(control.Context(), func() {
		if _, stopped := errors.AsType[*quic.StreamError](context.Cause(control.Context())); stopped {
			s.fail(connError(ClosedCriticalStream, "the client does not read the control stream"))
		}
	})
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.control = control
	if s.drain == drainAsked {
		s.beginDrain()
	} else {
		s.setAlarm(s.options.IdleTimeout, s.idle)
	}
	return nil
}

// accept takes the streams of requests.
func (s *Server) accept() {
	for {
		st, err := s.conn.AcceptStream(context.Background())
		if err != nil {
			return
		}
		if !s.begin(uint64(st.StreamID())) {
			st.CancelRead(quic.StreamErrorCode(RequestRejected))
			st.CancelWrite(quic.StreamErrorCode(RequestRejected))
			st.ReleaseStreamCredit()
			continue
		}
		s.running.Go(func() {
			defer s.end()
			defer st.ReleaseStreamCredit()
			s.serve(st)
		})
	}
}

// begin counts a stream, and says whether it is served.
func (s *Server) begin(id uint64) bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if id >= s.served {
		return false
	}
	s.next = id + streamStep
	if s.streams++; s.streams == 1 && s.drain == drainNone {
		s.stopAlarm()
	}
	return true
}

// streamStep is how far the ids of two streams of requests are apart.
const streamStep = 4

// end uncounts a stream.
func (s *Server) end() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.streams--; s.streams > 0 {
		return
	}
	switch s.drain {
	case drainNone:
		s.setAlarm(s.options.IdleTimeout, s.idle)
	case drainLast:
		s.beginFarewell()
	case drainAsked, drainFirst, drainOver:
	}
}

// idle ends a connection that has no stream.
func (s *Server) idle() {
	s.mutex.Lock()
	busy := s.streams > 0 || s.drain != drainNone
	s.mutex.Unlock()
	if !busy {
		s.close(NoError, "idle")
	}
}

// setAlarm has f called after a while instead of what the alarm was set for. With the lock.
func (s *Server) setAlarm(d time.Duration, f func()) {
	s.stopAlarm()
	if s.drain != drainOver {
		s.alarm = time.AfterFunc(d, f)
	}
}

func (s *Server) stopAlarm() {
	if s.alarm != nil {
		s.alarm.Stop()
	}
}

// Close cuts the connection. It may be called from any goroutine.
func (s *Server) Close() { s.close(NoError, "") }

// fail ends the connection with an error of this side.
func (s *Server) fail(err error) {
	if e, ok := errors.AsType[*ConnError](err); ok && !e.Remote {
		s.close(e.Code, e.Reason)
	}
}

func (s *Server) close(code ErrCode, reason string) {
	_ = s.conn.CloseWithError(quic.ApplicationErrorCode(code), reason) // the end of it either way
}

// outcome is why the connection has ended.
func (s *Server) outcome() error {
	s.close(InternalError, "") // it is over already, or could not begin
	cause := context.Cause(s.conn.Context())
	if _, idle := errors.AsType[*quic.IdleTimeoutError](cause); idle {
		return nil
	}
	err := fromQUIC(cause)
	if e, ok := errors.AsType[*ConnError](err); ok && e.Code == NoError {
		if _, said := errors.AsType[*quic.ApplicationError](cause); said {
			return nil
		}
	}
	return err
}
