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

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/dataplane/socket"
)

// server serves one listener port.
type server struct {
	proxy    *Proxy
	port     int32
	portText string
	listener net.Listener
	tls      *tls.Config // nil when the port is without TLS

	mutex   sync.Mutex
	clients map[*client]struct{}
	closing bool
	running sync.WaitGroup
}

// listen binds the ports that are new and retires those that are gone. Ports that stay are not touched.
func (p *Proxy) listen(root *config.Root) error {
	wanted := map[int32]bool{}
	for i := range root.Listeners {
		l := &root.Listeners[i]
		wanted[l.Port] = wanted[l.Port] || l.TLS != nil || l.Protocol == config.TLSProtocol
	}
	for port, s := range p.servers {
		if withTLS, ok := wanted[port]; !ok || withTLS != (s.tls != nil) {
			// Requests in flight on a port that is gone may end in their own time, as long as there is a proxy.
			p.retire(p.life, port)
		}
	}
	var errs []error
	for port, withTLS := range wanted {
		if p.servers[port] != nil {
			continue
		}
		if err := p.open(port, withTLS); err != nil {
			errs = append(errs, fmt.Errorf("listen on port %d: %w", port, err))
		}
	}
	return errors.Join(errs...)
}

func (p *Proxy) open(port int32, withTLS bool) error {
	listener, err := p.options.Listen(context.Background(), port)
	if err != nil {
		return err
	}
	s := &server{proxy: p, port: port, portText: strconv.Itoa(int(port)), listener: socket.Listen(listener), clients: map[*client]struct{}{}}
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
	if n := s.proxy.connections.Add(1); n > int64(s.proxy.options.MaxConnections) {
		s.proxy.connections.Add(-1)
		s.proxy.refuse(s, conn)
		return
	}
	c := newClient(s, conn)
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.closing {
		s.proxy.connections.Add(-1)
		_ = conn.Close() // it came while the port was closed
		return
	}
	s.clients[c] = struct{}{}
	s.running.Go(c.serve)
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
func (p *Proxy) retire(ctx context.Context, port int32) {
	s := p.servers[port]
	delete(p.servers, port)
	s.mutex.Lock()
	s.closing = true
	s.mutex.Unlock()
	_ = s.listener.Close() // nothing to be done about it
	for _, c := range s.list() {
		c.drain()
	}
	p.retired.Go(func() {
		stop := context.AfterFunc(ctx, func() { s.cut(func(*client) bool { return true }) })
		defer stop()
		limit := time.AfterFunc(p.options.DrainTimeout, func() { s.cut((*client).isTunnel) })
		defer limit.Stop()
		s.running.Wait()
	})
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
	if s.tls == nil {
		_ = conn.SetWriteDeadline(time.Now().Add(time.Second)) // an empty socket takes it at once
		_, _ = conn.Write(refusal)
	}
	_ = conn.Close() // the end of it either way
	now := time.Now()
	record := Record{Start: now, Gateway: p.state.Load().snapshot.Root.Gateway, Status: 503, Reason: ReasonTooManyConnections}
	p.log.write(&record)
	p.options.Observer.Exchanged(&record)
}
