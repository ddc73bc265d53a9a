package socket

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"strconv"
	"syscall"
	"unsafe"
)

// ErrNothing says that a UDP socket has nothing to read now, or no room to write.
var ErrNothing error = syscall.EAGAIN

// UDPPort is a UDP socket that is bound and serves many clients. It never waits: see UDPSet. One goroutine may use it.
type UDPPort struct {
	fd uintptr
	v6 bool
	// What follows is memory for system calls.
	message syscall.Msghdr
	vector  syscall.Iovec
	name    syscall.RawSockaddrInet6 // large enough for IPv4 too
	control controlMessage
}

// controlMessage has room for the address of the machine that a datagram was sent to, and aligned.
type controlMessage struct {
	head syscall.Cmsghdr
	data [48]byte
}

// Datagram is what came: its length, where from, and which address of the machine it was sent to, which
// answers have to come from. Local is invalid when that is not known.
type Datagram struct {
	Size  int
	From  netip.AddrPort
	Local netip.Addr
}

// udpBuffer is for how many bytes the system keeps what comes in bursts, if it may.
const udpBuffer = 4 << 20

// TakeUDP takes a socket over, which must not be used any more, whatever the result.
func TakeUDP(conn *net.UDPConn) (*UDPPort, error) {
	defer conn.Close()
	_ = conn.SetReadBuffer(udpBuffer) // as much as the system allows
	raw, err := conn.SyscallConn()
	if err != nil {
		return nil, err
	}
	u := &UDPPort{}
	var failed error
	if err := raw.Control(func(fd uintptr) { failed = u.take(fd) }); err != nil {
		return nil, err
	}
	if failed != nil {
		return nil, failed
	}
	return u, nil
}

// take makes a descriptor of our own for the socket, and has it tell the address that datagrams were sent to.
func (u *UDPPort) take(fd uintptr) error {
	domain, err := syscall.GetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_DOMAIN)
	if err != nil {
		return os.NewSyscallError("getsockopt", err)
	}
	level, option := syscall.IPPROTO_IP, syscall.IP_PKTINFO
	if u.v6 = domain == syscall.AF_INET6; u.v6 {
		level, option = syscall.IPPROTO_IPV6, syscall.IPV6_RECVPKTINFO // which tells of IPv4 too
	}
	if err := syscall.SetsockoptInt(int(fd), level, option, 1); err != nil {
		return os.NewSyscallError("setsockopt", err)
	}
	own, _, errno := syscall.Syscall(syscall.SYS_FCNTL, fd, syscall.F_DUPFD_CLOEXEC, 0)
	if errno != 0 {
		return os.NewSyscallError("fcntl", errno)
	}
	u.fd = own // it does not block, as the one that it was made of does not
	return nil
}

// Close implements io.Closer.
func (u *UDPPort) Close() error { return syscall.Close(int(u.fd)) }

// Receive reads a datagram into p, which has to be large enough, and fails with ErrNothing when there is none.
func (u *UDPPort) Receive(p []byte) (Datagram, error) {
	u.prepare(p, syscall.SizeofSockaddrInet6, int(unsafe.Sizeof(u.control)))
	n, errno := u.call(syscall.SYS_RECVMSG, 0)
	if errno != 0 {
		return Datagram{}, errno
	}
	d := Datagram{Size: n, From: addressOf(&u.name), Local: u.local()}
	if ip := d.From.Addr(); u.name.Scope_id != 0 && ip.Is6() && ip.IsLinkLocalUnicast() {
		zone := strconv.Itoa(int(u.name.Scope_id))
		d.From = netip.AddrPortFrom(ip.WithZone(zone), d.From.Port())
	}
	return d, nil
}

// Send writes a datagram to a client, from an address of the machine if that is given. It fails with ErrNothing when
// there is no room, with nothing sent.
func (u *UDPPort) Send(p []byte, to netip.AddrPort, local netip.Addr) error {
	u.prepare(p, u.address(to), u.from(local))
	_, errno := u.call(syscall.SYS_SENDMSG, syscall.MSG_NOSIGNAL)
	if errno != 0 {
		return errno
	}
	return nil
}

// prepare describes memory to the system.
func (u *UDPPort) prepare(p []byte, name, control int) {
	u.vector.Base = unsafe.SliceData(p)
	u.vector.SetLen(len(p))
	u.message = syscall.Msghdr{Name: (*byte)(unsafe.Pointer(&u.name)), Namelen: uint32(name), Iov: &u.vector, Iovlen: 1}
	if control > 0 {
		u.message.Control = (*byte)(unsafe.Pointer(&u.control))
		u.message.SetControllen(control)
	}
}

func (u *UDPPort) call(number, flags uintptr) (int, syscall.Errno) {
	for {
		n, _, errno := syscall.RawSyscall(number, u.fd, uintptr(unsafe.Pointer(&u.message)), flags)
		if errno != syscall.EINTR {
			return int(n), errno
		}
	}
}

// local reads where the datagram that was received last was sent to.
func (u *UDPPort) local() netip.Addr {
	head := &u.control.head
	if int(u.message.Controllen) < syscall.SizeofCmsghdr {
		return netip.Addr{}
	}
	switch {
	case head.Level == syscall.IPPROTO_IPV6 && head.Type == syscall.IPV6_PKTINFO:
		return source(netip.AddrFrom16((*syscall.Inet6Pktinfo)(unsafe.Pointer(&u.control.data)).Addr))
	case head.Level == syscall.IPPROTO_IP && head.Type == syscall.IP_PKTINFO:
		return source(netip.AddrFrom4((*syscall.Inet4Pktinfo)(unsafe.Pointer(&u.control.data)).Spec_dst))
	}
	return netip.Addr{}
}

// source is an address that answers may come from: none if it is that of a group.
func source(local netip.Addr) netip.Addr {
	if local.Unmap().IsMulticast() {
		return netip.Addr{}
	}
	return local
}

// from asks for an address that what is sent comes from, and gives how many bytes that takes.
func (u *UDPPort) from(local netip.Addr) int {
	if !local.IsValid() {
		return 0
	}
	head := &u.control.head
	if u.v6 {
		*(*syscall.Inet6Pktinfo)(unsafe.Pointer(&u.control.data)) = syscall.Inet6Pktinfo{Addr: local.As16()}
		head.Level, head.Type = syscall.IPPROTO_IPV6, syscall.IPV6_PKTINFO
		head.SetLen(syscall.CmsgLen(syscall.SizeofInet6Pktinfo))
		return syscall.CmsgSpace(syscall.SizeofInet6Pktinfo)
	}
	*(*syscall.Inet4Pktinfo)(unsafe.Pointer(&u.control.data)) = syscall.Inet4Pktinfo{Spec_dst: local.As4()}
	head.Level, head.Type = syscall.IPPROTO_IP, syscall.IP_PKTINFO
	head.SetLen(syscall.CmsgLen(syscall.SizeofInet4Pktinfo))
	return syscall.CmsgSpace(syscall.SizeofInet4Pktinfo)
}

// address writes an address for the system, and gives how many bytes it has.
func (u *UDPPort) address(to netip.AddrPort) int { return putAddress(&u.name, to, u.v6) }

func putAddress(name *syscall.RawSockaddrInet6, to netip.AddrPort, v6 bool) int {
	port := (*[2]byte)(unsafe.Pointer(&name.Port)) // which has its place in both forms
	if !v6 {
		v4 := (*syscall.RawSockaddrInet4)(unsafe.Pointer(name))
		*v4 = syscall.RawSockaddrInet4{Family: syscall.AF_INET, Addr: to.Addr().As4()}
		port[0], port[1] = byte(to.Port()>>8), byte(to.Port())
		return syscall.SizeofSockaddrInet4
	}
	*name = syscall.RawSockaddrInet6{Family: syscall.AF_INET6, Addr: to.Addr().As16()}
	port[0], port[1] = byte(to.Port()>>8), byte(to.Port())
	if zone := to.Addr().Zone(); zone != "" {
		number, _ := strconv.ParseUint(zone, 10, 32) // we made it; 0 is none
		name.Scope_id = uint32(number)
	}
	return syscall.SizeofSockaddrInet6
}

// UDPFlow is a UDP socket that is connected: it gets what comes from one address alone, and learns when nobody is
// there. It never waits: see UDPSet. One goroutine may use it.
type UDPFlow struct{ fd uintptr }

// DialUDP makes a UDPFlow. Nothing is sent.
func DialUDP(to netip.AddrPort) (*UDPFlow, error) {
	to = netip.AddrPortFrom(to.Addr().Unmap(), to.Port())
	domain := syscall.AF_INET
	if to.Addr().Is6() {
		domain = syscall.AF_INET6
	}
	fd, err := syscall.Socket(domain, syscall.SOCK_DGRAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	var name syscall.RawSockaddrInet6
	size := putAddress(&name, to, domain == syscall.AF_INET6)
	if _, _, errno := syscall.RawSyscall(syscall.SYS_CONNECT, uintptr(fd), uintptr(unsafe.Pointer(&name)), uintptr(size)); errno != 0 {
		_ = syscall.Close(fd) // there is an error already
		return nil, os.NewSyscallError("connect", errno)
	}
	return &UDPFlow{uintptr(fd)}, nil
}

// Exhausted says whether an error of DialUDP means that the machine has no more ports, descriptors or memory for it.
func Exhausted(err error) bool {
	for _, errno := range []error{syscall.EAGAIN, syscall.EADDRNOTAVAIL, syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM} {
		if errors.Is(err, errno) {
			return true
		}
	}
	return false
}

// Unreachable says whether an error of a UDPFlow means that nobody is there to take what is sent.
func Unreachable(err error) bool {
	return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.EHOSTUNREACH) || errors.Is(err, syscall.ENETUNREACH)
}

// Read reads a datagram into p, which has to be large enough. It fails with ErrNothing when there is none, and with
// what became of those that were sent when nobody took one.
func (u *UDPFlow) Read(p []byte) (int, error) {
	n, errno := receive(u.fd, p, 0)
	if errno != 0 {
		return 0, errno
	}
	return n, nil
}

// Write sends a datagram. It fails as Read does, with nothing sent.
func (u *UDPFlow) Write(p []byte) (int, error) {
	n, errno := send(u.fd, p)
	if errno != 0 {
		return 0, errno
	}
	return n, nil
}

// Close implements io.Closer.
func (u *UDPFlow) Close() error { return syscall.Close(int(u.fd)) }
