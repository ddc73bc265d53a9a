package http2

import (
	"github.com/fleetgate/fleetgate/dataplane/message"
)

// Body implements message.Writer. It waits for the peer's windows, and while much is pending.
func (s *stream) Body(piece []byte, last bool) error {
	l := s.link
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := s.bodyAllowed(); err != nil {
		return err
	}
	if err := s.data(piece, last); err != nil {
		return err
	}
	l.flush()
	return nil
}

// Trail implements message.Writer.
func (s *stream) Trail(trailers []message.Field) error {
	l := s.link
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := s.bodyAllowed(); err != nil {
		return err
	}
	start := l.beginHeaders()
	l.pending = appendFields(l.pending, trailers)
	if len(l.pending) == start+frameHeaderLen { // no trailer may be passed on
		l.pending = appendFrameHeader(l.pending[:start], 0, kindData, flagEndStream, s.id)
	} else {
		l.endHeaders(start, s.id, true)
	}
	s.finishSend()
	l.flush()
	return nil
}

// bodyAllowed says why the body cannot be written now.
func (s *stream) bodyAllowed() error {
	switch {
	case s.sendErr != nil:
		return s.sendErr
	case !s.head || s.sent:
		return ErrOrder
	}
	return nil
}

// data appends a piece of the body, and writes as long as there is no room for all of it.
func (s *stream) data(piece []byte, last bool) error {
	l := s.link
	for len(piece) > 0 {
		n, err := s.grant(len(piece))
		if err != nil {
			return err
		}
		var flags uint8
		if last && n == len(piece) {
			flags = flagEndStream
		}
		l.pending = appendFrameHeader(l.room(frameHeaderLen+n), n, kindData, flags, s.id)
		l.pending = append(l.pending, piece[:n]...)
		piece = piece[n:]
		if flags != 0 {
			s.finishSend()
			return nil
		}
	}
	if last {
		l.pending = appendFrameHeader(l.room(frameHeaderLen), 0, kindData, flagEndStream, s.id)
		s.finishSend()
	}
	return nil
}

// finishSend notes that END_STREAM has been appended.
func (s *stream) finishSend() {
	s.sent = true
	if s.received {
		s.link.profit()
		if s.onDone != nil {
			s.onDone()
		}
	}
}

// grant waits until something of n bytes may be appended, and tells how much.
func (s *stream) grant(n int) (int, error) {
	l := s.link
	var until int64
	for {
		switch {
		case s.sendErr != nil:
			s.leave()
			return 0, s.sendErr
		case s.window <= 0:
			s.leave() // the others need not wait for this one's window
		case l.send <= 0 || len(l.pending) >= dataBound || l.bodies.first != nil && l.bodies.first != s:
			l.bodies.add(s)
		default:
			k := min(n, maxFrameLen, int(s.window), int(l.send))
			s.window -= int32(k)
			l.send -= int32(k)
			if k == n || k >= worthwhile {
				l.earn()
			}
			s.leave()
			return k, nil
		}
		if err := s.stall(&until); err != nil {
			return 0, err
		}
	}
}

// worthwhile is how much a frame has to carry to count as useful although the peer's window cut it
// short: a peer must not pay for a flood with windows of a byte.
const worthwhile = 256

// stall waits until the stream may go on writing. Whoever has to wait writes first, if nobody does.
func (s *stream) stall(until *int64) error {
	l := s.link
	if !l.writing && len(l.pending) > 0 {
		l.flush()
		return nil
	}
	if *until == 0 && s.writeTimeout > 0 {
		*until = timeoutOf(s.writeTimeout)
	}
	err := s.await(&s.writable, &s.writeBy, earlier(*until, s.deadline))
	if err != nil {
		s.leave()
	}
	return err
}

// headRoom waits until a head may be appended.
func (s *stream) headRoom() error {
	l := s.link
	var until int64
	for s.sendErr == nil && len(l.pending) >= dataBound {
		l.heads.add(s)
		if err := s.stall(&until); err != nil {
			return err
		}
	}
	s.leave()
	return s.sendErr
}
