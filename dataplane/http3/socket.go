package http3

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"

	"github.com/quic-go/quic-go"
)

// ALPN is the name of HTTP/3 in TLS (RFC 9114 section 3.1).
const ALPN = "h3"

// Socket is a UDP socket that connections of QUIC share. They outlive the Listener that accepted them.
type Socket struct {
	packets   net.PacketConn
	transport *quic.Transport
}

// NewSocket makes a Socket of packets, which are its own from now on.
func NewSocket(packets net.PacketConn) *Socket {
	return &Socket{packets: packets, transport: &quic.Transport{Conn: packets}}
}

// Listen begins to accept connections. There can be one Listener at a time. config must offer ALPN alone
// and TLS 1.3. refuse is asked at each new connection, before anything is spent on it.
func (s *Socket) Listen(config *tls.Config, options ServerOptions, refuse func() error) (*Listener, error) {
	options = options.withDefaults()
	quicConfig := options.transport()
	quicConfig.GetConfigForClient = func(*quic.ClientInfo) (*quic.Config, error) {
		return quicConfig, refuse()
	}
	listener, err := s.transport.Listen(config, quicConfig)
	if err != nil {
		return nil, err
	}
	return &Listener{listener, options}, nil
}

// Close cuts all connections and closes the socket.
func (s *Socket) Close() error {
	return errors.Join(s.transport.Close(), s.packets.Close())
}

// Listener accepts connections.
type Listener struct {
	listener *quic.Listener
	options  ServerOptions
}

// Accept waits for a connection whose handshake is over, and fails when the Listener is closed.
func (l *Listener) Accept() (*Conn, error) {
	conn, err := l.listener.Accept(context.Background())
	if err != nil {
		return nil, err
	}
	return &Conn{conn: conn, options: l.options}, nil
}

// Close accepts no more connections. Those that there are go on.
func (l *Listener) Close() error { return l.listener.Close() }

// Conn is a connection that is not served yet: NewServer does it, or Refuse ends it.
type Conn struct {
	conn    *quic.Conn
	options ServerOptions
}

// Refuse ends the connection.
func (c *Conn) Refuse(code ErrCode) {
	_ = c.conn.CloseWithError(quic.ApplicationErrorCode(code), "") // the end of it either way
}

// Peer is the client's address as it is now: a client may change it. It is invalid if QUIC runs on
// something that is not UDP.
func (c *Conn) Peer() netip.Addr {
	if udp, ok := c.conn.RemoteAddr().(*net.UDPAddr); ok {
		return udp.AddrPort().Addr().Unmap().WithZone("")
	}
	return netip.Addr{}
}

// ServerName is what the client asked for in its handshake.
func (c *Conn) ServerName() string { return c.conn.ConnectionState().TLS.ServerName }
