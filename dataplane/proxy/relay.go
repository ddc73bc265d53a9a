package proxy

import (
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/socket"
	"github.com/fleetgate/fleetgate/dataplane/upstream"
)

// relay passes bytes on between a client and a backend, each way at the pace of its reader, until both have
// said that they are done, one breaks off, or nothing has come from either for TunnelTimeout.
type relay struct {
	client  *client
	backend *upstream.Tunnel
	// faithful has a break on one side become one on the other, see passage.
	faithful bool
	// up and down are bytes that were passed on, active when the last ones came.
	up, down, active atomic.Int64

	mutex  sync.Mutex
	reason string
}

// run relays, closes the backend's connection, and gives the reason if the end is not a good one.
func (r *relay) run() string {
	r.client.tunnels.Add(1)
	defer r.client.tunnels.Add(-1)
	r.active.Store(time.Now().UnixNano())
	var down sync.WaitGroup
	down.Go(func() { r.copy(r.client.conn, r.backend.Conn, &r.down, ReasonUpstreamReset, ReasonClientGone) })
	r.copy(r.backend.Conn, r.client.conn, &r.up, ReasonClientGone, ReasonUpstreamReset)
	down.Wait()
	_ = r.backend.Close() // the end of it either way
	if r.reason != "" && r.client.cutting.Load() {
		return ReasonDrained
	}
	return r.reason
}

// copy passes one way on. reading and writing are the reasons when it breaks there.
func (r *relay) copy(to, from *socket.Conn, n *atomic.Int64, reading, writing string) {
	for {
		buffer, size, err := r.take(from)
		switch {
		case errors.Is(err, io.EOF) && !r.truncated(from):
			if half, ok := to.Conn.(interface{ CloseWrite() error }); !ok || half.CloseWrite() != nil {
				r.end(writing)
			}
			return
		case errors.Is(err, errIdleTunnel):
			r.end(ReasonIdle)
			return
		case err != nil:
			r.end(reading)
			return
		}
		err = to.WriteWithin(time.Now(), r.client.server.proxy.options.WriteTimeout)
		if err == nil {
			_, err = to.Write(buffer.Bytes[:size])
		}
		buffer.Free()
		if err != nil {
			r.end(writing)
			return
		}
		n.Add(int64(size))
	}
}

// truncated says that a side has not said all, although it has ended.
func (r *relay) truncated(from *socket.Conn) bool {
	if from == r.client.conn {
		return r.client.truncated()
	}
	return r.backend.Truncated()
}

var errIdleTunnel = errors.New("nothing came from either side for too long")

// take waits for bytes, with no buffer in hand. The other way's count as a sign of life.
func (r *relay) take(from *socket.Conn) (*socket.Buffer, int, error) {
	idle := r.client.server.proxy.options.TunnelTimeout
	for {
		if err := from.ReadWithin(time.Now(), idle); err != nil {
			return nil, 0, err
		}
		buffer, n, err := from.Take(socket.LargeBuffers)
		switch {
		case err == nil:
			r.active.Store(time.Now().UnixNano())
			return buffer, n + rest(from, buffer.Bytes, n), nil
		case !isTimeout(err):
			return nil, 0, err
		case time.Since(time.Unix(0, r.active.Load())) >= idle:
			return nil, 0, errIdleTunnel
		}
	}
}

var longAgo = time.Unix(1, 0)

// rest takes what else of a TLS record is there, of which a wait takes the first byte alone, and what else
// there is of anything.
func rest(from *socket.Conn, into []byte, n int) int {
	if n > 1 || from.ReadUntil(longAgo) != nil {
		return 0
	}
	more, _ := from.Conn.Read(into[n:]) // the next wait meets the error again
	return more
}

// end breaks both ways off, for the first reason that there is. What was written already still goes out if
// the other side can tell half from whole.
func (r *relay) end(reason string) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.reason != "" {
		return
	}
	r.reason = reason
	if r.faithful && reason != ReasonIdle && !r.client.cutting.Load() {
		r.backend.Abort()
		r.client.reset()
		return
	}
	_ = r.client.socket.Close() // the end of it either way
	_ = r.backend.Close()
}
