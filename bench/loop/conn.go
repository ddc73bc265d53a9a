package loop

import (
	"errors"
	"io"
	"syscall"
	"unsafe"
)

// Conn is one connection of a loop.
type Conn struct {
	loop    *Loop
	fd      int
	handler Handler
	// opening says that the connect is under way.
	opening bool
	// finishing says that the connection closes when nothing is pending any more.
	finishing bool
	// left is what came and was not taken, out what could not be written yet.
	left []byte
	out  [][]byte
}

// Loop is the loop that serves the connection.
func (c *Conn) Loop() *Loop { return c.loop }

// Write sends bytes, now or when there is room. They must not change until they have gone: an
// error is told to Closed, and is not for the caller to see.
func (c *Conn) Write(data []byte) {
	if c.fd < 0 || len(data) == 0 {
		return
	}
	if len(c.out) > 0 {
		c.out = append(c.out, data)
		return
	}
	n, err := c.send(data)
	if err != nil && !errors.Is(err, errAgain) {
		c.shut(err)
		return
	}
	if n < len(data) {
		c.out = append(c.out, data[n:])
		c.watch(syscall.EPOLLIN | syscall.EPOLLOUT)
	}
}

// Pending says whether bytes wait for room.
func (c *Conn) Pending() bool { return len(c.out) > 0 }

// Close closes the connection; what is pending is lost.
func (c *Conn) Close() { c.shut(nil) }

// Finish closes the connection when what is pending has gone.
func (c *Conn) Finish() {
	if c.finishing = len(c.out) > 0; !c.finishing {
		c.shut(nil)
	}
}

// Abort closes the connection with a reset, so that its port can be used again at once.
func (c *Conn) Abort() {
	if c.fd >= 0 {
		_ = syscall.SetsockoptLinger(c.fd, syscall.SOL_SOCKET, syscall.SO_LINGER, &syscall.Linger{Onoff: 1})
	}
	c.shut(nil)
}

func (c *Conn) send(data []byte) (int, error) {
	//nolint:gosec // memory for the kernel to read
	n, _, errno := syscall.RawSyscall6(syscall.SYS_SENDTO, uintptr(c.fd), uintptr(unsafe.Pointer(unsafe.SliceData(data))),
		uintptr(len(data)), syscall.MSG_NOSIGNAL, 0, 0)
	return result(n, errno)
}

// flush writes what was pending.
func (c *Conn) flush() {
	for len(c.out) > 0 {
		n, err := c.send(c.out[0])
		if errors.Is(err, errAgain) {
			return
		}
		if err != nil {
			c.shut(err)
			return
		}
		if n < len(c.out[0]) {
			c.out[0] = c.out[0][n:]
			return
		}
		c.out = c.out[1:]
	}
	c.out = nil
	if c.finishing {
		c.shut(nil)
		return
	}
	c.watch(syscall.EPOLLIN)
}

func (c *Conn) watch(events uint32) {
	if err := c.loop.control(syscall.EPOLL_CTL_MOD, c.fd, events); err != nil {
		c.shut(err)
	}
}

// read gives the handler what came.
func (c *Conn) read() {
	buffer := c.loop.buffer
	//nolint:gosec // memory for the kernel to fill
	n, _, errno := syscall.RawSyscall(syscall.SYS_READ, uintptr(c.fd), uintptr(unsafe.Pointer(unsafe.SliceData(buffer))), readBuffer)
	count, err := result(n, errno)
	switch {
	case errors.Is(err, errAgain):
		return
	case err != nil:
		c.shut(err)
		return
	case count == 0:
		c.shut(io.EOF)
		return
	}
	data := buffer[:count]
	if len(c.left) > 0 {
		c.left = append(c.left, data...)
		data = c.left
	}
	taken := c.handler.Data(c, data)
	if rest := data[taken:]; len(rest) > 0 || len(c.left) > 0 {
		c.left = append(c.left[:0], rest...)
	}
}

func (c *Conn) shut(err error) {
	if c.fd < 0 {
		return
	}
	delete(c.loop.conns, int32(c.fd))
	_ = syscall.Close(c.fd)
	c.fd, c.out, c.left = -1, nil, nil
	c.handler.Closed(c, err)
}
