// Package loop serves connections from one thread with epoll, so that the programs around a
// benchmark cost as little as they can. Everything but Stop is called from the loop's own thread.
package loop

import (
	"container/heap"
	"errors"
	"fmt"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

// Handler is what happens on one connection.
type Handler interface {
	// Opened is called once, when the connection is there.
	Opened(c *Conn)
	// Data gets all bytes that came and were not taken yet, and tells how many it takes. The bytes
	// are valid until it returns.
	Data(c *Conn, data []byte) (taken int)
	// Closed is called once; err is io.EOF when the other side closed, nil when this side did.
	Closed(c *Conn, err error)
}

const (
	readBuffer = 256 << 10
	batch      = 256
	// longestWait bounds a wait, so that Stop is noticed.
	longestWait = 50 * time.Millisecond
	epollPwait2 = 441 // has a time-out in nanoseconds; the number is the same on all architectures
)

// Loop is a set of connections, listeners and timers.
type Loop struct {
	epoll     int
	conns     map[int32]*Conn
	listeners map[int32]func() Handler
	timers    timers
	buffer    []byte
	stopped   atomic.Bool
}

// New makes a loop. Close must be called.
func New() (*Loop, error) {
	epoll, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll_create1: %w", err)
	}
	return &Loop{
		epoll: epoll, conns: map[int32]*Conn{}, listeners: map[int32]func() Handler{}, buffer: make([]byte, readBuffer),
	}, nil
}

// Stop makes Run return within longestWait. Any goroutine may call it.
func (l *Loop) Stop() { l.stopped.Store(true) }

// Close closes all connections and listeners, without a word to their handlers. Run has returned.
func (l *Loop) Close() {
	for fd := range l.conns {
		_ = syscall.Close(int(fd))
	}
	for fd := range l.listeners {
		_ = syscall.Close(int(fd))
	}
	_ = syscall.Close(l.epoll)
}

// Run serves until Stop.
func (l *Loop) Run() error {
	var events [batch]syscall.EpollEvent
	for !l.stopped.Load() {
		n, err := l.wait(&events)
		if err != nil {
			return err
		}
		for i := range n {
			l.serve(events[i].Fd, events[i].Events)
		}
		l.timers.fire(time.Now())
	}
	return nil
}

func (l *Loop) wait(events *[batch]syscall.EpollEvent) (int, error) {
	wait := l.timers.wait(longestWait)
	timeout := syscall.NsecToTimespec(int64(wait))
	//nolint:gosec // memory for the kernel to fill and to read
	n, _, errno := syscall.Syscall6(epollPwait2, uintptr(l.epoll), uintptr(unsafe.Pointer(events)), batch,
		uintptr(unsafe.Pointer(&timeout)), 0, 0)
	if errno == syscall.EINTR {
		return 0, nil
	}
	if errno != 0 {
		return 0, fmt.Errorf("epoll_pwait2: %w", errno)
	}
	return int(n), nil
}

func (l *Loop) serve(fd int32, events uint32) {
	if newHandler := l.listeners[fd]; newHandler != nil {
		l.accept(int(fd), newHandler)
		return
	}
	c := l.conns[fd]
	if c == nil {
		return // closed by an event before this one
	}
	if c.opening {
		c.connected()
		return
	}
	if events&syscall.EPOLLOUT != 0 {
		c.flush()
	}
	if events&(syscall.EPOLLIN|syscall.EPOLLHUP|syscall.EPOLLERR) != 0 && c.fd >= 0 {
		c.read()
	}
}

// At calls f at a time, or soon after it.
func (l *Loop) At(at time.Time, f func()) { heap.Push(&l.timers, timer{at, f}) }

func (l *Loop) control(operation int, fd int, events uint32) error {
	event := syscall.EpollEvent{Events: events, Fd: int32(fd)}
	if err := syscall.EpollCtl(l.epoll, operation, fd, &event); err != nil {
		return fmt.Errorf("epoll_ctl: %w", err)
	}
	return nil
}

var errAgain = errors.New("nothing there")

// result turns the outcome of a system call into a count and an error.
func result(n uintptr, errno syscall.Errno) (int, error) {
	switch errno {
	case 0:
		return int(n), nil
	case syscall.EAGAIN, syscall.EINTR:
		return 0, errAgain
	}
	return 0, errno
}
