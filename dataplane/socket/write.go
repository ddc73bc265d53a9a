package socket

import (
	"syscall"
	"unsafe"
)

// Write implements io.Writer.
func (c *Conn) Write(p []byte) (int, error) {
	if c.raw == nil {
		return c.Conn.Write(p)
	}
	c.out.parts[0] = p
	return c.flush()
}

// WriteFresh is Write on a connection that was idle: it sends nothing and gives ErrStale when the
// connection is not good any more.
func (c *Conn) WriteFresh(p []byte) (int, error) {
	if c.raw == nil {
		return c.writeFresh(p)
	}
	c.out.parts[0], c.out.fresh = p, true
	return c.flush()
}

// WriteParts writes up to three parts as one, without copying them where the system can.
func (c *Conn) WriteParts(head, body, tail []byte) error {
	if c.raw == nil {
		return c.writeJoined(head, body, tail)
	}
	c.out.parts = [3][]byte{head, body, tail}
	_, err := c.flush()
	return err
}

// writeJoined fills a buffer as far as it goes, since each write to a TLS connection is a record of its own.
func (c *Conn) writeJoined(parts ...[]byte) error {
	b := LargeBuffers.Get()
	defer b.Free()
	used := 0
	for _, part := range parts {
		for len(part) > 0 {
			if used == len(b.Bytes) {
				if _, err := c.Conn.Write(b.Bytes); err != nil {
					return err
				}
				used = 0
			}
			n := copy(b.Bytes[used:], part)
			used, part = used+n, part[n:]
		}
	}
	_, err := c.Conn.Write(b.Bytes[:used])
	return err
}

func (c *Conn) flush() (int, error) {
	c.out.n, c.out.err = 0, nil
	err := c.raw.Write(c.out.callback)
	c.out.parts, c.out.fresh = [3][]byte{}, false
	if err == nil {
		err = c.out.err
	}
	return c.out.n, err
}

// tryWrite is called by RawConn until it returns true, each time that the socket may have become writable.
func (c *Conn) tryWrite(fd uintptr) bool {
	out := &c.out
	if out.fresh {
		out.fresh = false
		var one [1]byte
		if _, errno := receive(fd, one[:], syscall.MSG_PEEK); errno != syscall.EAGAIN {
			out.err = ErrStale
			return true
		}
	}
	for out.pending() {
		n, errno := out.send(fd)
		switch errno {
		case 0:
			out.advance(n)
		case syscall.EAGAIN:
			return false
		default:
			out.err = failed(errno)
			return true
		}
	}
	return true
}

func (o *output) pending() bool {
	return len(o.parts[0]) > 0 || len(o.parts[1]) > 0 || len(o.parts[2]) > 0
}

// send writes what is left of the parts.
func (o *output) send(fd uintptr) (int, syscall.Errno) {
	count := 0
	for i := range o.parts {
		if part := o.parts[i]; len(part) > 0 {
			o.vector[count] = syscall.Iovec{Base: unsafe.SliceData(part), Len: uint64(len(part))}
			count++
		}
	}
	if count == 1 {
		return send(fd, unsafe.Slice(o.vector[0].Base, int(o.vector[0].Len)))
	}
	for {
		n, _, errno := syscall.RawSyscall(syscall.SYS_WRITEV, fd, uintptr(unsafe.Pointer(&o.vector)), uintptr(count))
		if errno != syscall.EINTR {
			return int(n), errno
		}
	}
}

func (o *output) advance(n int) {
	o.n += n
	for i := range o.parts {
		used := min(n, len(o.parts[i]))
		o.parts[i] = o.parts[i][used:]
		n -= used
	}
}
