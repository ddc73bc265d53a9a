package http1

import (
	"errors"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/message"
	"github.com/fleetgate/fleetgate/dataplane/socket"
)

// response is the state of the response to the request at hand.
type response struct {
	begun, ended, closing, chunked bool
	// left is how much of a body with a length is still to be written.
	left     int64
	bodiless bool
	tunnel   bool
}

var (
	errBodyLength = errors.New("the body does not have the length that its head says")
	errOrder      = errors.New("a part of the response was written out of its order")
)

// Close makes the response say that the connection ends after it; before Respond.
func (s *Server) Close() { s.response.closing = true }

// Begun says whether a final response has begun.
func (s *Server) Begun() bool { return s.response.begun }

var continueLine = []byte("HTTP/1.1 100 Continue\r\n\r\n")

// Continue tells a client that waits for it to send the body. It is to be called before Next by
// those who want the body, and never at the same time as a method of message.Responder.
func (s *Server) Continue() error {
	if !s.Request.Expect || s.response.begun {
		return nil
	}
	s.Request.Expect = false
	if s.Pending() {
		return nil // it did not wait
	}
	return s.write(continueLine)
}

// Inform implements message.Responder.
func (s *Server) Inform(r *message.Response) error {
	if s.Request.Version != message.HTTP11 || s.response.begun {
		return nil
	}
	out := socket.SmallBuffers.Get()
	defer out.Free()
	return s.write(AppendResponse(out.Bytes[:0], r, Framing{Version: s.Request.Version}))
}

// Respond implements message.Responder. The response is framed for the client's version; a status
// of 101 turns the connection into a tunnel.
func (s *Server) Respond(r *message.Response, piece []byte, last bool) error {
	if s.response.begun {
		return errOrder
	}
	framing := s.frame(r)
	out := socket.SmallBuffers.Get()
	defer out.Free()
	head := AppendResponse(out.Bytes[:0], r, framing)
	if s.response.tunnel {
		s.body.start(closed)
		s.body.keepEarly(s)
		return s.write(head)
	}
	if s.response.bodiless {
		s.response.ended = last
		return s.write(head)
	}
	return s.writePiece(head, piece, last)
}

// frame decides how the end of the body is told.
func (s *Server) frame(r *message.Response) Framing {
	state := &s.response
	state.begun = true
	state.tunnel = r.Status == 101
	state.bodiless = r.Bodiless || s.Request.Method == "HEAD" || r.Status == 204 || r.Status == 304
	state.left = r.ContentLength
	if !state.bodiless && !state.tunnel && r.ContentLength == message.Unknown {
		state.chunked = s.Request.Version == message.HTTP11
		state.closing = state.closing || !state.chunked
	}
	// Who was not told to continue may send the body or not: what follows cannot be told apart.
	state.closing = state.closing || s.lastWait > 0 || s.Request.Close || s.Request.Expect && s.Request.HasBody()
	return Framing{
		Version: s.Request.Version, Close: state.closing && !state.tunnel,
		KeepAlive: s.Request.Version == message.HTTP10 && !state.closing, Chunked: state.chunked,
	}
}

// Body implements message.Writer.
func (s *Server) Body(piece []byte, last bool) error {
	if !s.response.begun || s.response.ended {
		return errOrder
	}
	if s.response.bodiless {
		s.response.ended = s.response.ended || last
		return nil
	}
	return s.writePiece(nil, piece, last)
}

// Trail implements message.Writer. A client that does not get chunks gets no trailers.
func (s *Server) Trail(trailers []message.Field) error {
	if !s.response.chunked {
		return s.Body(nil, true)
	}
	if !s.response.begun || s.response.ended {
		return errOrder
	}
	s.response.ended = true
	out := socket.SmallBuffers.Get()
	defer out.Free()
	return s.write(AppendLastChunk(out.Bytes[:0], trailers))
}

// writePiece writes a piece of the body, framed, behind what is given of a head.
func (s *Server) writePiece(head, piece []byte, last bool) error {
	s.response.ended = last
	switch {
	case s.response.tunnel:
		return s.writeParts(head, piece, nil)
	case s.response.chunked:
		return s.writeChunk(head, piece, last)
	case s.response.left != message.Unknown:
		s.response.left -= int64(len(piece))
		if s.response.left < 0 || last && s.response.left > 0 {
			s.response.ended, s.response.closing = false, true
			return errBodyLength
		}
	}
	return s.writeParts(head, piece, nil)
}

var (
	chunkEnd     = []byte("\r\n")
	chunkEndLast = []byte("\r\n0\r\n\r\n")
	lastChunk    = []byte("0\r\n\r\n")
)

func (s *Server) writeChunk(head, piece []byte, last bool) error {
	if head == nil {
		out := socket.SmallBuffers.Get()
		defer out.Free()
		head = out.Bytes[:0]
	}
	var tail []byte
	switch {
	case len(piece) == 0 && last:
		tail = lastChunk
	case last:
		tail = chunkEndLast
	default:
		tail = chunkEnd
	}
	if len(piece) > 0 {
		head = AppendChunk(head, len(piece))
	} else if !last {
		tail = nil
	}
	return s.writeParts(head, piece, tail)
}

// writeParts sends small parts as one, copied behind the head if that has room, and large ones as they are.
func (s *Server) writeParts(head, piece, tail []byte) error {
	if len(piece)+len(tail) <= cap(head)-len(head) {
		return s.write(append(append(head, piece...), tail...))
	}
	if err := s.conn.WriteWithin(time.Now(), s.options.WriteTimeout); err != nil {
		return err
	}
	return s.conn.WriteParts(head, piece, tail)
}

func (s *Server) write(p []byte) error {
	if len(p) == 0 {
		return nil
	}
	if err := s.conn.WriteWithin(time.Now(), s.options.WriteTimeout); err != nil {
		return err
	}
	_, err := s.conn.Write(p)
	return err
}
