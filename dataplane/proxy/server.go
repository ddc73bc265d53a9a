package proxy

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/http3"
	"github.com/fleetgate/fleetgate/dataplane/socket"
)

// server serves one listener port, over TCP or, for HTTP/3, over UDP.
type server struct {
	proxy    *Proxy
	port     int32
	portText string
	// alternative is the Alt-Svc of responses of listeners with HTTP/3.
	alternative string

	listener net.Listener    // nil over UDP
	http3    *http3.Listener // nil over TCP
	tls      *tls.Config     // nil when the port is without TLS

	mutex   sync.Mutex
	clients map[*client]struct{}
	closing bool
	running sync.WaitGroup
}

// listen binds the ports that are new and retires those that are gone. Ports that stay are not touched.
func (p *Proxy) listen(ports map[int32]*port) error {
	for number, s := range p.servers {
		if wanted := ports[number]; wanted == nil || !wanted.stream || wanted.secure != (s.tls != nil) {
			// Requests in flight on a port that is gone may end in their own time, as long as there is a proxy.
			delete(p.servers, number)
			p.retire(p.life, s)
		}
	}
	p.closeUDP(ports)
	errs := p.listenHTTP3(ports)
	errs = append(errs, p.listenUDP(ports)...)
	for port, wanted := range ports {
		if !wanted.stream || p.servers[port] != nil {
			continue
		}
		if err := p.open(port, wanted.secure); err != nil {
			errs = append(errs, fmt.Errorf("listen on port %d: %w", port, err))
		}
	}
	return errors.Join(errs...)
}

func newServer(p *Proxy, port int32) *server {
	text := strconv.Itoa(int(port))
	return &server{proxy: p, port: port, portText: text, alternative: alternativeOf(text), clients: map[*client]struct{}{}}
}

func (p *Proxy) open(port int32, withTLS bool) error {
	listener, err := p.options.Listen(context.Background(), port)
	if err != nil {
		return err
	}
	s := newServer(p, port)
	s.listener = socket.Listen(listener)
	if withTLS {
		s.tls = p.tlsConfig(port)
	}
	p.servers[port] = s
	s.running.Go(s.accept)
	return nil
}

// accept takes connections until the listener is closed. When the system has no more to give it
// waits a little, since connections end all the time.
func (s *server) accept() {
	for pause := time.Duration(0); ; {
		conn, err := s.listener.Accept()
		switch {
		case err == nil:
			pause = 0
			s.welcome(conn)
		case errors.Is(err, net.ErrClosed):
			return
		default:
			s.proxy.options.Log.Error("accept failed", "port", s.port, "error", err)
			pause = min(max(2*pause, 5*time.Millisecond), time.Second)
			time.Sleep(pause)
		}
	}
}

// welcome starts to serve a connection, unless there are too many.
func (s *server) welcome(conn net.Conn) {
	if !s.proxy.admitted() {
		s.proxy.refuse(s, conn)
		return
	}
	c := newClient(s, conn)
	if !s.enter(c, c.serve) {
		_ = conn.Close() // it came while the port was closed
	}
}

// admitted counts a connection, unless there are too many.
func (p *Proxy) admitted() bool {
	if n := p.connections.Add(1); n > int64(p.options.MaxConnections) {
		p.connections.Add(-1)
		return false
	}
	return true
}

// enter starts to serve a connection that was counted, unless the port is closed.
func (s *server) enter(c *client, serve func()) bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.closing {
		s.proxy.connections.Add(-1)
		return false
	}
	s.clients[c] = struct{}{}
	s.running.Go(serve)
	return true
}

// leave forgets a connection that has ended.
func (s *server) leave(c *client) {
	s.proxy.connections.Add(-1)
	s.mutex.Lock()
	delete(s.clients, c)
	s.mutex.Unlock()
}

func (s *server) isClosing() bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.closing
}

// retire closes a port's listener and lets its requests end in the background, at the latest when
// the context ends. Tunnels have no end of their own, and get DrainTimeout.
func (p *Proxy) retire(ctx context.Context, s *server) {
	s.mutex.Lock()
	s.closing = true
	s.mutex.Unlock()
	s.shut()
	for _, c := range s.list() {
		c.drain()
	}
	p.retired.Go(func() {
		stop := context.AfterFunc(ctx, func() { s.cut(func(*client) bool { return true }) })
		defer stop()
		limit := time.AfterFunc(p.options.DrainTimeout, func() { s.cut((*client).isTunnel) })
		defer limit.Stop()
		s.running.Wait()
		if s.http3 != nil {
			p.sockets.release(s.port)
		}
	})
}

// shut takes no more connections.
func (s *server) shut() {
	if s.http3 != nil {
		_ = s.http3.Close() // nothing to be done about it
		return
	}
	_ = s.listener.Close() // nothing to be done about it
}

// cut ends connections with whatever is in flight on them.
func (s *server) cut(which func(*client) bool) {
	for _, c := range s.list() {
		if which(c) {
			c.cut()
		}
	}
}

func (s *server) list() []*client {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	list := make([]*client, 0, len(s.clients))
	for c := range s.clients {
		list = append(list, c)
	}
	return list
}

var refusal = []byte("HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 21\r\n" +
	"Connection: close\r\nRetry-After: 1\r\n\r\ntoo many connections\n")

// refuse sends a connection away that is one too many.
func (p *Proxy) refuse(s *server, conn net.Conn) {
	rules := p.state.Load().ports[s.port]
	switch {
	case s.tls != nil:
	case rules != nil && rules.tcp != nil:
		resetOnClose(conn)
	default:
		_ = conn.SetWriteDeadline(time.Now().Add(time.Second)) // an empty socket takes it at once
		_, _ = conn.Write(refusal)
	}
	_ = conn.Close() // the end of it either way
	p.recordRefusal()
}

// recordRefusal tells of a connection that was one too many.
func (p *Proxy) recordRefusal() {
	now := time.Now()
	record := Record{Start: now, Gateway: p.state.Load().snapshot.Root.Gateway, Status: 503, Reason: ReasonTooManyConnections}
	p.log.write(&record)
	p.options.Observer.Exchanged(&record)
}
