package socket

import (
	"net"
	"syscall"
)

// NewSecured wraps a TLS connection of a client that is on a socket, so that what can be learned of the socket alone is
// known of it too. Neither may be used directly any more.
func NewSecured(c net.Conn, below *Conn) *Conn {
	return &Conn{Conn: c, below: below}
}

// writeFresh is WriteFresh for what is not a socket. What comes on a TLS connection before its first answer are session
// tickets; later, nobody asked for it, and most likely it is the end.
func (c *Conn) writeFresh(p []byte) (int, error) {
	if c.below != nil && c.used && !c.below.isQuiet() {
		return 0, ErrStale
	}
	c.used = true
	return c.Conn.Write(p)
}

// isQuiet says that the connection is open and nothing is there to be read.
func (c *Conn) isQuiet() bool {
	if c.raw == nil {
		return true
	}
	quiet := false
	err := c.raw.Control(func(fd uintptr) {
		var one [1]byte
		_, errno := receive(fd, one[:], syscall.MSG_PEEK)
		quiet = errno == syscall.EAGAIN
	})
	return err == nil && quiet
}
