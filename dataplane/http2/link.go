package http2

import (
	"errors"
	"io"
	"net"
	"sync"

	"github.com/fleetgate/fleetgate/dataplane/message"
)

// link is a connection as both ends see it. Its lock holds for everything but what says that it is
// of the reading goroutine.
type link struct {
	conn   net.Conn
	role   role
	client bool

	mu      sync.Mutex
	streams map[uint32]*stream
	peer    peerSettings
	err     error // why the connection has ended; every stream has ended with it
	cut     bool  // nothing can be written any more
	stop    error // why the reading goroutine is to end
	said    bool  // GOAWAY with the real last stream has been written

	output
	windows
	clock
	budget
	recent recent

	input
	block blockBuffer
	head  decoder
	spare []message.Field // of a header list that is not yet a stream's
}

// role is what servers and clients do in different ways. All but headers are called with the lock held.
type role interface {
	// headers takes a whole header block, of a stream that may be none. An error ends the connection.
	headers(f frameHeader, block []byte) error
	// opened says whether a stream has ever been opened by the end that opens streams.
	opened(id uint32) bool
	// lastPeerStream is the last stream of the peer that was or will be served, for GOAWAY.
	lastPeerStream() uint32
	// peerChanged is called when the peer's settings have come.
	peerChanged()
	// goneAway is called when GOAWAY has come. An error ends the connection.
	goneAway(last uint32, code ErrCode) error
	// pong is called when the answer to a PING has come.
	pong()
	// emptied is called when the last stream has gone.
	emptied()
	// tick looks what is due.
	tick(a *alarm)
}

// limits are those of servers and clients alike.
type limits struct {
	streamWindow, connWindow int32
	maxHeaderBytes           int
	maxFields                int
}

func (l *link) init(conn net.Conn, r role, o limits) {
	l.conn, l.role = conn, r
	l.streams = make(map[uint32]*stream)
	l.peer = peerSettings{initialWindow: defaultWindow, maxStreams: assumedStreams}
	l.windows.init(o)
	l.budget.init()
	l.quiet.L = &l.mu
	l.block.limit = 2 * o.maxHeaderBytes
	l.head.init(o.maxHeaderBytes, o.maxFields)
	l.input.init(conn)
}

// assumedStreams is how many streams the peer is taken to allow until it says so: what RFC 9113
// section 6.5.2 recommends as the least.
const assumedStreams = 100

// errOrderly is why the reading goroutine ends when nothing is wrong.
var errOrderly = errors.New("http2: the connection has ended")

// run takes frames until the connection ends. It is the reading goroutine.
func (l *link) run() error {
	for {
		f, payload, err := l.frame()
		if err != nil {
			return err
		}
		if err := l.take(f, payload); err != nil {
			return err
		}
	}
}

// interrupt makes the reading goroutine end. With the lock.
func (l *link) interrupt(err error) {
	if l.stop == nil {
		l.stop = err
		_ = l.conn.SetReadDeadline(past) // it has ended already if this fails
	}
}

// fail ends every stream. With the lock.
func (l *link) fail(err error) {
	if l.err != nil {
		return
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF // io.EOF would say that a body is whole
	}
	l.err = err
	for _, s := range l.streams {
		s.fail(err)
	}
	l.heads.wakeAll() // calls that have not been sent yet
}

// sever ends the connection at once, writing nothing more. With the lock.
func (l *link) sever(err error) {
	l.cut = true
	l.fail(err)
	conn := l.conn
	if secure, ok := inner(conn).(interface{ NetConn() net.Conn }); ok {
		conn = secure.NetConn() // TLS would take its time to say farewell
	}
	conn.Close()
	l.spill()
}

// finish ends the connection after the reading goroutine's loop: the peer is told why, if it may
// still hear it. It gives the error that the streams have ended with, nil for an orderly end.
func (l *link) finish(err error) error {
	l.mu.Lock()
	if l.err != nil { // somebody else has met the end first, and knows better why
		err = l.err
	}
	orderly := l.complete() && (errors.Is(err, errOrderly) || errors.Is(err, io.EOF))
	l.fail(err)
	l.farewell(err)
	l.dead = true
	if l.timer != nil {
		l.timer.Stop()
	}
	l.mu.Unlock()
	l.linger(err)
	l.conn.Close()
	l.writers.Wait()
	l.release()
	l.block.release()
	if orderly {
		return nil
	}
	return err
}

// complete says whether every stream has ended well. With the lock.
func (l *link) complete() bool {
	for _, s := range l.streams {
		if !s.sent || !s.received {
			return false
		}
	}
	return true
}

// remove takes a stream out of the connection. With the lock.
func (l *link) remove(id uint32) {
	delete(l.streams, id)
	if len(l.streams) == 0 {
		l.role.emptied()
	}
}
