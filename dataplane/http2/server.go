package http2

import (
	"net"
	"sync"
	"time"
)

// Server is one connection of a client.
type Server struct {
	link
	options  ServerOptions
	handle   func(*Stream)
	handlers sync.WaitGroup

	// Of the lock.
	last     uint32 // the last stream that the client has opened
	served   uint32 // the last stream that is served when the connection is draining
	occupied int    // streams that count
	idleBy   int64  // when the connection has been idle for too long
	greetBy  int64  // when the client's preface and settings have to be there
	drain    drain
	drainBy  int64
}

// NewServer readies a connection, which is the server's from now on. handle is called for each request
// in a goroutine of its own; it must not panic, and neither the stream nor anything that it gave may
// be used when it has returned.
//
// Deadlines of the connection are the server's too. If it has a method CloseWrite() error, that is used
// when the connection ends, so that the client hears why.
func NewServer(conn net.Conn, options ServerOptions, handle func(*Stream)) *Server {
	o := options.withDefaults()
	s := &Server{options: o, handle: handle}
	s.init(conn, s, limits{
		streamWindow: o.StreamWindow, connWindow: o.ConnWindow, maxHeaderBytes: o.MaxHeaderBytes, maxFields: o.MaxFields,
	})
	s.writeTimeout = o.WriteTimeout
	s.block.timeout = o.HeaderTimeout
	s.greet()
	return s
}

// Serve reads frames until the connection ends and is closed, and returns when all handlers have. first
// is what was read from the connection already; the client's preface is expected there or behind it.
// The error is nil when the connection ended in good order with no stream open, be it the client that
// ended it, Drain or idleness; a ConnError when the client or this side has met an error.
func (s *Server) Serve(first []byte) error {
	s.fill(first)
	err := s.begin()
	if err == nil {
		err = s.readPreface()
	}
	if err == nil {
		err = s.run()
	}
	err = s.finish(err)
	s.handlers.Wait()
	return err
}

// greet sends the server's preface (RFC 9113 section 3.4).
func (s *Server) greet() {
	s.mu.Lock()
	defer s.mu.Unlock()
	settings := []struct {
		name  setting
		value uint32
	}{
		{settingMaxStreams, uint32(s.options.MaxStreams)},
		{settingInitialWindow, uint32(s.options.StreamWindow)},
		{settingMaxHeaderList, uint32(s.options.MaxHeaderBytes)},
		{settingConnectProtocol, 1},
		{settingNoPriorities, 1},
	}
	b := appendFrameHeader(s.room(headSpace), len(settings)*settingLen, kindSettings, 0, 0)
	for _, setting := range settings {
		b = appendSetting(b, setting.name, setting.value)
	}
	if more := s.options.ConnWindow - defaultWindow; more > 0 {
		b = appendWindowUpdate(b, 0, more)
	}
	s.pending = b
}

// begin sets when the client has to have said something, and takes back deadlines that somebody else
// has set.
func (s *Server) begin() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.greetBy = timeoutOf(s.options.HeaderTimeout)
	s.idleBy = timeoutOf(s.options.IdleTimeout)
	s.arm(min(s.greetBy, s.idleBy))
	if s.stop != nil {
		return s.stop
	}
	return s.conn.SetDeadline(time.Time{})
}

// readPreface reads the client's preface, whose last part is a SETTINGS frame.
func (s *Server) readPreface() error {
	for n := 1; n <= len(preface); n++ { // byte by byte, so that nobody waits for the rest of a wrong one
		if err := s.need(n); err != nil {
			return err
		}
		if s.buf[s.r+n-1] != preface[n-1] {
			return connError(ProtocolError, "bad preface")
		}
	}
	s.r += len(preface)
	f, payload, err := s.frame()
	if err != nil {
		return err
	}
	if f.kind != kindSettings || f.has(flagAck) {
		return connError(ProtocolError, "the preface has no SETTINGS")
	}
	s.mu.Lock()
	s.greetBy = 0
	s.mu.Unlock()
	return s.take(f, payload)
}

// Close cuts the connection. Streams fail with ErrClosed. It may be called from any goroutine.
func (s *Server) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sever(ErrClosed)
}

func (s *Server) opened(id uint32) bool { return id&1 == 1 && id <= s.last }

func (s *Server) lastPeerStream() uint32 {
	if s.drain == drainLast {
		return s.served
	}
	return s.last
}

func (s *Server) peerChanged() {}

// goneAway notes that the client opens no more streams; those that are open go on.
func (s *Server) goneAway(uint32, ErrCode) error {
	s.drain = drainLast
	s.served = s.last
	s.endWhenEmpty()
	return nil
}

// emptied notes that the connection is idle from now on.
func (s *Server) emptied() {
	if s.drain == drainLast {
		s.endWhenEmpty()
		return
	}
	s.idleBy = timeoutOf(s.options.IdleTimeout)
	s.arm(s.idleBy)
}

func (s *Server) tick(a *alarm) {
	if a.due(s.greetBy) {
		s.interrupt(connError(ProtocolError, "the preface takes too long"))
	}
	if len(s.streams) == 0 && a.due(s.idleBy) {
		s.interrupt(errOrderly)
	}
	if a.due(s.drainBy) {
		s.drainOn()
	}
}

// uncount notes that a stream does not count any more.
func (s *Server) uncount(st *Stream) {
	if st.counted {
		st.counted = false
		s.occupied--
	}
}
