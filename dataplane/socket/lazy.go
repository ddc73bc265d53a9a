package socket

import (
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// lazy is a non-blocking descriptor that the runtime's poller learns of when there is something to wait for,
// and not before: a connection whose request is there when it is accepted, and whose response fits into the
// socket's buffer, never costs a registration, a timer, or a close that the scheduler has to be told of.
type lazy struct {
	// polled is set for good by the first wait.
	polled atomic.Pointer[polled]

	// mutex guards the rest, and is held in system calls on a descriptor that is not polled, so that
	// nobody closes it under them.
	mutex  sync.Mutex
	fd     uintptr
	closed bool
	// readUntil and writeUntil are deadlines that the poller does not know yet.
	readUntil, writeUntil time.Time
}

type polled struct {
	file *os.File
	raw  syscall.RawConn
}

// poll hands the descriptor to the poller, with the deadlines that are in force.
func (l *lazy) poll() (*polled, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.pollLocked()
}

func (l *lazy) pollLocked() (*polled, error) {
	if p := l.polled.Load(); p != nil {
		return p, nil
	}
	if l.closed {
		return nil, net.ErrClosed
	}
	p := &polled{file: os.NewFile(l.fd, "")}
	var err error
	if p.raw, err = p.file.SyscallConn(); err != nil {
		return nil, err
	}
	l.polled.Store(p) // from here on the file closes the descriptor
	if !l.readUntil.IsZero() {
		err = p.file.SetReadDeadline(l.readUntil)
	}
	if !l.writeUntil.IsZero() && err == nil {
		err = p.file.SetWriteDeadline(l.writeUntil)
	}
	return p, err
}

// setDeadline sets one or both deadlines.
func (l *lazy) setDeadline(set func(*os.File, time.Time) error, t time.Time, deadlines ...*time.Time) error {
	if p := l.polled.Load(); p != nil {
		return set(p.file, t)
	}
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if p := l.polled.Load(); p != nil {
		return set(p.file, t)
	}
	if l.closed {
		return net.ErrClosed
	}
	for _, d := range deadlines {
		*d = t
	}
	return nil
}

// Close implements io.Closer.
func (l *lazy) Close() error {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.closed {
		return net.ErrClosed
	}
	l.closed = true
	if p := l.polled.Load(); p != nil {
		return p.file.Close()
	}
	if _, _, errno := syscall.RawSyscall(syscall.SYS_CLOSE, l.fd, 0, 0); errno != 0 {
		return errno
	}
	return nil
}

// rawLazy is a lazy as a syscall.RawConn.
type rawLazy struct{ *lazy }

// Read implements syscall.RawConn.
func (r rawLazy) Read(try func(fd uintptr) bool) error {
	p := r.polled.Load()
	if p == nil {
		done, first, err := r.try(try, &r.readUntil)
		if done || err != nil {
			return err
		}
		p = first
	}
	return p.raw.Read(try)
}

// Write implements syscall.RawConn.
func (r rawLazy) Write(try func(fd uintptr) bool) error {
	p := r.polled.Load()
	if p == nil {
		done, first, err := r.try(try, &r.writeUntil)
		if done || err != nil {
			return err
		}
		p = first
	}
	return p.raw.Write(try)
}

// try does without the poller if it can, and otherwise has it set up.
func (l *lazy) try(try func(fd uintptr) bool, deadline *time.Time) (done bool, p *polled, err error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if p := l.polled.Load(); p != nil {
		return false, p, nil
	}
	switch {
	case l.closed:
		return false, nil, net.ErrClosed
	case !deadline.IsZero() && !time.Now().Before(*deadline):
		return false, nil, os.ErrDeadlineExceeded
	case try(l.fd):
		return true, nil, nil
	}
	p, err = l.pollLocked()
	return false, p, err
}

// Control implements syscall.RawConn.
func (r rawLazy) Control(do func(fd uintptr)) error {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if p := r.polled.Load(); p != nil {
		return p.raw.Control(do)
	}
	if r.closed {
		return net.ErrClosed
	}
	do(r.fd)
	return nil
}
