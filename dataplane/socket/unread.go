package socket

// unread is bytes that were read from a connection and given back: buffer.Bytes[from:to]. The
// buffer is nil when there are none.
type unread struct {
	buffer   *Buffer
	from, to int
}

// Unread gives bytes back that were taken and not used: buffer.Bytes[from:to] is what the next reads
// get, before anything of the connection. The buffer becomes the Conn's. Only the reading side may
// call it, and only when nothing that was given back before is left.
func (c *Conn) Unread(buffer *Buffer, from, to int) {
	if from == to {
		buffer.Free()
		return
	}
	c.unread = unread{buffer, from, to}
}

// read copies as much as there is room for.
func (u *unread) read(p []byte) int {
	n := copy(p, u.buffer.Bytes[u.from:u.to])
	if u.from += n; u.from == u.to {
		u.buffer.Free()
		*u = unread{}
	}
	return n
}

// take gives the buffer itself when it is of the class that is asked for.
func (u *unread) take(class *Class) (*Buffer, int) {
	b := u.buffer
	if b.class != class {
		b = class.Get()
		return b, u.read(b.Bytes)
	}
	n := u.to - u.from
	if u.from > 0 {
		copy(b.Bytes, b.Bytes[u.from:u.to])
	}
	*u = unread{}
	return b, n
}
