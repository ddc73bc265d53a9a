package socket

import (
	"os"
	"syscall"
)

// epoll is a set of descriptors beside the runtime's. It is a descriptor itself, which the runtime's poller
// watches, so that a wait holds no thread.
type epoll struct {
	file     *os.File
	raw      syscall.RawConn
	callback func(fd uintptr) bool
	events   [64]syscall.EpollEvent
	n        int
	err      error
}

func newEpoll() (*epoll, error) {
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	if err := syscall.SetNonblock(fd, true); err != nil {
		_ = syscall.Close(fd) // there is an error already
		return nil, os.NewSyscallError("fcntl", err)
	}
	e := &epoll{file: os.NewFile(uintptr(fd), "epoll")}
	e.callback = e.look
	if e.raw, err = e.file.SyscallConn(); err != nil {
		_ = e.file.Close() // there is an error already
		return nil, err
	}
	return e, nil
}

// wait gives at least one event; they are valid until the next wait.
func (e *epoll) wait() ([]syscall.EpollEvent, error) {
	if err := e.raw.Read(e.callback); err != nil {
		return nil, err
	}
	return e.events[:e.n], e.err
}

// look is called by RawConn until it returns true, each time that there may be events.
func (e *epoll) look(fd uintptr) bool {
	for {
		e.n, e.err = syscall.EpollWait(int(fd), e.events[:], 0)
		if e.err != syscall.EINTR { //nolint:errorlint // it comes as it is
			break
		}
	}
	e.n = max(e.n, 0)
	return e.n > 0 || e.err != nil
}

// change adds or deletes a connection. The set must not be closed meanwhile.
func (e *epoll) change(c *Conn, operation int, event *syscall.EpollEvent) error {
	var failed error
	err := e.raw.Control(func(set uintptr) {
		err := c.raw.Control(func(fd uintptr) {
			failed = os.NewSyscallError("epoll_ctl", syscall.EpollCtl(int(set), operation, int(fd), event))
		})
		if err != nil {
			failed = err
		}
	})
	if err != nil {
		return err
	}
	return failed
}
