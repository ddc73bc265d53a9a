package socket

import (
	"os"
	"syscall"
	"time"
)

// UDPSet waits for many UDP sockets, on behalf of one goroutine. A socket leaves it when it is closed.
type UDPSet struct {
	epoll  *epoll
	tokens [64]uint64
}

// NewUDPSet makes a set of none. It must be closed.
func NewUDPSet() (*UDPSet, error) {
	e, err := newEpoll()
	if err != nil {
		return nil, err
	}
	return &UDPSet{epoll: e}, nil
}

// AddPort and AddFlow add a socket, by whose token Wait tells of it.
func (s *UDPSet) AddPort(u *UDPPort, token uint64) error { return s.add(u.fd, token) }

// AddFlow is as AddPort.
func (s *UDPSet) AddFlow(u *UDPFlow, token uint64) error { return s.add(u.fd, token) }

func (s *UDPSet) add(fd uintptr, token uint64) error {
	event := syscall.EpollEvent{Events: syscall.EPOLLIN, Fd: int32(token), Pad: int32(token >> 32)}
	var failed error
	err := s.epoll.raw.Control(func(set uintptr) {
		failed = os.NewSyscallError("epoll_ctl", syscall.EpollCtl(int(set), syscall.EPOLL_CTL_ADD, int(fd), &event))
	})
	if err != nil {
		return err
	}
	return failed
}

// Wait gives the tokens of sockets that have something to read, which are valid until the next Wait. A socket
// that is not read to its end is among them again. It fails with os.ErrDeadlineExceeded at the deadline.
func (s *UDPSet) Wait() ([]uint64, error) {
	events, err := s.epoll.wait()
	if err != nil {
		return nil, err
	}
	for i := range events {
		s.tokens[i] = uint64(uint32(events[i].Fd)) | uint64(uint32(events[i].Pad))<<32
	}
	return s.tokens[:len(events)], nil
}

// SetDeadline makes Wait fail at t; never, when t is zero. It may be called by any goroutine.
func (s *UDPSet) SetDeadline(t time.Time) error { return s.epoll.file.SetReadDeadline(t) }

// Close implements io.Closer. Nobody may be in Wait.
func (s *UDPSet) Close() error { return s.epoll.file.Close() }
