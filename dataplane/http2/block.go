package http2

import "time"

// blockBuffer gathers a header block that does not end with its HEADERS frame (RFC 9113 section 4.3).
// It is decoded when it is whole, so that each byte of it is looked at once however it was cut.
type blockBuffer struct {
	head    frameHeader // of the HEADERS frame; its stream is 0 while no block has begun
	bytes   []byte
	frames  int
	limit   int           // in bytes
	timeout time.Duration // from the first frame to the last one
	by      int64         // when it has to be whole
}

// minContinuation is how long CONTINUATION frames have to be on average, once there are many.
const minContinuation = 1024

func (b *blockBuffer) release() {
	if b.bytes != nil {
		putBuffer(b.bytes)
		b.bytes = nil
	}
	b.head = frameHeader{}
}

// beginBlock keeps a fragment until the rest has come.
func (l *link) beginBlock(f frameHeader, fragment []byte) {
	l.block.head = f
	l.block.frames = 0
	l.block.bytes = getBuffer(len(fragment))[:0]
	l.block.bytes = append(l.block.bytes, fragment...)
	if l.block.timeout > 0 {
		l.mu.Lock()
		l.block.by = timeoutOf(l.block.timeout)
		l.arm(l.block.by)
		l.mu.Unlock()
	}
}

// takeContinuation takes a CONTINUATION frame (RFC 9113 section 6.10); that it is of the block that
// has begun is known.
func (l *link) takeContinuation(f frameHeader, payload []byte) error {
	b := &l.block
	if b.head.stream == 0 {
		return connError(ProtocolError, "CONTINUATION without HEADERS")
	}
	b.frames++
	if len(b.bytes)+len(payload) > b.limit || b.frames > 16+b.limit/minContinuation {
		return connError(EnhanceYourCalm, "header block too long")
	}
	if need := len(b.bytes) + len(payload); need > cap(b.bytes) && need <= largeSize {
		bigger := getBuffer(need)[:0]
		bigger = append(bigger, b.bytes...)
		putBuffer(b.bytes)
		b.bytes = bigger
	}
	b.bytes = append(b.bytes, payload...)
	if !f.has(flagEndHeaders) {
		return nil
	}
	if b.by != 0 {
		l.mu.Lock()
		b.by = 0
		l.mu.Unlock()
	}
	head := b.head
	err := l.role.headers(head, b.bytes)
	b.release()
	return err
}
