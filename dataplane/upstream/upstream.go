// Package upstream is the connections to endpoints. They belong to an endpoint, not to a route: all
// rules that use a Service share them, and they live as long as the endpoint is known.
package upstream

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/message"
)

// Call is one exchange with an endpoint.
type Call interface { //nolint:interfacebloat // it is one exchange, whole; half of it is message.Writer and message.Body
	message.Writer
	message.Body
	// Send sends the head of a request and the first piece of its body; last says that there is no
	// more. It may keep a whole request back until Receive.
	Send(r *message.Request, piece []byte, last bool) error
	// Receive reads the next response: interim ones (1xx) and then the final one, whose strings
	// are valid until Release. After a timeout it may be called again, and so may Next.
	Receive(r *message.Response) error
	// Here says that Next would not wait.
	Here() bool
	// SetDeadline makes Receive and Next fail with a timeout at t or up to slack later.
	SetDeadline(t time.Time, slack time.Duration)
	// Cancel makes what waits fail with err, from any goroutine, until Release.
	Cancel(err error)
	// Processed says whether the endpoint may have seen any of the request.
	Processed() bool
	// Answered says whether any byte of an answer came.
	Answered() bool
	// Kept says that the connection was unused before the call and had been used before that: the
	// endpoint may have closed it just when the call began. It is false for HTTP/2.
	Kept() bool
	// Vanished says that the endpoint has acknowledged nothing of what was sent for some seconds. The
	// connection is of no use any more then.
	Vanished() bool
	// Spare gives a connection back that nothing was sent on.
	Spare()
	// Release ends the call and gives its connection back or closes it.
	Release()
}

// Options are limits of connections. The zero value is usable.
type Options struct {
	// ConnectTimeout bounds a connect. Default 3 s.
	ConnectTimeout time.Duration
	// IdleTimeout is how long a connection is kept unused, or up to a tenth shorter, so that those
	// made together do not end together; less when the endpoint says that it closes it before. Default 30 s.
	IdleTimeout time.Duration
	// MaxIdle is how many unused HTTP/1.1 connections are kept for each endpoint. Default 256.
	MaxIdle int
	// MaxConns bounds the connections of each endpoint, used and unused, in either protocol; 0 for no bound.
	MaxConns int
	// Dial makes connections; by default TCP.
	Dial func(ctx context.Context, address string) (net.Conn, error)
}

// probes find out within half a minute that an endpoint which has taken a request, and may take its
// time to answer, has vanished.
var probes = net.KeepAliveConfig{Enable: true, Idle: 15 * time.Second, Interval: 5 * time.Second, Count: 3}

// Connector makes the Endpoints of a proxy and closes what they do not use.
type Connector struct {
	options   Options
	mutex     sync.Mutex
	endpoints map[*Endpoint]bool
	closed    bool
	sweeping  bool
	timer     *time.Timer
	open      atomic.Int64
}

// NewConnector makes a Connector. Close must be called in the end.
func NewConnector(options Options) *Connector {
	if options.ConnectTimeout <= 0 {
		options.ConnectTimeout = 3 * time.Second
	}
	if options.IdleTimeout <= 0 {
		options.IdleTimeout = 30 * time.Second
	}
	if options.MaxIdle <= 0 {
		options.MaxIdle = 256
	}
	if options.Dial == nil {
		// Addresses are those of pods; where one is a name with both families, the dialer tries both (RFC 8305).
		dialer := &net.Dialer{Timeout: options.ConnectTimeout, KeepAliveConfig: probes}
		options.Dial = func(ctx context.Context, address string) (net.Conn, error) {
			return dialer.DialContext(ctx, "tcp", address)
		}
	}
	return &Connector{options: options, endpoints: map[*Endpoint]bool{}}
}

// Open is how many connections there are, used, unused and just being made.
func (c *Connector) Open() int64 { return c.open.Load() }

// Endpoint makes the connections of one endpoint: none, at first.
func (c *Connector) Endpoint(address string) *Endpoint { return c.SecureEndpoint(address, nil) }

// SecureEndpoint is Endpoint with TLS, if there is a Security.
func (c *Connector) SecureEndpoint(address string, s *Security) *Endpoint {
	e := &Endpoint{connector: c, address: address, security: s}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.closed {
		e.gone = true
		return e
	}
	c.endpoints[e] = true
	return e
}

// Close closes all connections that are not in use; those in use are closed when they are released.
func (c *Connector) Close() {
	c.mutex.Lock()
	c.closed = true
	if c.timer != nil {
		c.timer.Stop()
	}
	endpoints := c.endpoints
	c.endpoints = map[*Endpoint]bool{}
	c.mutex.Unlock()
	for e := range endpoints {
		e.Close()
	}
}

// sweepSoon makes sure that unused connections are looked at in a while. Without any there is no timer.
func (c *Connector) sweepSoon() {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.sweeping || c.closed {
		return
	}
	c.sweeping = true
	c.timer = time.AfterFunc(c.options.IdleTimeout/4, c.sweep)
}

func (c *Connector) sweep() {
	c.mutex.Lock()
	c.sweeping = false
	endpoints := make([]*Endpoint, 0, len(c.endpoints))
	for e := range c.endpoints {
		endpoints = append(endpoints, e)
	}
	c.mutex.Unlock()
	now, left := time.Now(), false
	for _, e := range endpoints {
		left = e.sweep(now) || left
	}
	if left {
		c.sweepSoon()
	}
}

// Why there is no connection, beside what the system says.
var (
	// ErrGone says that the endpoint is not known any more.
	ErrGone = errors.New("the endpoint is gone")
	// ErrTooMany says that the endpoint has as many connections as it may have.
	ErrTooMany = errors.New("the endpoint has too many connections")
)
