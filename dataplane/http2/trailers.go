package http2

import "github.com/fleetgate/fleetgate/dataplane/head"

// decodeTrailers decodes a block as trailers of a stream that the lock has been released for, and
// ends its body.
func (l *link) decodeTrailers(id uint32, block []byte) error {
	if err := l.head.decode(head.Trailers, block, l.spare[:0]); err != nil {
		return err
	}
	l.spare = l.head.Fields
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.streams[id]
	switch {
	case s == nil || s.recvErr != nil:
	case l.head.Verdict != head.Sound:
		s.resetFor(ProtocolError, l.head.Reason)
	case s.left > 0:
		s.resetFor(ProtocolError, "body shorter than content-length")
	default:
		s.trailers = append(s.trailers[:0], l.spare...)
		s.endBody()
	}
	return nil
}
