package http2

import (
	"errors"
	"net"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/socket"
)

const (
	// farewellTime bounds the writing of the last frames.
	farewellTime = time.Second
	// lingerTime bounds the wait for the peer to hear them, and lingerBytes what it may still send.
	lingerTime  = 500 * time.Millisecond
	lingerBytes = 256 << 10
)

var past = time.Unix(1, 0)

// farewell writes GOAWAY and what is pending. With the lock, which it releases meanwhile.
func (l *link) farewell(err error) {
	if !l.ours(err) || l.cut {
		l.cut = true
		l.spill()
		return
	}
	code := NoError
	if e, ok := errors.AsType[*ConnError](err); ok {
		code = e.Code
	}
	if !l.said || code != NoError {
		l.pending = appendGoAway(l.room(frameHeaderLen+8), l.role.lastPeerStream(), code)
		l.said = true
	}
	_ = l.conn.SetWriteDeadline(time.Now().Add(farewellTime)) // a write fails if this does
	for l.writing {
		l.quiet.Wait()
	}
	l.flush()
	for l.writing {
		l.quiet.Wait()
	}
	l.cut = true
	l.spill()
}

// ours says whether an error is of this side's making, so that the peer can still be told.
func (l *link) ours(err error) bool {
	if e, ok := errors.AsType[*ConnError](err); ok {
		return !e.Remote
	}
	return errors.Is(err, errOrderly)
}

// inner is the connection whose methods beyond net.Conn's count.
func inner(conn net.Conn) net.Conn {
	if wrapped, ok := conn.(*socket.Conn); ok {
		return wrapped.Conn
	}
	return conn
}

// linger lets the peer read the last frames: closing a socket with bytes unread would take them away
// from it. Without the lock.
func (l *link) linger(err error) {
	if !l.ours(err) {
		return
	}
	if half, ok := inner(l.conn).(interface{ CloseWrite() error }); ok {
		if half.CloseWrite() != nil {
			return
		}
	}
	if l.conn.SetReadDeadline(time.Now().Add(lingerTime)) != nil {
		return
	}
	buffer := getBuffer(tinySize)
	defer putBuffer(buffer)
	for left := lingerBytes; left > 0; {
		n, err := l.conn.Read(buffer)
		if err != nil {
			return
		}
		left -= n
	}
}
