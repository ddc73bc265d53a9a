package loop

import (
	"errors"
	"fmt"
	"net/netip"
	"syscall"
)

const (
	backlog = 4096
	// bindNoPort (IP_BIND_ADDRESS_NO_PORT) leaves the choice of a port to connect, which then may
	// take one that is used towards another address.
	bindNoPort = 24
)

// Listen accepts connections to an IPv4 address; port 0 picks a free one. It gives the address.
// newHandler makes the handler of each connection.
func (l *Loop) Listen(address netip.AddrPort, newHandler func() Handler) (netip.AddrPort, error) {
	fd, err := socket()
	if err != nil {
		return address, err
	}
	_ = syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1)
	port, err := l.listen(fd, address)
	if err != nil {
		_ = syscall.Close(fd)
		return address, fmt.Errorf("listen on %s: %w", address, err)
	}
	l.listeners[int32(fd)] = newHandler
	return netip.AddrPortFrom(address.Addr(), port), nil
}

func (l *Loop) listen(fd int, address netip.AddrPort) (port uint16, err error) {
	if err := syscall.Bind(fd, sockaddr(address)); err != nil {
		return 0, err
	}
	if err := syscall.Listen(fd, backlog); err != nil {
		return 0, err
	}
	bound, err := syscall.Getsockname(fd)
	if err != nil {
		return 0, err
	}
	if inet, ok := bound.(*syscall.SockaddrInet4); ok {
		port = uint16(inet.Port)
	}
	return port, l.control(syscall.EPOLL_CTL_ADD, fd, syscall.EPOLLIN)
}

// accept takes all connections that wait.
func (l *Loop) accept(listener int, newHandler func() Handler) {
	for {
		fd, _, err := syscall.Accept4(listener, syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC)
		if err != nil {
			return
		}
		c := &Conn{loop: l, fd: fd, handler: newHandler()}
		if err := l.add(c, syscall.EPOLLIN); err != nil {
			_ = syscall.Close(fd)
			continue
		}
		c.handler.Opened(c)
	}
}

// Dial connects to an address, from a source address if that is valid. The handler learns the outcome.
func (l *Loop) Dial(address netip.AddrPort, source netip.Addr, handler Handler) {
	c := &Conn{loop: l, fd: -1, handler: handler}
	if err := c.dial(address, source); err != nil {
		if c.fd >= 0 {
			c.shut(err)
			return
		}
		handler.Closed(c, err)
	}
}

func (c *Conn) dial(address netip.AddrPort, source netip.Addr) (err error) {
	if c.fd, err = socket(); err != nil {
		return err
	}
	if source.IsValid() {
		_ = syscall.SetsockoptInt(c.fd, syscall.IPPROTO_IP, bindNoPort, 1)
		if err := syscall.Bind(c.fd, sockaddr(netip.AddrPortFrom(source, 0))); err != nil {
			return err
		}
	}
	err = syscall.Connect(c.fd, sockaddr(address))
	if err != nil && !errors.Is(err, syscall.EINPROGRESS) {
		return err
	}
	c.opening = err != nil
	if c.opening {
		return c.loop.add(c, syscall.EPOLLOUT)
	}
	if err := c.loop.add(c, syscall.EPOLLIN); err != nil {
		return err
	}
	c.handler.Opened(c)
	return nil
}

// connected ends a connect that was under way.
func (c *Conn) connected() {
	c.opening = false
	code, err := syscall.GetsockoptInt(c.fd, syscall.SOL_SOCKET, syscall.SO_ERROR)
	if err == nil && code != 0 {
		err = syscall.Errno(code)
	}
	if err != nil {
		c.shut(err)
		return
	}
	c.watch(syscall.EPOLLIN)
	if c.fd >= 0 {
		c.handler.Opened(c)
	}
}

func (l *Loop) add(c *Conn, events uint32) error {
	_ = syscall.SetsockoptInt(c.fd, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1)
	l.conns[int32(c.fd)] = c
	return l.control(syscall.EPOLL_CTL_ADD, c.fd, events)
}

func socket() (int, error) {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("socket: %w", err)
	}
	return fd, nil
}

func sockaddr(address netip.AddrPort) *syscall.SockaddrInet4 {
	return &syscall.SockaddrInet4{Addr: address.Addr().As4(), Port: int(address.Port())}
}
