package http2

// windows are the flow-control windows of a connection (RFC 9113 section 5.2).
type windows struct {
	// send is what the peer takes, over all streams.
	send int32
	// open is what the peer may still send; owed is what has been taken and not yet been given back
	// to it; full is what it may send at most.
	open, owed, full int32
	// streamFull is what the peer may send on a new stream.
	streamFull int32
	// acked says that the peer has taken the settings in.
	acked bool
	// receiving is how many streams expect more.
	receiving int
}

func (w *windows) init(o limits) {
	w.send = defaultWindow
	w.open, w.full = o.connWindow, o.connWindow
	w.streamFull = o.streamWindow
}

// newStream is what the peer may send on a new stream: until it knows the settings, it takes the
// default for granted (RFC 9113 section 6.9.2).
func (w *windows) newStream() int32 {
	if !w.acked {
		return max(w.streamFull, defaultWindow)
	}
	return w.streamFull
}

// acknowledged notes that the peer knows the settings: it has made its windows smaller by then, if
// they are smaller than the default.
func (l *link) acknowledged() {
	if l.acked {
		return
	}
	less := l.newStream() - l.streamFull
	l.acked = true
	for _, s := range l.streams {
		s.open -= less
	}
}

// widen adds to a window, and says whether it is still one.
func widen(window *int32, increment int32) bool {
	sum := int64(*window) + int64(increment)
	if sum > maxWindow {
		return false
	}
	*window = int32(sum)
	return true
}

// credit gives back what was taken from the connection's window, in batches. With the lock.
func (l *link) credit(n int) {
	l.owed += int32(n)
	if l.owed >= l.full/2 {
		l.pending = appendWindowUpdate(l.room(frameHeaderLen+4), 0, l.owed)
		l.open += l.owed
		l.owed = 0
	}
}

// credit gives back what was taken from the stream's window. With the lock.
func (s *stream) credit(n int) {
	s.owed += int32(n)
	if s.owed >= s.full/2 && !s.received {
		s.link.pending = appendWindowUpdate(s.link.room(frameHeaderLen+4), s.id, s.owed)
		s.open += s.owed
		s.owed = 0
	}
}
