package http2

import "encoding/binary"

// takeSettings takes SETTINGS (RFC 9113 section 6.5).
func (l *link) takeSettings(f frameHeader, payload []byte) error {
	if f.stream != 0 {
		return connError(ProtocolError, "SETTINGS with a stream")
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if f.has(flagAck) {
		if f.length != 0 {
			return connError(FrameSizeError, "SETTINGS with an answer")
		}
		l.acknowledged()
		return l.spend()
	}
	if f.length%settingLen != 0 {
		return connError(FrameSizeError, "SETTINGS of a wrong length")
	}
	was := l.peer.initialWindow
	if err := l.peer.apply(payload, l.client); err != nil {
		return err
	}
	// The windows of all streams change with the initial one; they may become negative (section 6.9.2).
	if change := int64(l.peer.initialWindow) - int64(was); change != 0 {
		for _, s := range l.streams {
			window := int64(s.window) + change
			if window > maxWindow {
				return connError(FlowControlError, "SETTINGS_INITIAL_WINDOW_SIZE is too large for a window")
			}
			s.window = int32(window)
			s.writable.Broadcast()
		}
	}
	l.pending = appendFrameHeader(l.room(frameHeaderLen), 0, kindSettings, flagAck, 0)
	l.role.peerChanged()
	return l.spend()
}

// takeWindowUpdate takes WINDOW_UPDATE (RFC 9113 section 6.9).
func (l *link) takeWindowUpdate(f frameHeader, payload []byte) error {
	if f.length != 4 {
		return connError(FrameSizeError, "WINDOW_UPDATE of a wrong length")
	}
	increment := int32(binary.BigEndian.Uint32(payload) & maxWindow)
	l.mu.Lock()
	defer l.mu.Unlock()
	if f.stream == 0 {
		return l.widenAll(increment)
	}
	s := l.streams[f.stream]
	switch {
	case s == nil && !l.role.opened(f.stream):
		return connError(ProtocolError, "WINDOW_UPDATE on an idle stream")
	case s == nil:
	case increment == 0:
		s.resetFor(ProtocolError, "WINDOW_UPDATE of nothing")
	case !widen(&s.window, increment):
		s.resetFor(FlowControlError, "the stream's window is too large")
	default:
		s.writable.Broadcast()
	}
	return first(l.spend(), l.overdrawn())
}

// widenAll widens the connection's window.
func (l *link) widenAll(increment int32) error {
	if increment == 0 {
		return connError(ProtocolError, "WINDOW_UPDATE of nothing")
	}
	if !widen(&l.send, increment) {
		return connError(FlowControlError, "the connection's window is too large")
	}
	l.bodies.wake()
	return l.spend()
}
