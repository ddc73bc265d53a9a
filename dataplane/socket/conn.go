// Package socket is connections for protocol engines: TCP with its system calls made inside
// RawConn, on the runtime's poller but without its bookkeeping for each call; reads that take a
// buffer only when there is something to read; deadlines that cost a timer only now and then.
package socket

import (
	"errors"
	"io"
	"net"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

// Conn is a connection. One goroutine may read and another one write; the other methods may be
// called from any.
type Conn struct {
	net.Conn
	raw syscall.RawConn // nil when the connection is not a socket: then net.Conn's methods do it all
	// below is the socket that TLS is on, and used says that something was sent with the wait for an answer.
	below *Conn
	used  bool

	in  input
	out output
	// unread is what was given back.
	unread unread
	one    [1]byte
	// readUntil and writeUntil are the deadlines in force, as far as the owner of that side set them.
	readUntil, writeUntil time.Time
	interrupted           atomic.Bool
	ticket                uint64 // of the Lot that it is parked in, whose mutex guards it; else 0
}

// input is a read under way. The callback is made once, so that a read allocates nothing.
type input struct {
	callback func(fd uintptr) bool
	mode     mode
	into     []byte
	class    *Class
	taken    *Buffer
	send     []byte
	n, sent  int
	err      error
}

type mode uint8

const (
	modeRead     mode = iota // into input.into
	modeTake                 // into a buffer of input.class, taken when there is something
	modeWait                 // look, take nothing
	modeExchange             // send input.send, then as modeTake
)

type output struct {
	callback func(fd uintptr) bool
	parts    [3][]byte
	vector   [3]syscall.Iovec
	// fresh asks to look first whether the connection is still good, as Exchange does.
	fresh bool
	n     int
	err   error
}

// New wraps a connection, which must not be used directly any more.
func New(c net.Conn) *Conn {
	conn := &Conn{Conn: c}
	if s, ok := c.(syscall.Conn); ok {
		if raw, err := s.SyscallConn(); err == nil {
			conn.raw = raw
			conn.in.callback = conn.tryRead
			conn.out.callback = conn.tryWrite
		}
	}
	return conn
}

// Read implements io.Reader.
func (c *Conn) Read(p []byte) (int, error) {
	if c.unread.buffer != nil {
		return c.unread.read(p), nil
	}
	if c.raw == nil || len(p) == 0 {
		return c.readOther(p)
	}
	c.in.mode, c.in.into = modeRead, p
	n, err := c.await()
	c.in.into = nil
	return n, err
}

// readOther reads what is not a socket. TLS may give the last bytes together with the end of the connection, which it
// says again when it is asked again.
func (c *Conn) readOther(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 {
		return n, nil
	}
	return n, err
}

// Take waits for bytes, and reads them into a buffer that it takes only then. The caller frees the
// buffer, which is nil when there is an error.
func (c *Conn) Take(class *Class) (*Buffer, int, error) {
	if c.unread.buffer != nil {
		b, n := c.unread.take(class)
		return b, n, nil
	}
	if c.raw == nil {
		return c.takeByCopy(class)
	}
	c.in.mode, c.in.class = modeTake, class
	n, err := c.await()
	return c.taken(n, err)
}

// Ended says that the last read met the end of what the other side sends. Only the reading side may call it.
func (c *Conn) Ended() bool { return c.in.err == io.EOF } //nolint:errorlint // it comes as it is

// WaitRead returns when a Read would not block, without reading.
func (c *Conn) WaitRead() error {
	if c.raw == nil || c.unread.buffer != nil {
		return nil
	}
	c.in.mode = modeWait
	_, err := c.await()
	return err
}

// ErrStale says that a kept connection was closed by its other end, or that it sent what nobody asked
// for. Nothing was sent on it.
var ErrStale = errors.New("the kept connection is not usable any more")

// ErrNotSent says that an Exchange ended before it began, by a deadline that was over already: nothing
// was sent, and it can be tried again.
var ErrNotSent = errors.New("the deadline was over before anything was sent")

type notSentError struct{ error }

func (e *notSentError) Is(target error) bool { return target == ErrNotSent }
func (e *notSentError) Unwrap() error        { return e.error }

// Exchange sends a request on a connection that was idle, and waits for the first bytes of the answer
// as Take does. That the connection is still good is looked at first, by the same system call that
// another way would spend on finding no answer yet.
func (c *Conn) Exchange(request []byte, class *Class) (*Buffer, int, error) {
	if c.raw == nil {
		if _, err := c.writeFresh(request); err != nil {
			return nil, 0, err
		}
		return c.takeByCopy(class)
	}
	c.in.mode, c.in.class, c.in.send, c.in.sent = modeExchange, class, request, 0
	n, err := c.await()
	if err != nil && c.in.mode == modeExchange {
		c.in.send = nil
		return nil, 0, &notSentError{err}
	}
	if sent := c.in.sent; err == nil && n == 0 && sent < len(request) {
		// The socket's buffer was full: the rest goes the long way.
		c.in.send = nil
		if _, err = c.Write(request[sent:]); err != nil {
			return nil, 0, err
		}
		return c.Take(class)
	}
	c.in.send = nil
	return c.taken(n, err)
}

func (c *Conn) taken(n int, err error) (*Buffer, int, error) {
	b := c.in.taken
	c.in.taken = nil
	if err != nil {
		b.Free()
		return nil, 0, err
	}
	return b, n, nil
}

func (c *Conn) await() (int, error) {
	c.in.n, c.in.err = 0, nil
	if err := c.raw.Read(c.in.callback); err != nil {
		return 0, err
	}
	return c.in.n, c.in.err
}

// tryRead is called by RawConn until it returns true, each time that the socket may have become readable.
func (c *Conn) tryRead(fd uintptr) bool {
	in := &c.in
	switch in.mode {
	case modeWait:
		var one [1]byte
		n, errno := receive(fd, one[:], syscall.MSG_PEEK)
		return in.done(n, errno)
	case modeExchange:
		in.mode = modeTake
		return c.begin(fd)
	case modeTake:
		b := in.class.Get()
		n, errno := receive(fd, b.Bytes, 0)
		if n > 0 {
			in.taken = b
		} else {
			b.Free()
		}
		return in.done(n, errno)
	}
	n, errno := receive(fd, in.into, 0)
	return in.done(n, errno)
}

// begin is the first step of an Exchange: nothing must be there yet, then the request is sent.
func (c *Conn) begin(fd uintptr) bool {
	in := &c.in
	var one [1]byte
	if _, errno := receive(fd, one[:], syscall.MSG_PEEK); errno != syscall.EAGAIN {
		in.err = ErrStale
		return true
	}
	n, errno := send(fd, in.send)
	if errno != 0 && errno != syscall.EAGAIN {
		in.err = ErrStale
		return true
	}
	in.sent = max(n, 0)
	return in.sent < len(in.send)
}

func (in *input) done(n int, errno syscall.Errno) bool {
	switch {
	case errno == syscall.EAGAIN:
		return false
	case errno != 0:
		in.err = failed(errno)
	case n == 0:
		in.err = io.EOF
	}
	in.n = max(n, 0)
	return true
}

// receive and send are system calls on a socket that never blocks, so the scheduler need not be told.
func receive(fd uintptr, p []byte, flags uintptr) (int, syscall.Errno) {
	for {
		n, _, errno := syscall.RawSyscall6(syscall.SYS_RECVFROM, fd, uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), flags, 0, 0)
		if errno != syscall.EINTR {
			return int(n), errno
		}
	}
}

func send(fd uintptr, p []byte) (int, syscall.Errno) {
	for {
		n, _, errno := syscall.RawSyscall6(syscall.SYS_SENDTO, fd, uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), syscall.MSG_NOSIGNAL, 0, 0)
		if errno != syscall.EINTR {
			return int(n), errno
		}
	}
}

// takeByCopy is Take for connections that are not sockets: it waits with one byte in hand.
func (c *Conn) takeByCopy(class *Class) (*Buffer, int, error) {
	n, err := c.Conn.Read(c.one[:])
	if n == 0 {
		if err == nil {
			err = io.ErrNoProgress
		}
		return nil, 0, err
	}
	b := class.Get()
	b.Bytes[0] = c.one[0]
	return b, 1, nil
}
