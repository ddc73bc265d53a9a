package http3

import (
	"errors"
	"io"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/message"
	"github.com/fleetgate/fleetgate/dataplane/socket"
)

// source is where the bytes of a stream come from: a stream of QUIC.
type source interface {
	Read(p []byte) (int, error)
	SetReadDeadline(t time.Time) error
}

// phase is how far a request has come.
type phase uint8

const (
	awaitsHead phase = iota
	awaitsBody
	hasTrailers
)

// inbound is what a client sends on the stream of a request: a head, pieces of a body, and perhaps
// trailers (RFC 9114 section 4.1). It is read by one goroutine at a time.
type inbound struct {
	from  source
	limit int // of a field section, encoded, in bytes

	buffer *socket.Buffer
	r, w   int  // what of the buffer is filled and has not been taken
	fin    bool // the client has ended the stream
	err    error

	phase phase
	kind  kind
	left  uint64 // what of the frame has to come
	block []byte // the field section that comes, or came last
	body  int64  // what of the body has to come; message.Unknown if that is not known

	trailers     []message.Field
	takeTrailers func(block []byte) ([]message.Field, error)

	timeout time.Duration // of each Next; 0 for none
	by      time.Time     // when the Next under way has to be over; zero before it waits
}

// awaitHead reads until block is the request's field section.
func (in *inbound) awaitHead(by time.Time) error {
	if err := in.from.SetReadDeadline(by); err != nil {
		return fromQUIC(err)
	}
	for in.phase == awaitsHead {
		if err := in.step(); err != nil {
			return err
		}
	}
	return fromQUIC(in.from.SetReadDeadline(time.Time{}))
}

// settle waits for a moment for what follows the head, which may be no more than the stream's end. It
// gives what is wrong with it, if anything is.
func (in *inbound) settle(wait time.Duration) error {
	if err := in.from.SetReadDeadline(time.Now().Add(wait)); err != nil {
		return fromQUIC(err)
	}
	for !in.ready() {
		if err := in.step(); errors.Is(err, io.EOF) || errors.Is(err, ErrTimeout) {
			break
		} else if err != nil {
			return err
		}
	}
	return fromQUIC(in.from.SetReadDeadline(time.Time{}))
}

// ready says whether a piece of the body is in the buffer.
func (in *inbound) ready() bool {
	return in.phase == awaitsBody && in.kind == kindData && in.left > 0 && in.r < in.w
}

// Next implements message.Body. It gives ErrTimeout when no piece has come for as long as it may take.
func (in *inbound) Next() ([]byte, error) {
	in.by = time.Time{}
	for !in.ready() {
		if err := in.step(); err != nil {
			return nil, err
		}
	}
	n := int(min(in.left, uint64(in.w-in.r)))
	piece := in.buffer.Bytes[in.r : in.r+n : in.r+n]
	in.r += n
	in.left -= uint64(n)
	return piece, nil
}

// Here says that Next would not wait, as far as that can be told without asking QUIC.
func (in *inbound) Here() bool {
	return in.ready() || in.err != nil || in.Ended()
}

// Ended implements message.Body.
func (in *inbound) Ended() bool {
	if in.err != nil {
		return errors.Is(in.err, io.EOF) && len(in.trailers) == 0
	}
	return in.fin && in.r == in.w && in.left == 0 && in.body <= 0 && in.phase == awaitsBody
}

// Trailers implements message.Body. Names are in lower case.
func (in *inbound) Trailers() []message.Field { return in.trailers }

// step takes what is in the buffer, up to the next frame at most, or reads more. What it gives but
// ErrTimeout is final.
func (in *inbound) step() error {
	if in.err != nil {
		return in.err
	}
	moved, err := in.take()
	if err == nil && !moved {
		err = in.fill()
	}
	if err != nil && !errors.Is(err, ErrTimeout) {
		in.err = err
	}
	return err
}

// take takes a part of a frame that is not DATA, or the beginning of any frame; it is false when there is
// too little in the buffer.
func (in *inbound) take() (bool, error) {
	if in.left == 0 {
		return in.beginFrame()
	}
	n := int(min(in.left, uint64(in.w-in.r)))
	if n == 0 {
		return false, nil
	}
	piece := in.buffer.Bytes[in.r : in.r+n]
	in.r += n
	in.left -= uint64(n)
	if in.kind != kindHeaders {
		return true, nil // a frame that nobody knows (RFC 9114 section 9)
	}
	in.block = append(in.block, piece...)
	if in.left > 0 {
		return true, nil
	}
	return true, in.endSection()
}

// beginFrame takes the type and the length of a frame.
func (in *inbound) beginFrame() (bool, error) {
	if in.r == in.w {
		return false, nil
	}
	k, length, n := parseFrameHeader(in.buffer.Bytes[in.r:in.w])
	if n == 0 {
		return false, nil
	}
	in.r += n
	in.kind, in.left = k, length
	switch {
	case k.isControl() || k.isHTTP2():
		return true, connError(FrameUnexpected, "a frame that requests have not")
	case k == kindHeaders:
		return true, in.beginSection()
	case k == kindData:
		return true, in.beginData()
	}
	return true, nil
}

func (in *inbound) beginSection() error {
	switch {
	case in.phase == hasTrailers:
		return connError(FrameUnexpected, "HEADERS after trailers")
	case in.left > uint64(in.limit) && in.phase == awaitsHead:
		return errLargeSection
	case in.left > uint64(in.limit):
		return streamError(ExcessiveLoad, "trailers too large")
	case in.left == 0:
		return in.endSection()
	}
	return nil
}

// errLargeSection says that a request's field section is too large to be decoded.
var errLargeSection = errors.New("http3: field section too large")

func (in *inbound) beginData() error {
	if in.phase != awaitsBody {
		return connError(FrameUnexpected, "DATA outside of a body")
	}
	if in.body == message.Unknown {
		return nil
	}
	if in.left > uint64(in.body) {
		return streamError(MessageError, "body longer than content-length")
	}
	in.body -= int64(in.left)
	return nil
}

func (in *inbound) endSection() error {
	if in.phase == awaitsHead {
		in.phase = awaitsBody
		return nil
	}
	in.phase = hasTrailers
	var err error
	in.trailers, err = in.takeTrailers(in.block)
	return err
}

// fill reads more. What was given out is not valid any more.
func (in *inbound) fill() error {
	if in.fin {
		return in.finish()
	}
	switch {
	case in.buffer == nil:
		in.buffer = socket.SmallBuffers.Get()
	case in.phase != awaitsHead && in.r == in.w && len(in.buffer.Bytes) < socket.Large && in.left > socket.Small:
		in.buffer.Free()
		in.buffer = socket.LargeBuffers.Get()
	}
	in.w = copy(in.buffer.Bytes, in.buffer.Bytes[in.r:in.w])
	in.r = 0
	if err := in.startWait(); err != nil {
		return fromQUIC(err)
	}
	n, err := in.from.Read(in.buffer.Bytes[in.w:])
	in.w += n
	switch {
	case errors.Is(err, io.EOF):
		in.fin = true
	case n == 0:
		return fromQUIC(err) // an error with bytes is met again at the next read
	}
	return nil
}

// startWait sets when the Next under way has to be over, once.
func (in *inbound) startWait() error {
	if in.timeout == 0 || !in.by.IsZero() || in.phase == awaitsHead {
		return nil
	}
	in.by = time.Now().Add(in.timeout)
	return in.from.SetReadDeadline(in.by)
}

// finish says what the end of the stream means where it came.
func (in *inbound) finish() error {
	switch {
	case in.left > 0 || in.r < in.w:
		return connError(FrameError, "a frame is cut short")
	case in.phase == awaitsHead:
		return streamError(RequestIncomplete, "no head")
	case in.body > 0:
		return streamError(MessageError, "body shorter than content-length")
	}
	return io.EOF
}

// release gives the memory back.
func (in *inbound) release() {
	in.buffer.Free()
	in.buffer = nil
}
