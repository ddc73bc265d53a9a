package http3

import (
	"time"

	"github.com/fleetgate/fleetgate/dataplane/message"
	"github.com/fleetgate/fleetgate/dataplane/socket"
)

// Inform implements message.Responder. 101 is left out, since HTTP/3 has none (RFC 9114 section 4.5).
func (st *Stream) Inform(r *message.Response) error {
	if r.Status == 101 {
		return nil
	}
	return st.Respond(r, nil, false)
}

// Respond implements message.Responder. It waits for the client's windows, and fails with ErrTimeout when
// a write takes longer than ServerOptions.WriteTimeout.
func (st *Stream) Respond(r *message.Response, piece []byte, last bool) error {
	if st.head {
		return ErrOrder
	}
	st.head = r.Status >= 200
	buffer := socket.SmallBuffers.Get()
	defer buffer.Free()
	b := appendResponse(buffer.Bytes[:0], r, st.Request.Method == "CONNECT")
	return st.write(b, piece, last)
}

// Body implements message.Writer.
func (st *Stream) Body(piece []byte, last bool) error {
	if !st.head || st.sent {
		return ErrOrder
	}
	buffer := socket.SmallBuffers.Get()
	defer buffer.Free()
	return st.write(buffer.Bytes[:0], piece, last)
}

// Trail implements message.Writer.
func (st *Stream) Trail(trailers []message.Field) error {
	if !st.head || st.sent {
		return ErrOrder
	}
	buffer := socket.SmallBuffers.Get()
	defer buffer.Free()
	return st.write(appendTrailers(buffer.Bytes[:0], trailers), nil, true)
}

// write writes what b has, a piece as DATA, and the end of the stream. What is short goes out in one go.
func (st *Stream) write(b, piece []byte, last bool) error {
	if len(piece) > 0 {
		b = appendFrameHeader(b, kindData, len(piece))
		if len(b)+len(piece) <= cap(b) {
			b, piece = append(b, piece...), nil
		}
	}
	if len(b) > 0 {
		if err := st.put(b); err != nil {
			return err
		}
	}
	if len(piece) > 0 {
		if err := st.put(piece); err != nil {
			return err
		}
	}
	if !last {
		return nil
	}
	st.sent = true
	st.unhookCancel()
	return fromQUIC(st.quic.Close())
}

func (st *Stream) put(b []byte) error {
	if err := st.quic.SetWriteDeadline(time.Now().Add(st.server.options.WriteTimeout)); err != nil {
		return fromQUIC(err)
	}
	_, err := st.quic.Write(b)
	return fromQUIC(err)
}
