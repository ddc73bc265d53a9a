package proxy

import (
	"context"
	"crypto/tls"
	"net"
	"net/netip"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/http1"
	"github.com/fleetgate/fleetgate/dataplane/http2"
	"github.com/fleetgate/fleetgate/dataplane/http3"
	"github.com/fleetgate/fleetgate/dataplane/socket"
)

// place is where a client is.
type place struct {
	// peer is the other end of the connection, address the client's: another one when a PROXY header
	// tells it.
	peer, address netip.Addr
	addressText   string
}

// client is a connection of a client, with one goroutine that reads it.
type client struct {
	server *server
	// socket is the TCP connection, conn what requests are read from: the same, or TLS on it.
	socket, conn *socket.Conn
	place
	secure     bool
	serverName string
	// protocol is what the client is held to: what the TLS handshake agreed on (ALPN), "h2" or "http/1.1",
	// or that its listener speaks no HTTP/2; "" when it may choose.
	protocol string

	http2 atomic.Pointer[http2.Server]
	// http3 is set over UDP, where there is no socket and no conn, and moved is where the client was last.
	http3 *http3.Server
	moved atomic.Pointer[place]
	// idle says that the connection waits for a request, so that it may be interrupted when the port closes.
	idle atomic.Bool
	// early says that the connection waits for what comes before TLS, and may be interrupted too.
	early atomic.Bool
	// cutting says that the time for what is in flight is over.
	cutting atomic.Bool
	// tunnels is how many conversations go on that are no requests: WebSockets, and what is passed through.
	tunnels atomic.Int32
	// connecting ends a connect under way on behalf of a connection that is passed through.
	connecting atomic.Pointer[context.CancelFunc]
}

func newClient(s *server, conn net.Conn) *client {
	c := &client{server: s, socket: socket.New(conn)}
	c.conn = c.socket
	if tcp, ok := conn.RemoteAddr().(*net.TCPAddr); ok {
		c.peer = tcp.AddrPort().Addr().Unmap().WithZone("")
	} else if from, err := netip.ParseAddrPort(conn.RemoteAddr().String()); err == nil {
		c.peer = from.Addr().Unmap().WithZone("")
	}
	c.setAddress(c.peer)
	return c
}

func (c *client) setAddress(address netip.Addr) {
	c.address, c.addressText = address, address.String()
}

// serve speaks with the client until the connection ends, or is parked.
func (c *client) serve() { c.live(c.greet) }

// live does a part of what the connection is for, and ends it unless it is parked then.
func (c *client) live(part func() (parked bool)) {
	parked := false
	defer func() {
		if !parked {
			_ = c.conn.Close() // the end of it either way
			c.server.leave(c)
		}
	}()
	defer c.survive()
	parked = part()
}

// greet finds out what the client speaks, and speaks it.
func (c *client) greet() (parked bool) {
	if !c.begin() || c.server.tls != nil && !c.handshake() || c.passedOn() {
		return false
	}
	buffer, n, isHTTP2, err := c.firstBytes()
	if err != nil {
		return false
	}
	if isHTTP2 || c.protocol == alpnHTTP2 {
		first := append([]byte(nil), buffer.Bytes[:n]...)
		buffer.Free()
		c.serveHTTP2(first)
		return false
	}
	s := http1.NewServer(c.conn, &c.server.proxy.http1)
	s.Feed(buffer, n)
	return c.serveHTTP1(s)
}

// handshake ends TLS.
func (c *client) handshake() bool {
	secured := tls.Server(c.socket, c.server.tls)
	ctx, cancel := context.WithTimeout(context.Background(), c.server.proxy.options.HeaderTimeout)
	defer cancel()
	if err := secured.HandshakeContext(ctx); err != nil {
		c.server.proxy.options.Log.Debug("TLS handshake failed", "port", c.server.port, "client", c.addressText, "error", err)
		return false
	}
	agreed := secured.ConnectionState()
	c.secure, c.serverName, c.protocol = true, strings.ToLower(agreed.ServerName), agreed.NegotiatedProtocol
	if c.protocol == "" && !c.server.proxy.allowsHTTP2(c.server.port, c.serverName) {
		c.protocol = alpnHTTP1
	}
	c.conn = socket.New(secured)
	return true
}

const http2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

// firstBytes reads what the client says first, to tell HTTP/2 (RFC 9113 section 3.3) from HTTP/1.1:
// by ALPN or prior knowledge, the client begins with the preface.
func (c *client) firstBytes() (buffer *socket.Buffer, n int, isHTTP2 bool, err error) {
	c.idle.Store(true)
	defer c.idle.Store(false)
	if c.server.isClosing() {
		return nil, 0, false, http1.ErrIdle
	}
	if err := c.conn.ReadWithin(time.Now(), c.server.proxy.options.HeaderTimeout); err != nil {
		return nil, 0, false, err
	}
	if buffer, n, err = c.conn.Take(socket.SmallBuffers); err != nil {
		return nil, 0, false, err
	}
	mayHTTP2 := c.protocol != alpnHTTP1
	for mayHTTP2 && n < len(http2Preface) && http2Preface[:n] == string(buffer.Bytes[:n]) {
		more, err := c.conn.Read(buffer.Bytes[n:])
		if err != nil {
			buffer.Free()
			return nil, 0, false, err
		}
		n += more
	}
	return buffer, n, mayHTTP2 && n >= len(http2Preface) && string(buffer.Bytes[:len(http2Preface)]) == http2Preface, nil
}

// drain lets the connection end after what is in flight.
func (c *client) drain() {
	if c.http3 != nil {
		c.http3.Drain()
	} else if c.unpark() {
		return
	} else if h2 := c.http2.Load(); h2 != nil {
		h2.Drain()
	} else if c.idle.Load() {
		c.conn.Interrupt()
	} else if c.early.Load() {
		c.socket.Interrupt()
	}
}

// isTunnel says that the connection may go on for as long as both sides like.
func (c *client) isTunnel() bool { return c.tunnels.Load() > 0 }

// cut ends the connection with whatever is in flight.
func (c *client) cut() {
	c.cutting.Store(true)
	if c.http3 != nil {
		c.http3.Close()
		return
	}
	_ = c.socket.Close() // the end of it either way
	if cancel := c.connecting.Load(); cancel != nil {
		(*cancel)()
	}
	c.unpark()
}

// truncated says that TLS ended without saying so (RFC 8446 section 6.1), which crypto/tls takes for an end.
func (c *client) truncated() bool { return c.conn != c.socket && c.socket.Ended() }

// reset closes the connection of TCP so that the client does not take what it got for all that there is. What is
// on its way to it may be lost.
func (c *client) reset() {
	resetOnClose(c.socket.Conn) // there are users of TLS who do not miss a close_notify either
	_ = c.socket.Close()        // the end of it either way
}

// resetOnClose has the close of a connection be one that its other end does not take for the end of what is said.
func resetOnClose(conn net.Conn) {
	if tcp, ok := conn.(interface{ SetLinger(seconds int) error }); ok {
		_ = tcp.SetLinger(0) // best effort; the connection is closed anyway
	}
}

func (c *client) serveHTTP2(first []byte) {
	o := &c.server.proxy.options
	h2 := http2.NewServer(c.conn, http2.ServerOptions{
		MaxStreams: o.MaxStreams, MaxHeaderBytes: o.MaxHeaderBytes, MaxFields: o.MaxFields, IdleTimeout: o.IdleTimeout,
		HeaderTimeout: o.HeaderTimeout, WriteTimeout: o.WriteTimeout,
	}, c.serveStream)
	c.http2.Store(h2)
	if c.server.isClosing() {
		h2.Drain()
	}
	if err := h2.Serve(first); err != nil {
		o.Log.Debug("HTTP/2 connection ended", "port", c.server.port, "client", c.addressText, "error", err)
	}
}

func (c *client) serveStream(s *http2.Stream) {
	defer c.survive()
	x := newExchange(c, &s.Request)
	x.serveHTTP2(s)
	x.free()
}

// survive keeps a fault in our own code to the connection or the stream that it was met on.
func (c *client) survive() {
	if fault := recover(); fault != nil {
		c.server.proxy.options.Log.Error("panic", "port", c.server.port, "client", c.where().addressText, "panic", fault, "stack", string(debug.Stack()))
	}
}

// serveHTTP1 serves requests one after the other, until the connection is to end or is parked.
func (c *client) serveHTTP1(s *http1.Server) (parked bool) {
	sound := false
	defer func() {
		if sound {
			s.Free()
		} else {
			s.Release() // after a panic: who knows what still uses it
		}
	}()
	parked = c.requests(s)
	sound = true
	return parked
}

func (c *client) requests(s *http1.Server) (parked bool) {
	for {
		err := s.ReadRequest(c.setIdle)
		if err == http1.ErrQuiet { //nolint:errorlint // it comes as it is
			if c.park() {
				return true
			}
			s.Stay()
			continue
		}
		if err != nil && c.lastChance(s, err) {
			err = s.ReadRequest(nil)
		}
		if err != nil {
			c.refuse(s, err)
			return false
		}
		if !c.exchange(s) {
			c.close(s)
			return false
		}
	}
}

func (c *client) setIdle(idle bool) {
	c.idle.Store(idle)
	if idle && c.server.isClosing() {
		c.conn.Interrupt()
	}
}

// lastChance says whether to look once more: an idle connection that was interrupted because the
// port closes may have a request on its way, which would be lost.
func (c *client) lastChance(s *http1.Server, err error) bool {
	if err != http1.ErrIdle || !c.server.isClosing() || c.cutting.Load() { //nolint:errorlint // it comes as it is
		return false
	}
	return s.Last(lastLook) == nil
}

const lastLook = 50 * time.Millisecond

// exchange serves one request, and says whether there can be another one.
func (c *client) exchange(s *http1.Server) bool {
	x := newExchange(c, &s.Request)
	x.serveHTTP1(s)
	x.free() // not after a panic: who knows what still uses it
	return s.Finish()
}
