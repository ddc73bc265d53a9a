package upstream

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/http1"
	"github.com/fleetgate/fleetgate/dataplane/socket"
)

// Endpoint is the connections to one address.
type Endpoint struct {
	connector *Connector
	address   string
	security  *Security // nil for in the clear
	sessions  sessions

	mutex sync.Mutex
	gone  bool
	// idle are unused HTTP/1.1 connections, the last used last: it is taken first, so that those
	// that are not needed grow old.
	idle []*http1Call
	// shared are HTTP/2 connections.
	shared  []*shared
	dialing *dialing
	// open is how many connections there are, those under way included.
	open atomic.Int64
}

// http1Call is an HTTP/1.1 connection, which is a Call while it is used.
type http1Call struct {
	*http1.Client
	endpoint *Endpoint
	// keep is how long it is kept unused, and until when that is over.
	keep  time.Duration
	until time.Time
	// short says that the endpoint closes it before that by itself, so that the sweep comes too late.
	short bool
	kept  bool
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
	conn, err := e.dial(ctx, alpnHTTP1)
	if err != nil {
		return nil, err
	}
	keep := e.connector.options.IdleTimeout
	keep -= rand.N(keep/10 + 1)
	return &http1Call{Client: http1.NewClient(conn), endpoint: e, keep: keep}, nil
}

// dial makes a connection, if there may be one more: in place of one that is not in use if need be.
func (e *Endpoint) dial(ctx context.Context, protocol string) (*socket.Conn, error) {
	if !e.makeRoom() {
		return nil, ErrTooMany
	}
	conn, err := e.connector.options.Dial(ctx, e.address)
	if err != nil {
		e.closed(1)
		return nil, err
	}
	ready, err := e.Secure(ctx, socket.New(conn), protocol)
	if err != nil {
		e.closed(1)
	}
	return ready, err
}

// makeRoom counts a connection that is about to be made.
func (e *Endpoint) makeRoom() bool {
	most := int64(e.connector.options.MaxConns)
	e.connector.open.Add(1)
	for e.open.Add(1) > most && most > 0 {
		e.open.Add(-1)
		idle := e.lastIdle()
		if idle == nil {
			e.connector.open.Add(-1)
			return false
		}
		idle.Close()
		e.closed(1)
	}
	return true
}

// closed counts connections that are no more.
func (e *Endpoint) closed(n int) {
	e.open.Add(-int64(n))
	e.connector.open.Add(-int64(n))
}

func (e *Endpoint) takeIdle() *http1Call {
	for {
		call := e.lastIdle()
		if call == nil || !call.short || time.Now().Before(call.until) {
			return call
		}
		call.Close()
		e.closed(1)
	}
}

// lastIdle takes the connection that was used last.
func (e *Endpoint) lastIdle() *http1Call {
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

// Kept implements Call.
func (c *http1Call) Kept() bool { return c.kept }

// mostUnheard is how often the same bytes are sent again before their endpoint counts as vanished: more
// than 3 seconds.
const mostUnheard = 4

// Vanished implements Call.
func (c *http1Call) Vanished() bool { return c.Unheard() >= mostUnheard }

// Release implements Call.
func (c *http1Call) Release() {
	if !c.Client.Release() || !c.endpoint.putIdle(c) {
		c.Close()
		c.endpoint.closed(1)
	}
}

// Spare implements Call.
func (c *http1Call) Spare() {
	if !c.endpoint.putIdle(c) {
		c.Close()
		c.endpoint.closed(1)
	}
}

// margin is how much earlier than an endpoint says a connection is given up, for the request to get there.
const margin = time.Second

// keepFor is how long the connection is kept: as long as the endpoint says, if that is less than we would.
func (c *http1Call) keepFor() time.Duration {
	hint := c.KeepAlive()
	if c.short = 0 < hint && hint < c.keep+margin; c.short {
		return max(hint-margin, hint/2)
	}
	return c.keep
}

// putIdle keeps a connection for the next call.
func (e *Endpoint) putIdle(call *http1Call) bool {
	call.until = time.Now().Add(call.keepFor())
	e.mutex.Lock()
	if e.gone || len(e.idle) >= e.connector.options.MaxIdle {
		e.mutex.Unlock()
		return false
	}
	call.kept = true
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
	var old []*http1Call
	e.idle = slices.DeleteFunc(e.idle, func(call *http1Call) bool {
		if now.Before(call.until) {
			return false
		}
		old = append(old, call)
		return true
	})
	left := len(e.idle) > 0
	left = e.sweepShared(now) || left
	e.mutex.Unlock()
	e.closeAll(old)
	return left
}

func (e *Endpoint) closeAll(calls []*http1Call) {
	for _, call := range calls {
		call.Close()
	}
	e.closed(len(calls))
}

// DropIdle closes the HTTP/1.1 connections that are not in use, since the endpoint is not there any more.
func (e *Endpoint) DropIdle() {
	e.mutex.Lock()
	idle := e.idle
	e.idle = nil
	e.mutex.Unlock()
	e.closeAll(idle)
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
