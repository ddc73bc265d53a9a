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
	endpoint *Endpoint
	once     sync.Once
}

// Tunnel connects; the context bounds that. The caller closes the Tunnel, which outlives the endpoint.
func (e *Endpoint) Tunnel(ctx context.Context) (*Tunnel, error) {
	conn, err := e.connector.options.Dial(ctx, e.address)
	if err != nil {
		return nil, err
	}
	e.connector.open.Add(1)
	return &Tunnel{Conn: socket.New(conn), endpoint: e}, nil
}

// Close closes the connection, from any goroutine and as often as one likes.
func (t *Tunnel) Close() error {
	t.once.Do(func() { t.endpoint.connector.open.Add(-1) })
	return t.Conn.Close()
}

var _ net.Conn = (*Tunnel)(nil)
