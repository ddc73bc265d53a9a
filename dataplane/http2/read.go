package http2

import (
	"errors"
	"io"
	"net"
)

// napSize is the length of the buffer that a connection has always. What a request without a body
// takes fits, so that connections of such requests take no other buffer.
const napSize = 512

// input is the reading side, of the reading goroutine.
type input struct {
	from   net.Conn
	buf    []byte // the nap, or from a pool
	pooled bool
	r, w   int // what is buffered
	last   int // how much the last read gave
	reads  int // how many there have been, with the lock
	nap    [napSize]byte
}

func (in *input) init(conn net.Conn) {
	in.from = conn
	in.buf = in.nap[:]
}

// fill takes what has been read already.
func (in *input) fill(first []byte) {
	if len(first) > napSize {
		in.grow(len(first))
	}
	in.w = copy(in.buf, first)
}

// grow moves what is buffered to a buffer of at least n bytes, and to its front.
func (in *input) grow(n int) {
	bigger := getBuffer(max(n, smallSize))
	kept := copy(bigger, in.buf[in.r:in.w])
	in.release()
	in.buf, in.pooled = bigger, true
	in.r, in.w = 0, kept
}

// release goes back to the nap, forgetting what is buffered.
func (in *input) release() {
	if in.pooled {
		putBuffer(in.buf)
	}
	in.buf, in.pooled = in.nap[:], false
	in.r, in.w = 0, 0
}

// frame gives the next frame; its payload is valid until the next call.
func (l *link) frame() (frameHeader, []byte, error) {
	if err := l.need(frameHeaderLen); err != nil {
		return frameHeader{}, nil, err
	}
	f := parseFrameHeader(l.buf[l.r:])
	if f.length > maxFrameLen {
		return f, nil, connError(FrameSizeError, "frame too long")
	}
	if err := l.need(frameHeaderLen + f.length); err != nil {
		return f, nil, err
	}
	start, end := l.r+frameHeaderLen, l.r+frameHeaderLen+f.length
	l.r = end
	return f, l.buf[start:end:end], nil
}

// need reads until n bytes are buffered.
func (l *link) need(n int) error {
	for l.w-l.r < n {
		large, err := l.beforeRead()
		if err != nil {
			return err
		}
		l.prepare(n, large)
		k, err := l.from.Read(l.buf[l.w:])
		l.w += k
		l.last = k
		if err != nil && k == 0 {
			return l.readError(err)
		}
	}
	return nil
}

// prepare makes room for n bytes in all, in a buffer that suits what is expected: one from the pool
// when a frame needs it, or when bodies are coming and the last read was not a small one.
func (in *input) prepare(n int, large bool) {
	if in.r < in.w {
		switch {
		case n > len(in.buf):
			in.grow(n)
		case in.r > 0:
			in.w = copy(in.buf, in.buf[in.r:in.w])
			in.r = 0
		}
		return
	}
	switch {
	case !large || in.last < napSize:
		in.release()
	case in.last == len(in.buf) && len(in.buf) == smallSize:
		in.grow(largeSize)
	case !in.pooled:
		in.grow(smallSize)
	}
	in.r, in.w = 0, 0
}

// beforeRead lets the answers that wait go, since the next bytes may take long. It tells whether
// bodies are to be expected.
func (l *link) beforeRead() (large bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stop != nil {
		return false, l.stop
	}
	if len(l.pending) > maxPending {
		return false, connError(EnhanceYourCalm, "frames are answered but the answers are not read")
	}
	l.push()
	l.reads++
	return l.receiving > 0, nil
}

// readError says why reading has ended.
func (l *link) readError(err error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.stop != nil:
		return l.stop
	case l.err != nil:
		return l.err
	case errors.Is(err, io.EOF) && l.r < l.w:
		return io.ErrUnexpectedEOF
	}
	return err
}
