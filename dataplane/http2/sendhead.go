package http2

// beginHeaders begins a HEADERS frame, and tells where it begins in what is pending. With the lock.
func (l *link) beginHeaders() int {
	b := l.room(headSpace)
	start := len(b)
	b = appendFrameHeader(b, 0, kindHeaders, 0, 0)
	if !l.greeted {
		l.greeted = true
		b = append(b, noTable)
	}
	l.pending = b
	return start
}

// headSpace is what most heads need.
const headSpace = 2 << 10

// endHeaders ends the frame that begins at start, cutting what is longer than a frame may be into
// CONTINUATION frames. With the lock.
func (l *link) endHeaders(start int, stream uint32, ended bool) {
	var flags uint8
	if ended {
		flags = flagEndStream
	}
	block := l.pending[start+frameHeaderLen:]
	if len(block) <= maxFrameLen {
		appendFrameHeader(l.pending[:start], len(block), kindHeaders, flags|flagEndHeaders, stream)
		return
	}
	rest := append([]byte(nil), block[maxFrameLen:]...) // rare enough to be copied
	appendFrameHeader(l.pending[:start], maxFrameLen, kindHeaders, flags, stream)
	b := l.pending[:start+frameHeaderLen+maxFrameLen]
	for len(rest) > 0 {
		n := min(len(rest), maxFrameLen)
		flags = 0
		if n == len(rest) {
			flags = flagEndHeaders
		}
		b = append(appendFrameHeader(b, n, kindContinuation, flags, stream), rest[:n]...)
		rest = rest[n:]
	}
	l.pending = b
}
