package http2

import (
	"io"

	"github.com/fleetgate/fleetgate/dataplane/message"
)

// Next implements message.Body. What it gave last is given back to the peer's windows, so that the
// peer sends no more than is taken.
func (s *stream) Next() ([]byte, error) {
	l := s.link
	l.mu.Lock()
	defer l.mu.Unlock()
	if n := s.inbox.release(); n > 0 {
		s.credit(n)
		l.credit(n)
		l.flush()
	}
	var until int64
	if s.readTimeout > 0 && s.inbox.size == 0 {
		until = timeoutOf(s.readTimeout)
	}
	for {
		if s.inbox.size > 0 && !s.abrupt {
			return s.inbox.take(), nil
		}
		if err := s.bodyEnd(); err != nil {
			return nil, err
		}
		if err := s.await(&s.readable, &s.readBy, earlier(until, s.deadline)); err != nil {
			return nil, err
		}
	}
}

// bodyEnd says why no more of the body will come, nil if more may.
func (s *stream) bodyEnd() error {
	if s.recvErr != nil {
		return s.recvErr
	}
	if s.received {
		return io.EOF
	}
	return nil
}

// Here says that Next would not wait.
func (s *stream) Here() bool {
	s.link.mu.Lock()
	defer s.link.mu.Unlock()
	return s.inbox.size > 0 || s.bodyEnd() != nil
}

// Ended implements message.Body.
func (s *stream) Ended() bool {
	s.link.mu.Lock()
	defer s.link.mu.Unlock()
	return s.received && s.recvErr == nil && s.inbox.size == 0 && len(s.trailers) == 0
}

// Trailers implements message.Body: the trailers, once Next has given io.EOF. Names are in lower case.
func (s *stream) Trailers() []message.Field {
	s.link.mu.Lock()
	defer s.link.mu.Unlock()
	return s.trailers
}
