package http2

import (
	"github.com/fleetgate/fleetgate/dataplane/head"
	"github.com/fleetgate/fleetgate/dataplane/message"
)

// headers takes a header block: of a new stream, or trailers.
func (s *Server) headers(f frameHeader, block []byte) error {
	s.mu.Lock()
	st := s.streams[f.stream]
	fresh := f.stream > s.last
	known := st != nil && st.recvErr == nil
	half := known && st.received && !st.sent
	closed := !fresh && (!known || st.received) && !half && !s.recent.has(f.stream)
	s.mu.Unlock()
	switch {
	case f.stream&1 == 0:
		return connError(ProtocolError, "HEADERS on a stream of the server")
	case fresh:
		return s.open(f, block)
	case closed:
		return connError(StreamClosed, "HEADERS on a closed stream")
	case known && !half:
		return s.takeTrailers(f, block)
	}
	if err := s.head.decode(head.Nothing, block, nil); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if half && s.streams[f.stream] == st {
		st.resetFor(StreamClosed, "HEADERS after the end")
	}
	return s.spend()
}

// open takes the header block of a new stream.
func (s *Server) open(f frameHeader, block []byte) error {
	ended := f.has(flagEndStream)
	st := getStream()
	if err := s.head.decode(head.Request, block, st.Request.Fields[:0]); err != nil {
		putStream(st)
		return err
	}
	v, cookies := s.head.Request(&st.Request, ended, st.cookies)
	st.cookies = cookies
	st.Request.Version = message.HTTP2
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = f.stream
	if s.drain == drainLast || s.stop != nil {
		s.recent.add(f.stream) // it is not served, as GOAWAY has said, and not answered
		putStream(st)
		return s.spend()
	}
	if err := s.overdrawn(); err != nil {
		putStream(st)
		return err
	}
	code := RefusedStream
	if f.selfish {
		v = head.Malformed
	}
	switch {
	case v == head.Malformed:
		code = ProtocolError
	case v != head.Sound:
		s.answer(f.stream, ended, v)
		putStream(st)
		return first(s.spend(), s.overdrawn())
	case s.occupied < s.options.MaxStreams:
		s.start(st, f.stream, ended)
		return nil
	}
	putStream(st)
	s.squander()
	s.pending = appendReset(s.room(frameHeaderLen+4), f.stream, code)
	s.recent.add(f.stream)
	return s.overdrawn()
}

// start starts the handler of a stream. With the lock.
func (s *Server) start(st *Stream, id uint32, ended bool) {
	st.begin(&s.link)
	st.enroll(id)
	st.server = s
	st.onFail, st.onDone = st.failed, st.done
	st.writeTimeout = s.options.WriteTimeout
	st.left = st.Request.ContentLength
	if ended {
		st.receive()
	}
	st.counted = true
	s.occupied++
	s.earn()
	s.handlers.Add(1)
	go st.run()
}

// answer answers a request that no handler gets to see. With the lock.
func (s *Server) answer(id uint32, ended bool, v head.Verdict) {
	response := message.Response{Status: 400}
	if v == head.Large {
		response.Status = 431
	}
	start := s.beginHeaders()
	s.pending = appendResponse(s.pending, &response, false)
	s.endHeaders(start, id, true)
	if !ended {
		s.pending = appendReset(s.room(frameHeaderLen+4), id, NoError)
		s.recent.add(id)
	}
}

// takeTrailers takes what comes behind a body.
func (s *Server) takeTrailers(f frameHeader, block []byte) error {
	if !f.has(flagEndStream) {
		s.mu.Lock()
		if st := s.streams[f.stream]; st != nil {
			st.resetFor(ProtocolError, "trailers that do not end the stream")
		}
		s.mu.Unlock()
		return s.head.decode(head.Nothing, block, nil)
	}
	return s.decodeTrailers(f.stream, block)
}
