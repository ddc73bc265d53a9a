package upstream

import (
	"context"
	"net"
	"sync"

	"github.com/fleetgate/fleetgate/dataplane/socket"
)

// Tunnel is a connection to an endpoint for whatever is not HTTP. It is never used again.
type Tunnel struct {
	*socket.Conn
	// bare is the connection of TCP: Conn, or what Conn speaks TLS on.
	bare     *socket.Conn
	endpoint *Endpoint
	once     sync.Once
}

// Tunnel connects, with TLS if the endpoint's pool asks for it and what is to be said has none of its own; the context
// bounds that. The caller closes the Tunnel, which outlives the endpoint. Errors are as those of Secure.
func (e *Endpoint) Tunnel(ctx context.Context, hasTLS bool) (*Tunnel, error) {
	conn, err := e.connector.options.Dial(ctx, e.address)
	if err != nil {
		return nil, err
	}
	t := &Tunnel{bare: socket.New(conn), endpoint: e}
	t.Conn = t.bare
	if !hasTLS {
		if t.Conn, err = e.Secure(ctx, t.bare); err != nil {
			return nil, err
		}
	}
	e.connector.open.Add(1)
	return t, nil
}

// Close closes the connection, from any goroutine and as often as one likes.
func (t *Tunnel) Close() error {
	t.once.Do(func() { t.endpoint.connector.open.Add(-1) })
	return t.Conn.Close()
}

// Abort closes the connection so that the endpoint does not take what it got for all that there is: with a reset.
func (t *Tunnel) Abort() {
	if tcp, ok := t.bare.Conn.(interface{ SetLinger(seconds int) error }); ok {
		_ = tcp.SetLinger(0) // best effort; the connection is closed anyway
	}
	_ = t.bare.Close() // the end of it either way
	_ = t.Close()
}

// Truncated says that TLS ended without saying so (RFC 8446 section 6.1), which crypto/tls takes for an end. Only
// the reading side may call it.
func (t *Tunnel) Truncated() bool { return t.Conn != t.bare && t.bare.Ended() }

var _ net.Conn = (*Tunnel)(nil)
