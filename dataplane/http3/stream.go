package http3

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/fleetgate/fleetgate/dataplane/head"
	"github.com/fleetgate/fleetgate/dataplane/message"
)

var (
	_ message.Body      = (*Stream)(nil)
	_ message.Responder = (*Stream)(nil)
)

// Stream is one request and its response: it implements message.Body and message.Responder. It is valid
// until the handler returns. One goroutine may read the body while another one writes.
//
// When the handler returns before the response has ended, the stream is reset with H3_INTERNAL_ERROR.
// When the response has ended and the request has not, the client is told with H3_NO_ERROR to stop.
type Stream struct {
	// Request is the head of the request. Its strings and fields are valid until the handler returns.
	Request message.Request

	server *Server
	quic   *quic.Stream
	in     inbound
	memory *memory

	head, sent bool // the final head, and the end, have been sent

	mutex  sync.Mutex
	cancel func()
	unhook func() bool
}

// memory is what streams use again.
type memory struct {
	list    head.List
	fields  []message.Field
	section []byte // what the request is a view of
	cookies []byte // what a Cookie field that was joined is a view of
}

var memories = sync.Pool{New: func() any { return &memory{} }}

// serve serves the request of a stream.
func (s *Server) serve(q *quic.Stream) {
	st := &Stream{server: s, quic: q, memory: memories.Get().(*memory)} //nolint:errcheck // New makes nothing else
	st.in = inbound{
		from: q, limit: 2 * s.options.MaxHeaderBytes, body: message.Unknown,
		block: st.memory.section[:0], takeTrailers: st.takeTrailers,
	}
	st.memory.list.MaxBytes, st.memory.list.MaxFields = s.options.MaxHeaderBytes, s.options.MaxFields
	if st.receive() {
		s.handle(st)
	}
	st.end()
}

// receive reads the head of the request, and says whether there is one for the handler. If not, the
// stream has been answered, or fails.
func (st *Stream) receive() bool {
	err := st.in.awaitHead(time.Now().Add(st.server.options.HeaderTimeout))
	switch {
	case errors.Is(err, errLargeSection):
		st.answer(head.Large)
		return false
	case errors.Is(err, ErrTimeout):
		err = streamError(RequestIncomplete, "the head takes too long")
	case err == nil:
		err = st.decode()
	}
	if err == nil && st.mayHaveNoBody() {
		if err = st.in.settle(settleTime); err == nil && st.in.Ended() {
			st.Request.ContentLength = 0
		}
	}
	if err != nil {
		st.fail(err)
		return false
	}
	if v := st.memory.list.Verdict; v != head.Sound {
		st.answer(v)
		return false
	}
	return true
}

// decode makes the request of its field section.
func (st *Stream) decode() error {
	m := st.memory
	m.section, st.in.block = st.in.block, nil
	m.list.Begin(head.Request, m.fields[:0])
	if err := decodeSection(m.section, &m.list); err != nil {
		return err
	}
	r := &st.Request
	var v head.Verdict
	v, m.cookies = m.list.Request(r, st.in.Ended(), m.cookies)
	if v == head.Malformed {
		return streamError(MessageError, m.list.Reason)
	}
	r.Version = message.HTTP3
	m.fields, st.in.body = r.Fields, r.ContentLength
	return nil
}

// settleTime is how long the end of a request that seems to have no body is waited for.
const settleTime = 20 * time.Millisecond

// mayHaveNoBody says whether the request is of a method that has no body as a rule, and did not come
// together with its end: QUIC carries that alone at times.
func (st *Stream) mayHaveNoBody() bool {
	if st.Request.ContentLength != message.Unknown {
		return false
	}
	switch st.Request.Method {
	case "GET", "HEAD", "OPTIONS", "DELETE", "TRACE":
		return true
	}
	return false
}

// takeTrailers decodes the field section behind a body.
func (st *Stream) takeTrailers(section []byte) ([]message.Field, error) {
	list := head.List{MaxBytes: st.server.options.MaxHeaderBytes, MaxFields: st.server.options.MaxFields}
	list.Begin(head.Trailers, nil)
	if err := decodeSection(section, &list); err != nil {
		return nil, err
	}
	if list.Verdict != head.Sound {
		return nil, streamError(MessageError, list.Reason)
	}
	return list.Fields, nil
}

// answer answers a request that no handler gets to see.
func (st *Stream) answer(v head.Verdict) {
	response := message.Response{Status: 400}
	if v == head.Large {
		response.Status = 431
	}
	_ = st.Respond(&response, nil, true) // there is nobody else to tell
}

// Next implements message.Body. What is wrong with a body ends the stream, or the connection.
func (st *Stream) Next() ([]byte, error) {
	piece, err := st.in.Next()
	if err != nil && !errors.Is(err, io.EOF) {
		st.fail(err)
	}
	return piece, err
}

// Here says that Next would not wait. It may say false although it is so.
func (st *Stream) Here() bool { return st.in.Here() }

// Ended implements message.Body.
func (st *Stream) Ended() bool { return st.in.Ended() }

// Trailers implements message.Body: the trailers, once Next has given io.EOF. Names are in lower case.
func (st *Stream) Trailers() []message.Field { return st.in.Trailers() }

// SetReadTimeout bounds each Next: it gives ErrTimeout when no piece has come for that long. 0 is no
// bound.
func (st *Stream) SetReadTimeout(d time.Duration) { st.in.timeout = d }

// fail does what an error of this side asks for: the end of the stream, or of the connection.
func (st *Stream) fail(err error) {
	if e, ok := errors.AsType[*StreamError](err); ok && !e.Remote {
		st.reset(e.Code)
		return
	}
	st.server.fail(err)
}

// OnCancel has f called when the client no longer wants the response or the connection ends, once. nil
// takes it back: when OnCancel has returned, f is not running. f must not block, and must not use the
// stream.
func (st *Stream) OnCancel(f func()) {
	st.mutex.Lock()
	defer st.mutex.Unlock()
	st.cancel = f
	if f != nil && st.unhook == nil {
		st.unhook = context.AfterFunc(st.quic.Context(), st.canceled)
	}
}

func (st *Stream) canceled() {
	st.mutex.Lock()
	defer st.mutex.Unlock()
	if f := st.cancel; f != nil {
		st.cancel = nil
		f()
	}
}

// Stop tells the client that nothing more of the request is wanted, and makes Next fail. The response
// goes on.
func (st *Stream) Stop() { st.quic.CancelRead(quic.StreamErrorCode(NoError)) }

// Abort resets the stream; everything fails from then on.
func (st *Stream) Abort(code ErrCode) {
	st.OnCancel(nil)
	st.reset(code)
}

func (st *Stream) reset(code ErrCode) {
	st.quic.CancelRead(quic.StreamErrorCode(code))
	st.quic.CancelWrite(quic.StreamErrorCode(code))
}

// end ends what has not ended, and gives the memory back.
func (st *Stream) end() {
	st.OnCancel(nil)
	st.unhookCancel()
	if !st.sent {
		st.quic.CancelWrite(quic.StreamErrorCode(InternalError))
	}
	st.quic.CancelRead(quic.StreamErrorCode(NoError))
	st.in.release()
	if m := st.memory; cap(m.section) <= maxKeptSection {
		clear(m.fields)
		memories.Put(m)
	}
}

// maxKeptSection bounds the memory for a field section that is used again.
const maxKeptSection = 16 << 10

// unhookCancel has the end of the response not taken for a client that leaves.
func (st *Stream) unhookCancel() {
	st.mutex.Lock()
	defer st.mutex.Unlock()
	if st.unhook != nil {
		st.unhook()
	}
}
