package socket

import (
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"
)

// accepted is a TCP connection that a listener gave.
type accepted struct {
	lazy
	remote net.TCPAddr
	ip     [16]byte // memory of remote.IP
	// listening is where it was accepted, which is its own address but where that is a wildcard.
	listening net.Addr
}

func newAccepted(fd uintptr, from netip.AddrPort, listening net.Addr) *accepted {
	a := &accepted{listening: listening}
	a.fd = fd
	a.ip = from.Addr().As16()
	a.remote = net.TCPAddr{IP: a.ip[:], Port: int(from.Port())}
	if from.Addr().Is4() {
		a.remote.IP = a.ip[12:]
	}
	return a
}

// RemoteAddr implements net.Conn.
func (a *accepted) RemoteAddr() net.Addr { return &a.remote }

// LocalAddr implements net.Conn with the listener's address.
func (a *accepted) LocalAddr() net.Addr { return a.listening }

// SyscallConn implements syscall.Conn.
func (a *accepted) SyscallConn() (syscall.RawConn, error) { return rawLazy{&a.lazy}, nil }

// Read implements net.Conn.
func (a *accepted) Read(p []byte) (int, error) {
	polled, err := a.poll()
	if err != nil {
		return 0, err
	}
	return polled.file.Read(p)
}

// Write implements net.Conn.
func (a *accepted) Write(p []byte) (int, error) {
	polled, err := a.poll()
	if err != nil {
		return 0, err
	}
	return polled.file.Write(p)
}

// SetDeadline implements net.Conn.
func (a *accepted) SetDeadline(t time.Time) error {
	return a.setDeadline((*os.File).SetDeadline, t, &a.readUntil, &a.writeUntil)
}

// SetReadDeadline implements net.Conn.
func (a *accepted) SetReadDeadline(t time.Time) error {
	return a.setDeadline((*os.File).SetReadDeadline, t, &a.readUntil)
}

// SetWriteDeadline implements net.Conn.
func (a *accepted) SetWriteDeadline(t time.Time) error {
	return a.setDeadline((*os.File).SetWriteDeadline, t, &a.writeUntil)
}

// CloseWrite says that nothing more will be sent, as that of net.TCPConn does.
func (a *accepted) CloseWrite() error {
	return a.control(func(fd int) error { return syscall.Shutdown(fd, syscall.SHUT_WR) })
}

// SetLinger is as that of net.TCPConn: with 0, Close resets the connection.
func (a *accepted) SetLinger(seconds int) error {
	linger := syscall.Linger{Onoff: 1, Linger: int32(seconds)}
	if seconds < 0 {
		linger = syscall.Linger{}
	}
	return a.control(func(fd int) error {
		return syscall.SetsockoptLinger(fd, syscall.SOL_SOCKET, syscall.SO_LINGER, &linger)
	})
}

func (a *accepted) control(do func(fd int) error) error {
	var failed error
	if err := (rawLazy{&a.lazy}).Control(func(fd uintptr) { failed = do(int(fd)) }); err != nil {
		return err
	}
	return failed
}
