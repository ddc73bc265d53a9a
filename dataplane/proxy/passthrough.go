package proxy

import (
	"context"
	"crypto/tls"
	"errors"
	"hash/fnv"
	"net/netip"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/balance"
	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/dataplane/upstream"
)

// passage is a connection that goes to a backend: as it is, or what is within its TLS.
type passage struct {
	client  *client
	state   *state
	record  Record
	relayed Relayed
	// faithful says that this is not TLS that is passed through: a break has to look like one on the other
	// side too, since there is no TLS from end to end by which its users tell half from whole.
	faithful bool
}

// passedThrough says whether a connection was for a listener that passes it through, or for none: it is
// over then. One that cannot be passed on is closed without an alert, which would be a word in a
// conversation that is not ours; Gateway API's conformance wants it so.
func (c *client) passedThrough(name string) bool {
	s := c.server.proxy.state.Load()
	listener := s.table.Listener(c.server.port, name)
	if listener != nil && (listener.TLS == nil || !listener.TLS.Passthrough) {
		return false
	}
	t := c.passage(s, name)
	reason := ReasonNoServerName
	if name != "" {
		reason = t.pass(listener)
	}
	t.end(reason)
	return true
}

// passedOn says whether a connection, whose TLS is ended if it has any, was for a listener that passes on
// what it says: it is over then.
func (c *client) passedOn() bool {
	s := c.server.proxy.state.Load()
	rules := s.ports[c.server.port]
	if rules == nil || rules.tcp == nil && !rules.ended {
		return false
	}
	listener := rules.tcp
	if listener == nil {
		listener = s.table.Listener(c.server.port, c.serverName)
	}
	if listener == nil || c.secure != (listener.Protocol == config.TLSProtocol) {
		return false
	}
	t := c.passage(s, c.serverName)
	t.faithful = true
	reason := t.pass(listener)
	if reason != "" {
		c.reset() // so that nobody takes nothing for an answer
	}
	t.end(reason)
	return true
}

func (c *client) passage(s *state, host string) *passage {
	return &passage{client: c, state: s, record: Record{Start: time.Now(), Gateway: s.snapshot.Root.Gateway, Host: host}}
}

// pass finds the backend and relays. It gives the reason when nothing was passed on; why it ended otherwise is in
// the record.
func (t *passage) pass(listener *config.Listener) (reason string) {
	if listener == nil {
		return ReasonNoListener
	}
	t.record.Listener = listener.Name
	a, reason := t.state.layer4(listener.Name, t.record.Host)
	if a != nil {
		t.record.Route, t.record.Rule = a.rule.Route, a.name()
	}
	if reason != "" {
		return reason
	}
	_, pool, reason := t.client.server.proxy.choose(t.state, a, &t.record)
	if reason != "" {
		return reason
	}
	endpoint, backend, reason := t.connect(pool)
	if reason != "" {
		return reason
	}
	defer endpoint.Done()
	r := relay{client: t.client, backend: backend, faithful: t.faithful}
	t.record.Reason = r.run()
	t.relayed.Up, t.relayed.Down = r.up.Load(), r.down.Load()
	return ""
}

// end tells of the connection.
func (t *passage) end(reason string) {
	if reason != "" {
		t.record.Reason = reason
	}
	t.record.Relayed = &t.relayed
	t.record.Duration = time.Since(t.record.Start)
	p := t.client.server.proxy
	p.log.write(&t.record)
	p.options.Observer.Exchanged(&t.record)
}

// layer4 gives the action for what a listener passes on, or the reason that there is none to follow.
func (s *state) layer4(listener, hostname string) (a *action, reason string) {
	rule := s.table.Layer4(listener, hostname)
	if rule == nil {
		return nil, ReasonNoRoute
	}
	a = rule.Value.(*action) //nolint:errcheck // attach makes nothing else
	return a, a.rule.Broken
}

// keyOf is the same for all connections of a client, in all proxies.
func keyOf(client netip.Addr) uint64 {
	address := client.As16()
	h := fnv.New64a()
	_, _ = h.Write(address[:]) // never fails
	return h.Sum64()
}

// mostConnects is how many endpoints a connection that is passed on is tried with, before it waits.
const mostConnects = 4

// connect connects to an endpoint, and to others when that fails: nothing was sent yet. In a gap it waits.
func (t *passage) connect(to *pool) (*balance.Endpoint, *upstream.Tunnel, string) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	t.client.connecting.Store(&cancel)
	defer t.client.connecting.Store(nil)
	var tried []*balance.Endpoint
	var since time.Time
	key, reason := keyOf(t.client.address), ReasonConnectFailed
	for !t.client.cutting.Load() {
		endpoint, err := to.PickBy(time.Now(), key, tried)
		if err != nil {
			if reason = ReasonNoEndpoint; errors.Is(err, balance.ErrEmpty) && to.await(ctx, &since) {
				continue
			}
			break
		}
		backend, err := t.dial(ctx, endpoint)
		if err == nil {
			endpoint.Succeeded()
			to.gap.end()
			return endpoint, backend, ""
		}
		reason = reasonOfConnect(err)
		t.record.Failures++
		to.Failed(endpoint, time.Now())
		endpoint.Done()
		if tried = append(tried, endpoint); len(tried) < mostConnects && to.HasOther(tried) {
			continue
		}
		if reason != ReasonConnectFailed || !to.await(ctx, &since) {
			break
		}
		tried = nil
	}
	return nil, nil, reason
}

// reasonOfConnect is why an endpoint could not be connected to.
func reasonOfConnect(err error) string {
	var untrustedError *tls.CertificateVerificationError
	switch {
	case errors.As(err, &untrustedError):
		return ReasonBackendCertificate
	case errors.Is(err, upstream.ErrHandshake):
		return ReasonBackendTLS
	}
	return ReasonConnectFailed
}

func (t *passage) dial(ctx context.Context, endpoint *balance.Endpoint) (*upstream.Tunnel, error) {
	ctx, cancel := context.WithTimeout(ctx, t.client.server.proxy.options.ConnectTimeout)
	defer cancel()
	t.record.Attempts++
	t.record.Endpoint = endpoint.Address
	return connsOf(endpoint).Tunnel(ctx, !t.faithful)
}
