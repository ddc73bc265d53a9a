package upstream

import (
	"context"
	"sync"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/http1"
	"github.com/fleetgate/fleetgate/dataplane/socket"
)

// Endpoint is the connections to one address.
type Endpoint struct {
	connector *Connector
	address   string

	mutex sync.Mutex
	gone  bool
	// idle are unused HTTP/1.1 connections, the last used last: it is taken first, so that those
	// that are not needed grow old.
	idle []*http1Call
	// shared are HTTP/2 connections.
	shared  []*shared
	dialing *dialing
}

// http1Call is an HTTP/1.1 connection, which is a Call while it is used.
type http1Call struct {
	*http1.Client
	endpoint *Endpoint
	since    time.Time // when it was put aside
}

// Idle gives a Call on a connection that is there, nil if there is none that has room.
func (e *Endpoint) Idle(http2 bool) Call {
	if http2 {
		if call := e.openShared(); call != nil {
			return call
		}
		return nil
	}
	if call := e.takeIdle(); call != nil {
		return call
	}
	return nil
}

// Connect gives a Call on a new connection; over HTTP/2 also on one that another call is just making.
// The context bounds the connect.
func (e *Endpoint) Connect(ctx context.Context, http2 bool) (Call, error) {
	if http2 {
		return e.connectShared(ctx)
	}
	conn, err := e.connector.options.Dial(ctx, e.address)
	if err != nil {
		return nil, err
	}
	e.connector.open.Add(1)
	return &http1Call{Client: http1.NewClient(socket.New(conn)), endpoint: e}, nil
}

func (e *Endpoint) takeIdle() *http1Call {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	last := len(e.idle) - 1
	if last < 0 {
		return nil
	}
	call := e.idle[last]
	e.idle[last] = nil
	e.idle = e.idle[:last]
	return call
}

// Stale implements Call.
func (c *http1Call) Stale() bool { return c.Reused() && !c.Answered() }

// Release implements Call.
func (c *http1Call) Release() {
	if !c.Client.Release() || !c.endpoint.putIdle(c) {
		c.Close()
		c.endpoint.connector.open.Add(-1)
	}
}

// putIdle keeps a connection for the next call.
func (e *Endpoint) putIdle(call *http1Call) bool {
	call.since = time.Now()
	e.mutex.Lock()
	if e.gone || len(e.idle) >= e.connector.options.MaxIdle {
		e.mutex.Unlock()
		return false
	}
	e.idle = append(e.idle, call)
	first := len(e.idle) == 1
	e.mutex.Unlock()
	if first {
		e.connector.sweepSoon()
	}
	return true
}

// sweep closes what was unused for too long, and says whether anything unused is left.
func (e *Endpoint) sweep(now time.Time) bool {
	e.mutex.Lock()
	limit := now.Add(-e.connector.options.IdleTimeout)
	old := 0
	for old < len(e.idle) && e.idle[old].since.Before(limit) {
		old++
	}
	closing := append([]*http1Call(nil), e.idle[:old]...)
	rest := copy(e.idle, e.idle[old:])
	clear(e.idle[rest:])
	e.idle = e.idle[:rest]
	sharedLeft := e.sweepShared(limit)
	e.mutex.Unlock()
	e.closeAll(closing)
	return rest > 0 || sharedLeft
}

func (e *Endpoint) closeAll(calls []*http1Call) {
	for _, call := range calls {
		call.Close()
		e.connector.open.Add(-1)
	}
}

// Close closes the connections that are not in use, and those in use when they are released.
func (e *Endpoint) Close() {
	e.connector.mutex.Lock()
	delete(e.connector.endpoints, e)
	e.connector.mutex.Unlock()
	e.mutex.Lock()
	e.gone = true
	idle := e.idle
	e.idle = nil
	e.closeShared()
	e.mutex.Unlock()
	e.closeAll(idle)
}
