package proxy

import (
	"net/netip"
	"slices"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/balance"
	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/dataplane/datagram"
	"github.com/fleetgate/fleetgate/dataplane/socket"
	"github.com/fleetgate/fleetgate/dataplane/upstream"
)

// udpSession is a client of UDP and the endpoint that it was given. It belongs to the goroutine of its server.
type udpSession struct {
	server *udpServer
	client netip.Addr
	// state is the configuration that the session follows, and action, backend and pool what it was
	// given by it. refused is why it was given nothing, else "".
	state   *state
	action  *action
	backend int
	pool    *pool
	refused string
	// endpoint and flow are set together. token names the flow in the server's set. heard says that
	// the endpoint said something on this flow.
	endpoint *balance.Endpoint
	flow     *upstream.Flow
	token    uint64
	heard    bool
	// avoid is the endpoint that failed last.
	avoid []*balance.Endpoint

	record  Record
	relayed Relayed
}

func newUDPSession(s *udpServer, from netip.AddrPort, now time.Time) *udpSession {
	u := &udpSession{server: s, client: from.Addr().Unmap().WithZone(""), backend: -1, relayed: Relayed{UDP: true}}
	u.record = Record{Start: now, Gateway: s.proxy.state.Load().snapshot.Root.Gateway, Relayed: &u.relayed}
	return u
}

// pass sends what a client said to the endpoint of its session.
func (s *udpServer) pass(e *datagram.Session[*udpSession], p []byte, now time.Time) {
	u := e.Value
	for range mostConnects {
		if !u.stands() || !u.connected(e, now) {
			return
		}
		_, err := u.flow.Write(p)
		switch {
		case err == nil:
			u.relayed.Up += int64(len(p))
			u.relayed.DatagramsUp++
			return
		case !socket.Unreachable(err):
			return // what is too large, or what there is no room for, is lost, as datagrams are
		}
		u.failed(now)
	}
}

// stands says whether the configuration of now has something for the session, which it follows from now on.
func (u *udpSession) stands() bool {
	if s := u.server.proxy.state.Load(); s != u.state {
		u.state = s
		if u.refused = u.follow(); u.refused != "" {
			u.leave()
		}
	}
	return u.refused == ""
}

// follow gives the session what its state has for it: what it has already, as long as that is there. It gives
// the reason when there is nothing.
func (u *udpSession) follow() string {
	listener := u.state.ports[u.server.port]
	if listener == nil || listener.udp == nil {
		return ReasonNoListener // the port is about to be closed
	}
	u.record.Listener = listener.udp.Name
	a, reason := u.state.layer4(listener.udp.Name, "")
	if a != nil {
		u.record.Route, u.record.Rule = a.rule.Route, a.name()
	}
	if reason != "" {
		u.action, u.backend, u.record.Backend = nil, -1, ""
		return reason
	}
	p := u.server.proxy
	if a != u.action && !u.keepsBackend(a) || u.backend < 0 {
		u.leave()
		u.action = a
		u.backend, u.pool, reason = p.choose(u.state, a, &u.record)
		return reason
	}
	if invalid := a.rule.Backends[u.backend].Invalid; invalid != "" {
		return invalid
	}
	// It may be another pool for the same backend, with the same endpoints or not.
	if u.pool = p.poolOf(u.state, u.record.Backend); u.pool == nil {
		return ReasonUnknownPool
	}
	return ""
}

// keepsBackend says whether a rule that is new to the session has its backend too, and makes it the session's rule then.
func (u *udpSession) keepsBackend(a *action) bool {
	place := slices.IndexFunc(a.rule.Backends, func(b config.Backend) bool {
		return b.Pool == u.record.Backend && b.Weight > 0 && b.Invalid == ""
	})
	if place < 0 {
		return false
	}
	u.action, u.backend = a, place
	return true
}

// connected says whether the session has an endpoint, and gives it another one if its own is gone.
func (u *udpSession) connected(e *datagram.Session[*udpSession], now time.Time) bool {
	if u.flow != nil {
		if !connsOf(u.endpoint).Gone() {
			return true
		}
		if same := u.pool.Take(u.endpoint.Address); same != nil {
			u.endpoint.Done()
			u.endpoint = same // of a pool that came in the place of another one
			return true
		}
		u.leave()
	}
	reason := u.connect(e, now)
	u.record.Reason = reason
	return reason == ""
}

// connect gives the session an endpoint.
func (u *udpSession) connect(e *datagram.Session[*udpSession], now time.Time) string {
	for range mostConnects {
		endpoint, err := u.pool.PickBy(now, keyOf(u.client), u.avoid)
		if err != nil {
			return ReasonNoEndpoint
		}
		u.record.Attempts++
		u.record.Endpoint = endpoint.Address
		flow, err := u.server.flow(e, endpoint, now)
		if err == nil {
			u.endpoint, u.flow, u.heard = endpoint, flow, false
			return ""
		}
		endpoint.Done()
		if socket.Exhausted(err) {
			return ReasonOverload
		}
		u.blame(endpoint, now)
	}
	return ReasonConnectFailed
}

// flow makes the socket of a session, in the place of another session's if the machine has no more.
func (s *udpServer) flow(e *datagram.Session[*udpSession], endpoint *balance.Endpoint, now time.Time) (*upstream.Flow, error) {
	flow, err := connsOf(endpoint).Flow()
	if victim := s.table.Victim(now); err != nil && socket.Exhausted(err) && victim != e {
		s.finish(victim, ReasonEvicted)
		flow, err = connsOf(endpoint).Flow()
	}
	if err != nil {
		return nil, err
	}
	s.token++
	if err := s.set.AddFlow(flow.UDPFlow, s.token); err != nil {
		_ = flow.Close() // there is an error already
		return nil, err
	}
	e.Value.token, s.flows[s.token] = s.token, e
	return flow, nil
}

// failed notes that nobody takes what was sent: the session gets another endpoint with what comes next.
func (u *udpSession) failed(now time.Time) {
	endpoint := u.endpoint
	u.leave()
	u.blame(endpoint, now)
}

func (u *udpSession) blame(endpoint *balance.Endpoint, now time.Time) {
	u.record.Failures++
	u.pool.Failed(endpoint, now)
	u.avoid = append(u.avoid[:0], endpoint)
}

// answered notes an answer.
func (u *udpSession) answered(size int) {
	if !u.heard {
		u.heard = true
		u.endpoint.Succeeded()
	}
	u.relayed.Down += int64(size)
	u.relayed.DatagramsDown++
}

// leave gives the endpoint up.
func (u *udpSession) leave() {
	if u.flow == nil {
		return
	}
	delete(u.server.flows, u.token)
	_ = u.flow.Close() // nothing to be done about it
	u.endpoint.Done()
	u.flow, u.endpoint = nil, nil
}

// reasonOfSilence is why a session ended that nobody used any more: that is how a good one ends.
func (u *udpSession) reasonOfSilence() string {
	switch {
	case u.refused != "":
		return u.refused
	case u.record.Reason != "": // it got no endpoint
		return u.record.Reason
	case u.server.doing == drain:
		return ReasonDrained
	case u.relayed.DatagramsDown == 0:
		return ReasonNoAnswer
	}
	return ""
}

// end tells of the session.
func (u *udpSession) end(reason string) {
	u.leave()
	u.record.Reason = reason
	u.record.Duration = time.Since(u.record.Start)
	p := u.server.proxy
	if u.action != nil {
		u.record.Series = u.action.seriesOf(p.options.Observer, u.backend)
	}
	p.log.write(&u.record)
	p.options.Observer.Exchanged(&u.record)
}
