package http1

import (
	"bytes"
	"errors"
	"io"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/message"
	"github.com/fleetgate/fleetgate/dataplane/socket"
)

// ErrSlowBody says that the next piece of a body did not come in time.
var ErrSlowBody = errors.New("the body came too slowly")

// kind is how a body is framed.
type kind uint8

const (
	none    kind = iota
	length       // by Content-Length
	chunked      // by the chunked transfer coding
	closed       // by the end of the connection; a tunnel too
)

// body reads a body: first what came with the head, then from the connection.
type body struct {
	kind kind
	// left is how much of a body with a length is still to come.
	left   int64
	chunks Chunks
	ended  bool
	// more holds what was read after the head's buffer was used up: more.Bytes[read:written] is not looked at yet.
	more          *socket.Buffer
	read, written int
	// plenty says that the last read filled its buffer, so that a larger one may be worth its memory.
	plenty bool
}

func (b *body) begin(contentLength int64) {
	switch {
	case contentLength == 0:
		b.start(none)
	case contentLength > 0:
		b.start(length)
		b.left = contentLength
	default:
		b.start(chunked)
	}
}

func (b *body) start(k kind) {
	b.kind, b.left, b.ended, b.plenty = k, 0, k == none, false
	if k == chunked {
		b.chunks.Reset()
	}
}

func (b *body) release() {
	b.more.Free()
	b.more, b.read, b.written = nil, 0, 0
}

// reader is where a body comes from: the rest of the head's buffer, and the connection.
type reader struct {
	conn          *socket.Conn
	head          []byte // head.Bytes[:written]
	read          *int
	patience      time.Duration
	keepsDeadline bool // the connection's owner sets deadlines itself
}

// next gives the next piece, as message.Body has it.
func (b *body) next(from *reader) ([]byte, error) {
	if b.ended {
		return nil, io.EOF
	}
	if pending := from.head[*from.read:]; len(pending) > 0 {
		piece, used, err := b.take(pending)
		*from.read += used
		if len(piece) > 0 || err != nil {
			return piece, err
		}
		b.carry(from)
	}
	for {
		if b.read < b.written {
			piece, used, err := b.take(b.more.Bytes[b.read:b.written])
			b.read += used
			if len(piece) > 0 || err != nil {
				return piece, err
			}
		}
		if err := b.fill(from); err != nil {
			return nil, err
		}
	}
}

// carry takes what is left of the head's buffer along, a chunk's line that is not whole, so that the
// rest of it can be read behind.
func (b *body) carry(from *reader) {
	if rest := from.head[*from.read:]; len(rest) > 0 {
		b.release()
		b.more = socket.LargeBuffers.Get()
		b.written = copy(b.more.Bytes, rest)
		*from.read += len(rest)
	}
}

// take gives the piece at the front of what is here, and how much of that is done with.
func (b *body) take(pending []byte) ([]byte, int, error) {
	switch b.kind {
	case chunked:
		piece, used, err := b.chunks.Next(pending)
		b.ended = errors.Is(err, io.EOF)
		return piece, used, err
	case length:
		n := int(min(int64(len(pending)), b.left))
		b.left -= int64(n)
		b.ended = b.left == 0
		return pending[:n], n, nil
	}
	return pending, len(pending), nil
}

// fill reads more from the connection. The buffer of the piece before is given back first, and the
// next one is taken when there is something to read.
func (b *body) fill(from *reader) error {
	if !from.keepsDeadline {
		if err := from.conn.ReadWithin(time.Now(), from.patience); err != nil {
			return err
		}
	}
	if b.more != nil && b.read == b.written {
		b.release() // with the piece that was given last
	}
	if b.more == nil {
		buffer, n, err := from.conn.Take(b.class())
		if err != nil {
			return b.fillError(from, err)
		}
		b.more, b.written = buffer, n
		b.plenty = n >= socket.Large
		return nil
	}
	// A chunk's line was cut in two.
	if b.read > 0 {
		b.written = copy(b.more.Bytes, b.more.Bytes[b.read:b.written])
		b.read = 0
	}
	n, err := from.conn.Read(b.more.Bytes[b.written:])
	b.written += n
	if err != nil {
		return b.fillError(from, err)
	}
	return nil
}

// class is where the next buffer is from. Large pieces cost less for each byte, but few have to share the memory.
func (b *body) class() *socket.Class {
	if b.plenty && (b.kind != length || b.left > socket.Large) && socket.HugeBuffers.InUse() < hugeBuffers {
		return socket.HugeBuffers
	}
	return socket.LargeBuffers
}

// hugeBuffers is about how many huge buffers may be in use: connections that are stuck, with whatever they hold,
// must not cost a multiple of what they would cost otherwise.
const hugeBuffers = 64

func (b *body) fillError(from *reader, err error) error {
	switch {
	case isTimeout(err) && from.keepsDeadline:
		return err
	case isTimeout(err):
		return ErrSlowBody
	case b.kind == closed && errors.Is(err, io.EOF):
		b.ended = true
		return io.EOF
	}
	return cut(err)
}

// here says that a piece, or the end, can be had without waiting.
func (b *body) here(from *reader) bool {
	return b.ended || *from.read < len(from.head) || b.read < b.written
}

// whole says that the body has ended, without trailers. An end that is here right behind a chunk is read for this.
func (b *body) whole(from *reader) bool {
	if b.kind == chunked && !b.ended {
		b.takeLastChunk(from)
	}
	return b.ended && (b.kind != chunked || len(b.chunks.Trailers()) == 0)
}

func (b *body) takeLastChunk(from *reader) {
	pending, at := from.head[*from.read:], from.read
	if len(pending) == 0 && b.more != nil {
		pending, at = b.more.Bytes[b.read:b.written], &b.read
	}
	for _, end := range [...][]byte{chunkEndLast, lastChunk} {
		if !bytes.HasPrefix(pending, end) {
			continue
		}
		// What follows data that is complete can be nothing but its end.
		_, used, err := b.chunks.Next(pending[:len(end)])
		*at += used
		b.ended = errors.Is(err, io.EOF)
		return
	}
}

// Next implements message.Body for the request's body.
func (s *Server) Next() ([]byte, error) {
	from := s.reader()
	return s.body.next(&from)
}

// Here says that Next would not block.
func (s *Server) Here() bool {
	from := s.reader()
	return s.body.here(&from)
}

// Ended implements message.Body.
func (s *Server) Ended() bool {
	from := s.reader()
	return s.body.whole(&from)
}

// Trailers implements message.Body.
func (s *Server) Trailers() []message.Field {
	if s.body.kind != chunked {
		return nil
	}
	return s.body.chunks.Trailers()
}

func (s *Server) reader() reader {
	r := reader{conn: s.conn, read: &s.read, patience: s.options.BodyTimeout, keepsDeadline: s.body.kind == closed}
	if s.head != nil {
		r.head = s.head.Bytes[:s.written]
	}
	return r
}

// drainLimit bounds what is read of a body that nobody wants, to keep its connection.
const drainLimit = 64 << 10

// drained reads what is here of a body that nobody wanted, and says whether that was all of it. It
// waits for nothing: a client that still sends would hold the connection up.
func (s *Server) drained() bool {
	for total := 0; !s.body.ended; {
		if s.Request.Expect || !s.Here() {
			return false
		}
		piece, err := s.Next()
		if err != nil {
			return errors.Is(err, io.EOF)
		}
		if total += len(piece); total > drainLimit {
			return false
		}
	}
	return true
}

// keepEarly makes the byte that Watch read the beginning of a tunnel.
func (b *body) keepEarly(s *Server) {
	if !s.hasEarly {
		return
	}
	b.release()
	b.more, b.written, s.hasEarly = socket.LargeBuffers.Get(), 1, false
	b.more.Bytes[0] = s.early[0]
}

// keepRest makes what was read past the body the beginning of the next request.
func (b *body) keepRest(s *Server) {
	if b.more != nil && b.read < b.written {
		s.head.Free()
		s.head, s.read, s.written = b.more, b.read, b.written
		b.more, b.read, b.written = nil, 0, 0
		return
	}
	b.release()
	if s.read < s.written && s.read > 0 {
		// Pipelined: the next head begins at the front, so that it has the whole buffer.
		s.written = copy(s.head.Bytes, s.head.Bytes[s.read:s.written])
		s.read = 0
	}
}
