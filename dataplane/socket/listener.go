package socket

import (
	"net"
	"net/netip"
	"os"
	"sync/atomic"
	"syscall"
	"unsafe"
)

// listener accepts TCP connections with a system call for each, instead of package net's seven: it does
// not ask what its own address is, and options are what connections have from the listening socket.
type listener struct {
	file     *os.File
	address  net.Addr
	raw      syscall.RawConn
	callback func(fd uintptr) bool
	closed   atomic.Bool
	// fd, from and errno are what the last call gave.
	fd    uintptr
	from  syscall.RawSockaddrInet6 // large enough for IPv4 too
	errno syscall.Errno
}

// Listen takes a listener over, which must not be used any more, and gives one that accepts faster if it is
// one of TCP; else the same. The connections are as package net's, without keep-alive probes. Accept must
// not be called by two goroutines at a time.
func Listen(slow net.Listener) net.Listener {
	tcp, ok := slow.(*net.TCPListener)
	if !ok {
		return slow
	}
	file, err := tcp.File()
	if err != nil {
		return slow
	}
	l := &listener{file: file, address: slow.Addr()}
	l.callback = l.tryAccept
	if l.raw, err = file.SyscallConn(); err == nil {
		err = l.noDelay()
	}
	if err != nil {
		_ = file.Close() // the one that is used has the socket too
		return slow
	}
	_ = slow.Close() // the file has the socket
	return l
}

// noDelay sets TCP_NODELAY, which connections inherit.
func (l *listener) noDelay() error {
	var failed error
	err := l.raw.Control(func(fd uintptr) {
		failed = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1)
	})
	if err != nil {
		return err
	}
	return failed
}

// Accept implements net.Listener.
func (l *listener) Accept() (net.Conn, error) {
	err := l.raw.Read(l.callback)
	switch {
	case l.closed.Load():
		if err == nil && l.errno == 0 {
			_ = syscall.Close(int(l.fd)) // it came while the listener was closed
		}
		return nil, net.ErrClosed
	case err != nil:
		return nil, os.NewSyscallError("accept4", err)
	case l.errno != 0:
		return nil, os.NewSyscallError("accept4", l.errno)
	}
	return newAccepted(l.fd, addressOf(&l.from), l.address), nil
}

// tryAccept is called by RawConn until it returns true, each time that there may be a connection.
func (l *listener) tryAccept(fd uintptr) bool {
	for {
		size := uint32(unsafe.Sizeof(l.from))
		l.fd, _, l.errno = syscall.RawSyscall6(syscall.SYS_ACCEPT4, fd, uintptr(unsafe.Pointer(&l.from)), uintptr(unsafe.Pointer(&size)),
			syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0, 0)
		switch l.errno { //nolint:exhaustive // every other one is for the caller
		case syscall.EINTR, syscall.ECONNABORTED: // the client went before it was accepted
		case syscall.EAGAIN:
			return false
		default:
			return true
		}
	}
}

func addressOf(from *syscall.RawSockaddrInet6) netip.AddrPort {
	if from.Family == syscall.AF_INET {
		v4 := (*syscall.RawSockaddrInet4)(unsafe.Pointer(from))
		return netip.AddrPortFrom(netip.AddrFrom4(v4.Addr), fromNetwork(&v4.Port))
	}
	return netip.AddrPortFrom(netip.AddrFrom16(from.Addr), fromNetwork(&from.Port))
}

// fromNetwork reads a port, which is in network byte order.
func fromNetwork(port *uint16) uint16 {
	b := (*[2]byte)(unsafe.Pointer(port))
	return uint16(b[0])<<8 | uint16(b[1])
}

// Close implements net.Listener.
func (l *listener) Close() error {
	if l.closed.Swap(true) {
		return net.ErrClosed
	}
	return l.file.Close()
}

// Addr implements net.Listener.
func (l *listener) Addr() net.Addr { return l.address }
