package proxy

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/dataplane/http3"
	"github.com/fleetgate/fleetgate/dataplane/message"
)

// http3Stream is a request of an HTTP/3 connection.
type http3Stream struct {
	*http3.Stream
	x *exchange
}

// Continue does nothing, as for HTTP/2.
func (s *http3Stream) Continue() error { return nil }

// closing tells the client by GOAWAY that the connection ends.
func (s *http3Stream) closing() { s.x.client.http3.Drain() }

func (s *http3Stream) stop() { s.Stop() }

func (s *http3Stream) abort() { s.Abort(http3.InternalError) }

// watch does nothing: QUIC always reads, and OnCancel tells.
func (s *http3Stream) watch() (stop func()) { return func() {} }

// servesHTTP3 says whether a listener is served over UDP too: where TLS is ended, that is.
func servesHTTP3(l *config.Listener) bool {
	return l.HTTP3 && l.TLS != nil && !l.TLS.Passthrough && l.Protocol != config.TLSProtocol
}

// where is where the client is now. A client of QUIC may move.
func (c *client) where() *place {
	if c.http3 == nil {
		return &c.place
	}
	now := c.http3.Peer()
	p := c.moved.Load()
	if p == nil || p.address != now {
		p = &place{now, now, now.String()}
		c.moved.Store(p)
	}
	return p
}

// sockets are the UDP sockets of ports. One stays until all connections of it have ended, and serves a
// server that is opened on its port meanwhile.
type sockets struct {
	mutex  sync.Mutex
	byPort map[int32]*sharedSocket
}

type sharedSocket struct {
	*http3.Socket
	users int
}

// take gives the socket of a port, which open binds if it has none.
func (s *sockets) take(port int32, open func(context.Context, int32) (net.PacketConn, error)) (*http3.Socket, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	shared := s.byPort[port]
	if shared == nil {
		packets, err := open(context.Background(), port)
		if err != nil {
			return nil, err
		}
		shared = &sharedSocket{Socket: http3.NewSocket(packets)}
		s.byPort[port] = shared
	}
	shared.users++
	return shared.Socket, nil
}

// release gives the socket of a port back.
func (s *sockets) release(port int32) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	shared := s.byPort[port]
	if shared.users--; shared.users == 0 {
		delete(s.byPort, port)
		_ = shared.Close() // nothing to be done about it
	}
}

// listenHTTP3 serves HTTP/3 on the ports that are wanted, and on no others.
func (p *Proxy) listenHTTP3(ports map[int32]*port) (errs []error) {
	for port, s := range p.http3 {
		if wanted := ports[port]; wanted == nil || !wanted.http3 {
			delete(p.http3, port)
			p.retire(context.Background(), s)
		}
	}
	for port, wanted := range ports {
		if !wanted.http3 || p.http3[port] != nil {
			continue
		}
		if err := p.openHTTP3(port); err != nil {
			errs = append(errs, fmt.Errorf("listen on UDP port %d: %w", port, err))
		}
	}
	return errs
}

func (p *Proxy) openHTTP3(port int32) error {
	socket, err := p.sockets.take(port, p.options.ListenPacket)
	if err != nil {
		return err
	}
	s := newServer(p, port)
	s.tls = p.quicConfig(port)
	o := &p.options
	s.http3, err = socket.Listen(s.tls, http3.ServerOptions{
		MaxStreams: o.MaxStreams, MaxHeaderBytes: o.MaxHeaderBytes, MaxFields: o.MaxFields, IdleTimeout: o.IdleTimeout,
		HeaderTimeout: o.HeaderTimeout, WriteTimeout: o.WriteTimeout,
	}, p.full)
	if err != nil {
		p.sockets.release(port)
		return err
	}
	p.http3[port] = s
	s.running.Go(s.acceptHTTP3)
	return nil
}

var errTooManyConnections = errors.New("too many connections")

// full says whether there are too many connections for another one. It is not recorded: who asks may be
// anyone who can send a packet.
func (p *Proxy) full() error {
	if p.connections.Load() < int64(p.options.MaxConnections) {
		return nil
	}
	return errTooManyConnections
}

// acceptHTTP3 takes connections until the listener is closed.
func (s *server) acceptHTTP3() {
	for {
		conn, err := s.http3.Accept()
		if err != nil {
			return
		}
		if !s.proxy.admitted() {
			conn.Refuse(http3.ExcessiveLoad)
			s.proxy.recordRefusal()
			continue
		}
		c := &client{server: s, secure: true, serverName: strings.ToLower(conn.ServerName())}
		c.http3 = http3.NewServer(conn, c.serveHTTP3Stream)
		if !s.enter(c, c.serveHTTP3) {
			conn.Refuse(http3.NoError) // it came while the port was closed
		}
	}
}

func (c *client) serveHTTP3() {
	defer c.server.leave(c)
	if err := c.http3.Serve(); err != nil {
		c.server.proxy.options.Log.Debug("HTTP/3 connection ended", "port", c.server.port, "client", c.where().addressText, "error", err)
	}
}

func (c *client) serveHTTP3Stream(s *http3.Stream) {
	defer c.survive()
	x := newExchange(c, &s.Request)
	x.serveHTTP3(s)
	x.free()
}

// serveHTTP3 takes a request to its end.
func (x *exchange) serveHTTP3(s *http3.Stream) {
	x.http3 = http3Stream{s, x}
	x.in = &x.http3
	s.OnCancel(x.onCancel)
	if x.req.HasBody() && x.req.Upgrade == "" {
		s.SetReadTimeout(x.proxy.options.BodyTimeout)
	}
	x.serve()
	s.OnCancel(nil)
}

// advertise tells a client that came over TCP that the listener is served over HTTP/3 too (RFC 7838),
// unless the backend says where else it is served.
func (x *exchange) advertise() {
	l := x.result.Listener
	if l == nil || !servesHTTP3(l) || !x.client.secure || x.client.http3 != nil || x.reply.Status == 421 {
		return
	}
	for i := range x.reply.Fields {
		if strings.EqualFold(x.reply.Fields[i].Name, "alt-svc") {
			return
		}
	}
	x.reply.Fields = append(x.reply.Fields, message.Field{Name: "Alt-Svc", Value: x.client.server.alternative})
}

// alternativeAge is for how many seconds clients may remember that there is HTTP/3.
const alternativeAge = "3600"

func alternativeOf(portText string) string { return `h3=":` + portText + `"; ma=` + alternativeAge }
