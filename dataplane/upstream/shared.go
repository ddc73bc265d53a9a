package upstream

import (
	"context"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/http2"
	"github.com/fleetgate/fleetgate/dataplane/socket"
)

// shared is an HTTP/2 connection that many calls use at a time.
type shared struct {
	*http2.Client
	conn *socket.Conn
}

// http2Call is a stream of a shared connection.
type http2Call struct {
	*http2.Call
	shared *shared
}

// SetDeadline implements Call.
func (c *http2Call) SetDeadline(t time.Time, _ time.Duration) { c.Call.SetDeadline(t) }

// Kept implements Call.
func (c *http2Call) Kept() bool { return false }

// Spare implements Call.
func (c *http2Call) Spare() { c.Release() }

// Vanished implements Call. It ends the connection for the other calls too. That is why there are
// no PINGs: servers of gRPC take more than a few for an attack.
func (c *http2Call) Vanished() bool {
	if c.shared.conn.Unheard() < mostUnheard {
		return false
	}
	c.shared.Close()
	return true
}

// dialing is a connection that is being made, for all who wait for it.
type dialing struct {
	done chan struct{}
	err  error
}

// openShared opens a stream on the connection with the most room, if one has any.
func (e *Endpoint) openShared() Call {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	e.forgetDead()
	for _, s := range e.shared {
		call, err := s.Open()
		if err == nil {
			return &http2Call{Call: call, shared: s}
		}
	}
	return nil
}

// forgetDead drops connections that take no more streams.
func (e *Endpoint) forgetDead() {
	kept := e.shared[:0]
	for _, s := range e.shared {
		select {
		case <-s.Done():
			e.closed(1)
		default:
			kept = append(kept, s)
		}
	}
	clear(e.shared[len(kept):])
	e.shared = kept
}

// connectShared makes a connection, or waits for the one that is being made.
func (e *Endpoint) connectShared(ctx context.Context) (Call, error) {
	for {
		e.mutex.Lock()
		waitFor := e.dialing
		if waitFor == nil {
			waitFor = &dialing{done: make(chan struct{})}
			e.dialing = waitFor
			go e.dialShared(waitFor) //nolint:gosec // G118: it is not of this request alone, see dialShared
		}
		e.mutex.Unlock()
		select {
		case <-waitFor.done:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
		if waitFor.err != nil {
			return nil, waitFor.err
		}
		if call := e.openShared(); call != nil {
			return call, nil
		}
	}
}

// dialShared makes a connection on behalf of all who wait, whatever becomes of the first of them.
func (e *Endpoint) dialShared(d *dialing) {
	ctx, cancel := context.WithTimeout(context.Background(), e.connector.options.ConnectTimeout)
	defer cancel()
	conn, err := e.dial(ctx, alpnHTTP2)
	e.mutex.Lock()
	switch {
	case err != nil:
		d.err = err
	case e.gone:
		d.err = ErrGone
		_ = conn.Close() // nobody uses it
		e.closed(1)
	default:
		s := &shared{conn: conn}
		s.Client = http2.NewClient(s.conn, http2.ClientOptions{PingAfter: -1})
		e.shared = append(e.shared, s)
	}
	e.dialing = nil
	e.mutex.Unlock()
	close(d.done)
	e.connector.sweepSoon()
}

// sweepShared closes connections that were without a stream for too long; e.mutex is held.
func (e *Endpoint) sweepShared(now time.Time) bool {
	limit := now.Add(-e.connector.options.IdleTimeout)
	e.forgetDead()
	for _, s := range e.shared {
		if s.Active() == 0 && s.IdleSince().Before(limit) {
			s.Close()
		}
	}
	return len(e.shared) > 0
}

// closeShared closes connections that no call uses; the others end when their calls have; e.mutex is held.
func (e *Endpoint) closeShared() {
	for _, s := range e.shared {
		s.CloseWhenIdle()
	}
	e.closed(len(e.shared))
	e.shared = nil
}
