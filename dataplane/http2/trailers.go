package http2

// decodeTrailers decodes a block as trailers of a stream that the lock has been released for, and
// ends its body.
func (l *link) decodeTrailers(id uint32, block []byte) error {
	if err := l.head.decode(partTrailers, block, l.spare[:0]); err != nil {
		return err
	}
	l.spare = l.head.fields
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.streams[id]
	switch {
	case s == nil || s.recvErr != nil:
	case l.head.verdict != verdictSound:
		s.resetFor(ProtocolError, l.head.reason)
	case s.left > 0:
		s.resetFor(ProtocolError, "body shorter than content-length")
	default:
		s.trailers = append(s.trailers[:0], l.spare...)
		s.endBody()
	}
	return nil
}
