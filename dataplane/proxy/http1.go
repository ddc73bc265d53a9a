package proxy

import (
	"errors"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/http1"
	"github.com/fleetgate/fleetgate/dataplane/socket"
)

// http1Stream is the request at hand of an HTTP/1.1 connection.
type http1Stream struct {
	*http1.Server
	x *exchange
}

// stop makes a Next that waits fail.
func (s *http1Stream) stop() { s.x.client.conn.Interrupt() }

// abort makes sure that the client does not take half a response for a whole one: it does not when
// the end is told by a length or by chunks, and otherwise sees a reset.
func (s *http1Stream) abort() {
	resetOnClose(s.x.client.socket.Conn)
}

// watch waits, in a goroutine of its own, until the client goes; then the exchange is cancelled.
func (s *http1Stream) watch() (stop func()) {
	conn := s.x.client.conn
	if s.Pending() {
		return func() {}
	}
	if conn.ReadUntil(time.Time{}) != nil {
		s.x.cancel(errClientGone) // the connection was cut
		return func() {}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if s.Watch() {
			s.x.cancel(errClientGone)
		}
	}()
	return func() {
		conn.Interrupt()
		<-done
		_ = conn.Resume() // fails on a closed connection, as the next read then does
	}
}

func (s *http1Stream) closing() { s.Close() }

// refuse answers a request that could not be read, as far as there is one.
func (c *client) refuse(s *http1.Server, err error) {
	var fault *http1.Fault
	if !errors.As(err, &fault) {
		return
	}
	x := newExchange(c, &s.Request)
	defer x.free()
	x.refuse(s, fault)
	c.close(s)
}

const (
	lingerTime  = time.Second
	lingerBytes = 256 << 10
)

// close ends a connection whose client may still be sending: a close with bytes unread would be a
// reset, which can destroy the response on its way (RFC 9112 section 9.6).
func (c *client) close(s *http1.Server) {
	if !s.Begun() || !s.Unread() || c.cutting.Load() || !c.closeWrite() {
		return
	}
	if c.conn.Resume() != nil || c.conn.ReadUntil(time.Now().Add(lingerTime)) != nil {
		return
	}
	buffer := socket.LargeBuffers.Get()
	defer buffer.Free()
	for total := 0; total < lingerBytes; {
		n, err := c.socket.Read(buffer.Bytes)
		if err != nil {
			return
		}
		total += n
	}
}

// closeWrite says that nothing more will be sent.
func (c *client) closeWrite() bool {
	for _, conn := range []*socket.Conn{c.conn, c.socket} {
		half, ok := conn.Conn.(interface{ CloseWrite() error })
		if !ok || half.CloseWrite() != nil {
			return false
		}
		if !c.secure {
			break
		}
	}
	return true
}
