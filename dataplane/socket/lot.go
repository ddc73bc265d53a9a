package socket

import (
	"errors"
	"os"
	"sync"
	"syscall"
	"time"
)

// Lot is where connections wait for bytes without a goroutine, and so a stack, for each: one goroutine waits
// for all of them. It is for those that have been idle for a while, since to park costs some system calls.
type Lot struct {
	period time.Duration
	done   chan struct{} // closed when the goroutine has ended

	mutex  sync.Mutex
	epoll  *epoll // nil until the first connection is parked
	closed bool
	// last is the ticket that was given last: no two connections ever have the same one, as they may have the
	// same descriptor one after the other.
	last   uint64
	parked map[uint64]space
}

// space is a connection that waits.
type space struct {
	conn   *Conn
	waiter Waiter
	until  time.Duration // since began
}

// Waiter is who a connection is parked for. Wake is called once: when there is something to read, the end
// included, or with over when the time is over. It must not block.
type Waiter interface{ Wake(over bool) }

// began is what times of spaces count from: it is half as much to keep as a time.Time.
var began = time.Now()

var (
	// ErrNoSocket says that a connection cannot be parked.
	ErrNoSocket = errors.New("not a socket")
	// ErrLotClosed says that there is no parking any more.
	ErrLotClosed = errors.New("the lot is closed")
)

// NewLot makes a Lot whose times are exact to a period. It costs nothing until a connection is parked.
// It must be closed.
func NewLot(period time.Duration) *Lot {
	return &Lot{period: period, parked: map[uint64]space{}}
}

// Park lets a connection wait until it can be read or, about, until a moment. From now on it is the waiter's,
// which may be told before Park returns; after an error it is still the caller's.
func (l *Lot) Park(c *Conn, w Waiter, until time.Time) error {
	if c.raw == nil {
		return ErrNoSocket
	}
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if err := l.open(); err != nil {
		return err
	}
	l.last++
	event := syscall.EpollEvent{Events: syscall.EPOLLIN | syscall.EPOLLRDHUP | syscall.EPOLLONESHOT}
	event.Fd, event.Pad = int32(l.last), int32(l.last>>32)
	if err := l.epoll.change(c, syscall.EPOLL_CTL_ADD, &event); err != nil {
		return err
	}
	c.ticket = l.last
	l.parked[l.last] = space{c, w, until.Sub(began)}
	if len(l.parked) == 1 {
		return l.epoll.file.SetReadDeadline(time.Now().Add(l.period))
	}
	return nil
}

// open starts the goroutine if there is none yet; l.mutex is held.
func (l *Lot) open() error {
	if l.closed {
		return ErrLotClosed
	}
	if l.epoll != nil {
		return nil
	}
	e, err := newEpoll()
	if err != nil {
		return err
	}
	l.epoll, l.done = e, make(chan struct{})
	go l.watch(e)
	return nil
}

// Leave takes a connection out, whose waiter is not told then. It is false if the connection is not parked.
func (l *Lot) Leave(c *Conn) bool {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	_, ok := l.take(c.ticket)
	return ok
}

// take takes out whoever has the ticket; l.mutex is held.
func (l *Lot) take(ticket uint64) (space, bool) {
	s, ok := l.parked[ticket]
	if ok {
		delete(l.parked, ticket)
		s.conn.ticket = 0
		// It fails on a connection that was closed, which the system has forgotten by itself.
		_ = l.epoll.change(s.conn, syscall.EPOLL_CTL_DEL, &syscall.EpollEvent{})
	}
	return s, ok
}

// Parked is how many connections wait.
func (l *Lot) Parked() int {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return len(l.parked)
}

// Close ends the Lot. Connections that are parked stay their waiters', which are not told.
func (l *Lot) Close() {
	l.mutex.Lock()
	l.closed = true
	e := l.epoll
	l.mutex.Unlock()
	if e != nil {
		_ = e.file.Close() // ends the goroutine
		<-l.done
	}
}

// watch tells waiters until the Lot is closed.
func (l *Lot) watch(e *epoll) {
	defer close(l.done)
	for {
		events, err := e.wait()
		switch {
		case err == nil:
			for i := range events {
				l.ready(uint64(uint32(events[i].Fd)) | uint64(uint32(events[i].Pad))<<32)
			}
		case errors.Is(err, os.ErrDeadlineExceeded):
			l.sweep(time.Since(began))
		default:
			return
		}
	}
}

func (l *Lot) ready(ticket uint64) {
	l.mutex.Lock()
	s, ok := l.take(ticket)
	l.mutex.Unlock()
	if ok {
		s.waiter.Wake(false)
	}
}

// sweep tells those whose time is over, and comes back as long as any are left.
func (l *Lot) sweep(now time.Duration) {
	var over []Waiter
	l.mutex.Lock()
	for ticket, s := range l.parked {
		if s.until <= now {
			l.take(ticket)
			over = append(over, s.waiter)
		}
	}
	next := time.Time{}
	if len(l.parked) > 0 {
		next = time.Now().Add(l.period)
	} else {
		l.parked = map[uint64]space{} // a map never gives memory back
	}
	_ = l.epoll.file.SetReadDeadline(next) // fails when the Lot is closed
	l.mutex.Unlock()
	for _, w := range over {
		w.Wake(true)
	}
}
