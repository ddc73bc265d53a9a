package proxy

import (
	"context"
	"hash/fnv"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/balance"
	"github.com/fleetgate/fleetgate/dataplane/router"
	"github.com/fleetgate/fleetgate/dataplane/upstream"
)

// passage is a TLS connection that goes to a backend as it is.
type passage struct {
	client *client
	state  *state
	record Record
}

// passedThrough says whether a connection was for a listener that passes it through, or for none: it is
// over then.
func (c *client) passedThrough(name string) bool {
	s := c.server.proxy.state.Load()
	listener := s.table.Listener(c.server.port, name)
	if listener != nil && (listener.TLS == nil || !listener.TLS.Passthrough) {
		return false
	}
	t := &passage{client: c, state: s, record: Record{
		Start: time.Now(), Gateway: s.snapshot.Root.Gateway, Host: name, Passthrough: true,
	}}
	if description, reason := t.pass(name); reason != "" {
		t.record.Reason = reason
		if description != 0 {
			c.alert(description)
		}
	}
	t.record.Duration = time.Since(t.record.Start)
	c.server.proxy.log.write(&t.record)
	c.server.proxy.options.Observer.Exchanged(&t.record)
	return true
}

// noHeader is the header of what is no request.
type noHeader struct{}

// Value implements router.Header.
func (noHeader) Value(string) (string, bool) { return "", false }

// pass finds the backend and relays. It gives the reason when the connection did not end well, and the
// alert that tells the client of it, if it can be told.
func (t *passage) pass(name string) (alert byte, reason string) {
	if name == "" {
		return alertUnrecognizedName, ReasonNoServerName
	}
	// Matches of such a rule are of the path "/" alone; what asks for more matches nothing.
	result := t.state.table.Lookup(t.client.server.port, &router.Request{Host: name, Path: "/", Header: noHeader{}})
	if result.Listener == nil {
		return alertUnrecognizedName, ReasonNoListener
	}
	t.record.Listener = result.Listener.Name
	if result.Rule == nil {
		return alertUnrecognizedName, ReasonNoRoute
	}
	a := result.Rule.Value.(*action) //nolint:errcheck // attach makes nothing else
	t.record.Route, t.record.Rule = a.rule.Route, a.name()
	if a.rule.Broken != "" {
		return alertInternalError, a.rule.Broken
	}
	_, pool, reason := t.client.server.proxy.choose(t.state, a, &t.record)
	if reason != "" {
		return alertInternalError, reason
	}
	endpoint, backend, reason := t.connect(pool.Pool)
	if reason != "" {
		return alertInternalError, reason
	}
	defer endpoint.Done()
	r := relay{client: t.client, backend: backend}
	reason = r.run()
	t.record.Up, t.record.Down = r.up.Load(), r.down.Load()
	return 0, reason
}

// clientKey is the same for all connections of a client, in all proxies.
func clientKey(c *client) uint64 {
	address := c.address.As16()
	h := fnv.New64a()
	_, _ = h.Write(address[:]) // never fails
	return h.Sum64()
}

// mostConnects is how many endpoints a connection that is passed through is tried with.
const mostConnects = 4

// connect connects to an endpoint, and to others when that fails: nothing was sent yet.
func (t *passage) connect(pool *balance.Pool) (*balance.Endpoint, *upstream.Tunnel, string) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	t.client.connecting.Store(&cancel)
	defer t.client.connecting.Store(nil)
	var tried []*balance.Endpoint
	key := clientKey(t.client)
	for len(tried) < mostConnects && !t.client.cutting.Load() {
		endpoint, err := pool.PickBy(time.Now(), key, tried)
		if err != nil {
			return nil, nil, ReasonNoEndpoint
		}
		t.record.Attempts++
		t.record.Endpoint = endpoint.Address
		backend, err := t.dial(ctx, endpoint)
		if err == nil {
			endpoint.Succeeded()
			return endpoint, backend, ""
		}
		t.record.Failures++
		pool.Failed(endpoint, time.Now())
		endpoint.Done()
		tried = append(tried, endpoint)
	}
	return nil, nil, ReasonConnectFailed
}

func (t *passage) dial(ctx context.Context, endpoint *balance.Endpoint) (*upstream.Tunnel, error) {
	ctx, cancel := context.WithTimeout(ctx, t.client.server.proxy.options.ConnectTimeout)
	defer cancel()
	return endpoint.Conns.(*upstream.Endpoint).Tunnel(ctx) //nolint:errcheck // pools are made so
}
