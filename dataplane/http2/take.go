package http2

import (
	"encoding/binary"

	"github.com/fleetgate/fleetgate/dataplane/message"
)

const pingLen = 8

// takers take each type of frame. They are called by the reading goroutine, without the lock; an
// error ends the connection.
var takers = [kinds]func(*link, frameHeader, []byte) error{
	kindData:         (*link).takeData,
	kindHeaders:      (*link).takeHeaders,
	kindPriority:     (*link).takePriority,
	kindReset:        (*link).takeReset,
	kindSettings:     (*link).takeSettings,
	kindPushPromise:  (*link).takePushPromise,
	kindPing:         (*link).takePing,
	kindGoAway:       (*link).takeGoAway,
	kindWindowUpdate: (*link).takeWindowUpdate,
	kindContinuation: (*link).takeContinuation,
}

// take takes a frame.
func (l *link) take(f frameHeader, payload []byte) error {
	if l.block.head.stream != 0 && (f.kind != kindContinuation || f.stream != l.block.head.stream) {
		return connError(ProtocolError, "a header block is interrupted")
	}
	if f.kind >= kinds {
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.spend() // of an extension that was not agreed on (RFC 9113 section 5.5)
	}
	return takers[f.kind](l, f, payload)
}

// takeData takes DATA (RFC 9113 section 6.1).
func (l *link) takeData(f frameHeader, payload []byte) error {
	if f.stream == 0 {
		return connError(ProtocolError, "DATA without a stream")
	}
	data, err := unpad(f, payload)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if int32(f.length) > l.open {
		return connError(FlowControlError, "more than the connection's window")
	}
	l.open -= int32(f.length)
	s := l.streams[f.stream]
	if s == nil || s.received || s.recvErr != nil {
		l.credit(f.length)
		return l.takeStrayData(f, s)
	}
	if len(data) == 0 && !f.has(flagEndStream) {
		err = l.spend()
	} else {
		l.earn()
	}
	if padding := f.length - len(data); padding > 0 {
		l.credit(padding)
	}
	s.takeData(f, data)
	return err
}

// first is the first error of two.
func first(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// takeStrayData takes DATA on a stream that takes none.
func (l *link) takeStrayData(f frameHeader, s *stream) error {
	switch {
	case s != nil && s.recvErr == nil && !s.sent:
		s.resetFor(StreamClosed, "DATA after the end")
		return l.spend()
	case !l.role.opened(f.stream):
		return connError(ProtocolError, "DATA on an idle stream")
	case l.client || l.recent.has(f.stream):
		return l.spend()
	}
	l.pending = appendReset(l.room(frameHeaderLen+4), f.stream, StreamClosed)
	return l.spend()
}

// takeData takes what DATA carries.
func (s *stream) takeData(f frameHeader, data []byte) {
	l := s.link
	if int32(f.length) > s.open {
		l.credit(len(data))
		s.resetFor(FlowControlError, "more than the stream's window")
		return
	}
	s.open -= int32(f.length)
	if s.call != nil && !s.call.final {
		l.credit(len(data))
		s.resetFor(ProtocolError, "DATA before the head")
		return
	}
	n := int64(len(data))
	if s.left != message.Unknown {
		s.left -= n
		if s.left < 0 || s.left > 0 && f.has(flagEndStream) {
			l.credit(len(data))
			s.resetFor(ProtocolError, "body of another length than content-length")
			return
		}
	}
	if padding := f.length - len(data); padding > 0 {
		s.credit(padding)
	}
	s.inbox.put(data)
	if f.has(flagEndStream) {
		s.endBody()
		return
	}
	s.readable.Signal()
}

// endBody notes that all of the body has come.
func (s *stream) endBody() {
	s.receive()
	s.readable.Broadcast()
	if s.sent {
		s.link.profit()
		if s.onDone != nil {
			s.onDone()
		}
	}
}

// resetFor ends the stream because of what the peer did.
func (s *stream) resetFor(code ErrCode, reason string) {
	s.link.squander()
	s.reset(code, &StreamError{Code: code, Reason: reason})
}

// takeHeaders takes HEADERS (RFC 9113 section 6.2).
func (l *link) takeHeaders(f frameHeader, payload []byte) error {
	if f.stream == 0 {
		return connError(ProtocolError, "HEADERS without a stream")
	}
	fragment, err := unpad(f, payload)
	if err != nil {
		return err
	}
	if f.has(flagPriority) {
		if len(fragment) < priorityLen {
			return connError(FrameSizeError, "no room for the priority")
		}
		f.selfish = dependsOnItself(f.stream, fragment)
		fragment = fragment[priorityLen:]
	}
	if !f.has(flagEndHeaders) {
		l.beginBlock(f, fragment)
		return nil
	}
	return l.role.headers(f, fragment)
}

const priorityLen = 5

// dependsOnItself says whether a priority makes a stream its own parent, which is an error although
// priorities mean nothing any more (RFC 9113 section 5.3.2, RFC 7540 section 5.3.1).
func dependsOnItself(stream uint32, priority []byte) bool {
	return binary.BigEndian.Uint32(priority)&maxWindow == stream
}

// takePriority takes PRIORITY (RFC 9113 section 6.3), which means nothing any more.
func (l *link) takePriority(f frameHeader, payload []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case f.stream == 0:
		return connError(ProtocolError, "PRIORITY without a stream")
	case f.length != priorityLen:
		return l.strayReset(f.stream, FrameSizeError, "PRIORITY of a wrong length")
	case dependsOnItself(f.stream, payload):
		return l.strayReset(f.stream, ProtocolError, "the stream depends on itself")
	}
	return l.spend()
}

// strayReset resets a stream that may be in any state, or none.
func (l *link) strayReset(id uint32, code ErrCode, reason string) error {
	if s := l.streams[id]; s != nil && (!s.sent || !s.received) {
		s.resetFor(code, reason)
		return nil
	}
	if !l.role.opened(id) { // RST_STREAM must not be sent for an idle stream
		return connError(code, reason)
	}
	l.pending = appendReset(l.room(frameHeaderLen+4), id, code)
	return l.spend()
}

// takeReset takes RST_STREAM (RFC 9113 section 6.4).
func (l *link) takeReset(f frameHeader, payload []byte) error {
	if f.stream == 0 {
		return connError(ProtocolError, "RST_STREAM without a stream")
	}
	if f.length != 4 {
		return connError(FrameSizeError, "RST_STREAM of a wrong length")
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.streams[f.stream]
	if s == nil {
		if !l.role.opened(f.stream) {
			return connError(ProtocolError, "RST_STREAM on an idle stream")
		}
		return l.spend()
	}
	if !s.sent {
		l.squander()
	}
	s.fail(resetBy(ErrCode(binary.BigEndian.Uint32(payload))))
	return l.overdrawn()
}

// takePushPromise refuses PUSH_PROMISE: no client may send it, and no server may to a client that has
// said so (RFC 9113 section 8.4).
func (l *link) takePushPromise(frameHeader, []byte) error {
	return connError(ProtocolError, "PUSH_PROMISE")
}

// takePing takes PING (RFC 9113 section 6.7).
func (l *link) takePing(f frameHeader, payload []byte) error {
	if f.length != pingLen {
		return connError(FrameSizeError, "PING of a wrong length")
	}
	if f.stream != 0 {
		return connError(ProtocolError, "PING with a stream")
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if f.has(flagAck) {
		l.role.pong()
	} else {
		l.pending = appendPing(l.room(frameHeaderLen+pingLen), flagAck, payload)
	}
	return l.spend()
}

// takeGoAway takes GOAWAY (RFC 9113 section 6.8).
func (l *link) takeGoAway(f frameHeader, payload []byte) error {
	if f.stream != 0 {
		return connError(ProtocolError, "GOAWAY with a stream")
	}
	if f.length < 8 {
		return connError(FrameSizeError, "GOAWAY of a wrong length")
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	last := binary.BigEndian.Uint32(payload) & maxWindow
	code := ErrCode(binary.BigEndian.Uint32(payload[4:]))
	if err := l.spend(); err != nil {
		return err
	}
	return l.role.goneAway(last, code)
}
