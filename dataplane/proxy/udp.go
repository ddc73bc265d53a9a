package proxy

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/datagram"
	"github.com/fleetgate/fleetgate/dataplane/socket"
)

// udpServer passes on the datagrams of a port. One goroutine does it all, without ever waiting for a socket, so
// that sessions need no lock and cost no stack.
type udpServer struct {
	proxy  *Proxy
	port   int32
	socket *socket.UDPPort
	set    *socket.UDPSet
	done   chan struct{} // closed when the goroutine has ended

	// What follows belongs to the goroutine. Tokens name the sockets of sessions in the set, and are never
	// given twice; that of the port is 0.
	table  *datagram.Table[*udpSession]
	flows  map[uint64]*datagram.Session[*udpSession]
	token  uint64
	buffer *socket.Buffer
	sweep  time.Time // when sessions are looked at that may be idle; zero when there are none
	idle   time.Duration
	doing  order

	// What the goroutine is asked for by others. woken says that it did not look yet.
	mutex sync.Mutex
	limit int
	asked order
	woken bool
}

// order is what a udpServer is asked for.
type order int

const (
	serve order = iota
	drain       // take no more clients, and end when the others are silent
	stop        // end
)

const (
	// portToken is the token of the port itself.
	portToken = 0
	// mostDatagrams bounds what is read of one socket until the others have their turn.
	mostDatagrams = 64
	// drainQuiet is how long a session may be silent when the port closes.
	drainQuiet = time.Second
)

// closeUDP closes the ports that no listener of UDP has any more: nobody would be told that there is no more to come.
func (p *Proxy) closeUDP(ports map[int32]*port) {
	for number, s := range p.udp {
		if wanted := ports[number]; wanted == nil || wanted.udp == nil {
			delete(p.udp, number)
			s.ask(stop)
			<-s.done
		}
	}
}

// listenUDP serves the ports of listeners of UDP.
func (p *Proxy) listenUDP(ports map[int32]*port) (errs []error) {
	n := 0
	for _, wanted := range ports {
		if wanted.udp != nil {
			n++
		}
	}
	for number, wanted := range ports {
		if wanted.udp == nil {
			continue
		}
		if p.udp[number] == nil {
			if err := p.openUDP(number); err != nil {
				errs = append(errs, fmt.Errorf("listen on UDP port %d: %w", number, err))
				continue
			}
		}
		p.udp[number].setLimit(max(p.options.MaxSessions/n, 1))
	}
	return errs
}

func (p *Proxy) openUDP(number int32) error {
	packets, err := p.options.ListenPacket(context.Background(), number)
	if err != nil {
		return err
	}
	conn, ok := packets.(*net.UDPConn)
	if !ok {
		_ = packets.Close() // there is an error already
		return fmt.Errorf("a socket of UDP is needed, not %T", packets)
	}
	s := &udpServer{
		proxy: p, port: number, done: make(chan struct{}), table: datagram.NewTable[*udpSession](1),
		flows: map[uint64]*datagram.Session[*udpSession]{}, idle: p.options.SessionTimeout, limit: 1,
	}
	if s.socket, err = socket.TakeUDP(conn); err != nil {
		return err
	}
	if s.set, err = socket.NewUDPSet(); err == nil {
		if err = s.set.AddPort(s.socket, portToken); err != nil {
			_ = s.set.Close() // there is an error already
		}
	}
	if err != nil {
		_ = s.socket.Close()
		return err
	}
	p.udp[number] = s
	go s.serve()
	return nil
}

// retire lets sessions end, at the latest when the context ends, and waits for it.
func (s *udpServer) retire(ctx context.Context) {
	s.ask(drain)
	cut := context.AfterFunc(ctx, func() { s.ask(stop) })
	defer cut()
	<-s.done
}

// ask tells the goroutine what to do from now on.
func (s *udpServer) ask(what order) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.asked = max(s.asked, what)
	s.wake()
}

func (s *udpServer) setLimit(limit int) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.limit != limit {
		s.limit = limit
		s.wake()
	}
}

// wake ends a wait of the goroutine; s.mutex is held.
func (s *udpServer) wake() {
	s.woken = true
	_ = s.set.SetDeadline(longAgo) // fails on a closed set, when there is nobody to wake
}

// serve works until it is asked to stop.
func (s *udpServer) serve() {
	defer close(s.done)
	for s.turn() {
		continue
	}
	for victim := s.table.Victim(time.Now()); victim != nil; victim = s.table.Victim(time.Now()) {
		s.finish(victim, ReasonDrained)
	}
	s.mutex.Lock()
	_ = s.set.Close() // nothing to be done about it
	s.mutex.Unlock()
	_ = s.socket.Close()
}

// turn waits and works once, and is false when there is nothing more to be done.
func (s *udpServer) turn() (more bool) {
	defer s.survive(&more)
	tokens, err := s.set.Wait()
	now := time.Now()
	if err != nil {
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			s.proxy.options.Log.Error("a UDP port is not served any more", "port", s.port, "error", err)
			return false
		}
		return s.tend(now)
	}
	s.buffer = socket.LargeBuffers.Get()
	for _, token := range tokens {
		if token == portToken {
			s.receive(now)
		} else if e := s.flows[token]; e != nil {
			s.answer(e, now)
		}
	}
	s.buffer.Free()
	return true
}

// survive keeps a fault in our own code to the datagram that it was met on.
func (s *udpServer) survive(more *bool) {
	if fault := recover(); fault != nil {
		*more = true
		s.proxy.options.Log.Error("panic", "port", s.port, "panic", fault, "stack", string(debug.Stack()))
	}
}

// tend does what others ask for and what it is time for. It is false when the work is over.
func (s *udpServer) tend(now time.Time) bool {
	s.mutex.Lock()
	s.doing, s.woken = s.asked, false
	s.table.SetLimit(s.limit)
	s.mutex.Unlock()
	if s.doing == drain {
		s.idle = min(s.idle, drainQuiet)
	}
	s.makeRoom(now)
	for e := s.table.Idle(now.Add(-s.idle)); e != nil; e = s.table.Idle(now.Add(-s.idle)) {
		s.finish(e, e.Value.reasonOfSilence())
	}
	if s.doing == stop || s.doing == drain && s.table.Len() == 0 {
		return false
	}
	s.schedule(now)
	return true
}

// schedule has sessions looked at soon after they can be idle.
func (s *udpServer) schedule(now time.Time) {
	s.sweep = time.Time{}
	if s.table.Len() > 0 {
		s.sweep = now.Add(s.idle/8 + time.Millisecond)
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if !s.woken {
		_ = s.set.SetDeadline(s.sweep) // it is ours, and open
	}
}

// makeRoom ends the sessions that are too many.
func (s *udpServer) makeRoom(now time.Time) {
	for e := s.table.Surplus(now); e != nil; e = s.table.Surplus(now) {
		s.finish(e, ReasonEvicted)
	}
}

// receive passes on what clients sent.
func (s *udpServer) receive(now time.Time) {
	for range mostDatagrams {
		d, err := s.socket.Receive(s.buffer.Bytes)
		if err != nil {
			if !errors.Is(err, socket.ErrNothing) {
				s.proxy.options.Log.Debug("receive failed", "port", s.port, "error", err)
			}
			return
		}
		if e := s.sessionOf(&d, now); e != nil {
			s.table.Heard(e, now)
			s.pass(e, s.buffer.Bytes[:d.Size], now)
		}
	}
}

// sessionOf gives the session of a datagram, nil if there is none and none may begin.
func (s *udpServer) sessionOf(d *socket.Datagram, now time.Time) *datagram.Session[*udpSession] {
	key := datagram.Key{Client: d.From, Local: d.Local}
	if e := s.table.Find(key); e != nil {
		return e
	}
	if s.doing != serve {
		return nil
	}
	e := s.table.Add(key, now)
	e.Value = newUDPSession(s, d.From, now)
	s.proxy.sessions.Add(1)
	s.makeRoom(now)
	if s.sweep.IsZero() {
		s.schedule(now)
	}
	return e
}

// answer passes on what a backend sent.
func (s *udpServer) answer(e *datagram.Session[*udpSession], now time.Time) {
	u := e.Value
	for range mostDatagrams {
		n, err := u.flow.Read(s.buffer.Bytes)
		switch {
		case errors.Is(err, socket.ErrNothing):
			return
		case socket.Unreachable(err):
			u.failed(now)
			return
		case err != nil:
			continue // it is told once
		case !u.stands() || u.flow == nil:
			return // from a backend that is not the session's any more
		}
		u.answered(n)
		s.table.Answer(e, now)
		// What there is no room for, or no way, is lost, as datagrams are.
		if err := s.socket.Send(s.buffer.Bytes[:n], e.Key.Client, e.Key.Local); err != nil && !errors.Is(err, socket.ErrNothing) {
			s.proxy.options.Log.Debug("send failed", "port", s.port, "client", e.Key.Client, "error", err)
		}
	}
}

// finish ends a session.
func (s *udpServer) finish(e *datagram.Session[*udpSession], reason string) {
	s.table.Remove(e)
	s.proxy.sessions.Add(-1)
	e.Value.end(reason)
}
