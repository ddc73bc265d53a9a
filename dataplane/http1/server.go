package http1

import (
	"cmp"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/message"
	"github.com/fleetgate/fleetgate/dataplane/socket"
)

// ServerOptions are limits of a client's connection.
type ServerOptions struct {
	// Limits of a request's head. Its bytes are at most socket.Large.
	Limits Limits
	// IdleTimeout is how long the connection may be without a request, HeadTimeout how long a head
	// may take from its first byte, BodyTimeout and WriteTimeout how long a piece of a body may
	// take to come or to go.
	IdleTimeout, HeadTimeout, BodyTimeout, WriteTimeout time.Duration
	// QuietTime is how long ReadRequest waits until it gives ErrQuiet, or up to a half longer; 0 for never.
	QuietTime time.Duration
}

// Server is the server's half of a connection: it reads requests and writes their responses, one
// after the other. It implements message.Body and message.Responder for the request at hand. One
// goroutine may use the methods of Body while another one uses those of Responder.
type Server struct {
	// Request is the request at hand, from ReadRequest to Finish.
	Request message.Request

	conn    *socket.Conn
	options *ServerOptions
	// head holds the request's head, and what came with it: head.Bytes[read:written] is not looked at yet.
	head          *socket.Buffer
	read, written int
	body          body
	response      response
	// early is a byte that Watch read.
	early    [1]byte
	hasEarly bool
	// lastWait is how long to wait for the last request, once there is to be a last one.
	lastWait time.Duration
	// staying says that there is no QuietTime for the next request.
	staying bool
}

var servers = sync.Pool{New: func() any { return &Server{} }}

// NewServer makes the server's half of a connection.
func NewServer(conn *socket.Conn, options *ServerOptions) *Server {
	s := servers.Get().(*Server) //nolint:errcheck // New makes nothing else
	s.conn, s.options = conn, options
	return s
}

// Free is Release for a Server that nobody will use any more, which lets another connection have its memory.
func (s *Server) Free() {
	s.Release()
	s.Request.Reset()
	s.body.chunks.Reset()
	fields, trailers := s.Request.Fields, s.body.chunks.trailers
	*s = Server{}
	s.Request.Fields, s.body.chunks.trailers = fields, trailers
	servers.Put(s)
}

// Feed gives the Server bytes that were read from the connection before; buffer becomes the
// Server's. It must be called before the first ReadRequest.
func (s *Server) Feed(buffer *socket.Buffer, n int) {
	s.head, s.read, s.written = buffer, 0, n
}

// ErrIdle says that the connection ended, or its time was over, between two requests.
var ErrIdle = errors.New("no further request")

// ErrQuiet says that no request came within QuietTime. The connection is as before: ReadRequest may be called
// again, or another Server be made for it when there is something to read.
var ErrQuiet = errors.New("no request for a while")

// Stay makes the next ReadRequest wait for IdleTimeout, without an ErrQuiet.
func (s *Server) Stay() { s.staying = true }

// ReadRequest reads the next request's head. The error is ErrIdle, ErrQuiet, a *Fault that is to be answered
// before the connection is closed, or one of the connection. idle is called when the wait for the
// first byte begins, and with false when it is over; it may be nil.
func (s *Server) ReadRequest(idle func(bool)) error {
	s.Request.Reset()
	s.response, s.body.ended = response{}, false
	if err := s.first(idle); err != nil {
		return err
	}
	end, err := s.wholeHead()
	if err != nil {
		return err
	}
	head := s.head.Bytes[s.read : s.read+end]
	s.read += end
	if limit := s.options.Limits.Bytes; limit > 0 && end > limit {
		return TooLarge(head[:limit])
	}
	if err := ParseRequest(head, &s.Request, s.options.Limits); err != nil {
		return err
	}
	s.body.begin(s.Request.ContentLength)
	return nil
}

// first waits for the first byte of a request, without a buffer.
func (s *Server) first(idle func(bool)) error {
	if s.read < s.written {
		return nil
	}
	s.head.Free()
	s.head, s.read, s.written = nil, 0, 0
	if s.hasEarly {
		s.head, s.hasEarly = socket.SmallBuffers.Get(), false
		s.head.Bytes[0], s.written = s.early[0], 1
		return nil
	}
	if idle != nil {
		idle(true)
		defer idle(false)
	}
	quiet := s.options.QuietTime
	if s.lastWait > 0 || s.staying {
		quiet = 0
	}
	if err := s.patience(quiet); err != nil {
		return ErrIdle
	}
	buffer, n, err := s.conn.Take(socket.SmallBuffers)
	switch {
	case err == nil:
		s.head, s.written, s.staying = buffer, n, false
		return s.conn.Resume() // it came in time
	case quiet > 0 && isTimeout(err) && !s.conn.Interrupted():
		return ErrQuiet
	}
	return ErrIdle
}

// patience sets how long the first byte may take.
func (s *Server) patience(quiet time.Duration) error {
	now := time.Now()
	if quiet > 0 {
		return s.conn.ReadBetween(now.Add(quiet), quiet/2)
	}
	return s.conn.ReadWithin(now, cmp.Or(s.lastWait, s.options.IdleTimeout))
}

// wholeHead reads until the head at s.read is complete and gives its length.
func (s *Server) wholeHead() (int, error) {
	seen, late := 0, false
	for {
		end, err := HeadEnd(s.head.Bytes[s.read:s.written], seen)
		if err != nil || end > 0 {
			return end, err
		}
		seen = s.written - s.read
		if err := s.room(); err != nil {
			return 0, err
		}
		if !late {
			late = true
			if err := s.conn.ReadUntil(time.Now().Add(s.options.HeadTimeout)); err != nil {
				return 0, err
			}
		}
		n, err := s.conn.Read(s.head.Bytes[s.written:])
		if err != nil {
			return 0, headError(err)
		}
		s.written += n
	}
}

// headError makes the fault of a head that does not come.
func headError(err error) error {
	if isTimeout(err) {
		return errSlowHead
	}
	return err
}

var errSlowHead = &Fault{Status: 408, Reason: "slow_head"}

// room makes room in the head's buffer: first by moving it to the front, then by a larger buffer.
func (s *Server) room() error {
	pending := s.written - s.read
	if limit := s.options.Limits.Bytes; limit > 0 && pending >= limit {
		return TooLarge(s.head.Bytes[s.read:s.written])
	}
	if s.written < len(s.head.Bytes) {
		return nil
	}
	if pending < len(s.head.Bytes)/2 {
		copy(s.head.Bytes, s.head.Bytes[s.read:s.written])
	} else {
		larger := socket.LargeBuffers.Get()
		copy(larger.Bytes, s.head.Bytes[s.read:s.written])
		s.head.Free()
		s.head = larger
	}
	s.read, s.written = 0, pending
	if pending == len(s.head.Bytes) {
		return TooLarge(s.head.Bytes)
	}
	return nil
}

// Last makes the next request the last one, for which ReadRequest waits at most d.
func (s *Server) Last(d time.Duration) error {
	s.lastWait = d
	return s.conn.Resume()
}

// Finish ends the exchange, and says whether the connection can be used for another one: the
// response is whole, and so is the request's body, of which a small rest is read for this.
func (s *Server) Finish() bool {
	ok := s.lastWait == 0 && s.response.ended && !s.response.closing && !s.Request.Close && s.drained()
	s.body.keepRest(s)
	return ok
}

// Release gives up what the Server holds. It does not close the connection.
func (s *Server) Release() {
	s.head.Free()
	s.head = nil
	s.body.release()
}

// Unread says that some of the request at hand, or of what follows it, was not read.
func (s *Server) Unread() bool { return !s.body.ended || s.Pending() }

// Pending says that bytes of another request are here already.
func (s *Server) Pending() bool {
	return s.read < s.written || s.body.read < s.body.written || s.hasEarly
}

// Watch waits until the client sends something or goes, and says whether it went. It is for the
// time in which an exchange waits for its backend and the request's body is whole. The connection
// must have no read deadline; conn.Interrupt ends the wait.
func (s *Server) Watch() (gone bool) {
	if s.Pending() {
		return false
	}
	n, err := s.conn.Read(s.early[:])
	s.hasEarly = n > 0
	return err != nil && !isTimeout(err)
}

func isTimeout(err error) bool {
	var timeout interface{ Timeout() bool }
	return errors.As(err, &timeout) && timeout.Timeout()
}

// errBodyCut says that the connection ended before the body did.
var errBodyCut = errors.New("the body was cut short")

func cut(err error) error {
	if errors.Is(err, io.EOF) {
		return errBodyCut
	}
	return err
}
