package http1

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/message"
	"github.com/fleetgate/fleetgate/dataplane/socket"
)

// Client is the client's half of a connection to a backend: it sends requests and reads their
// responses, one after the other. One goroutine may use the methods of message.Writer while
// another one receives; Cancel may be called from any.
type Client struct {
	conn *socket.Conn
	// head holds the response's head, and what came with it: head.Bytes[read:written] is not looked at yet.
	head          *socket.Buffer
	read, written int
	body          body

	// out holds a whole request that goes out with the wait for its response.
	out     *socket.Buffer
	pending []byte

	method            string
	chunked           bool
	left              int64
	sent              bool // some of the request may have reached the backend
	sentAll, answered bool
	tunnel            bool
	unreusable        atomic.Bool // either goroutine may find that out
	cancelled         atomic.Pointer[error]
	keepAlive         time.Duration
}

// writeTimeout is how long a backend may take no bytes of a request.
const writeTimeout = 60 * time.Second

// ResponseLimits bound the head of a response.
var ResponseLimits = Limits{Bytes: socket.Large, Fields: 256}

// NewClient makes the client's half of a connection.
func NewClient(conn *socket.Conn) *Client { return &Client{conn: conn} }

// Processed says whether the backend may have seen any of the request. If not, it can be sent
// elsewhere whatever its method is.
func (c *Client) Processed() bool { return c.sent }

// Answered says whether any byte of a response came.
func (c *Client) Answered() bool { return c.answered }

// Unheard is how often in a row the system has sent again what the backend does not acknowledge.
func (c *Client) Unheard() int { return c.conn.Unheard() }

// KeepAlive is how long the backend says that it keeps the connection unused; 0 when it does not say.
func (c *Client) KeepAlive() time.Duration { return c.keepAlive }

// SetDeadline makes the wait for the response and its body fail at t or up to slack later. Only the
// receiving goroutine may call it.
func (c *Client) SetDeadline(t time.Time, slack time.Duration) {
	_ = c.conn.ReadBetween(t, slack) // fails on a closed connection, as the read then does
}

// Cancel makes what waits fail with err; the connection cannot be used any more.
func (c *Client) Cancel(err error) {
	c.cancelled.CompareAndSwap(nil, &err)
	_ = c.conn.SetDeadline(time.Unix(1, 0)) // fails on a closed connection only
}

// Send sends the head of a request and the first piece of its body; last says that there is no more.
func (c *Client) Send(r *message.Request, piece []byte, last bool) error {
	c.begin(r)
	c.out = socket.SmallBuffers.Get()
	b := AppendRequest(c.out.Bytes[:0], r)
	if len(piece) > 0 && c.chunked {
		b = AppendChunk(b, len(piece))
	}
	if last && r.Upgrade == "" && !c.chunked && len(piece) <= cap(b)-len(b) {
		b = append(b, piece...)
		c.pending, c.sentAll = b, true
		return nil
	}
	defer c.freeOut()
	if _, err := c.conn.WriteFresh(b); err != nil {
		c.sent = !errors.Is(err, socket.ErrStale)
		return c.failed(err)
	}
	c.sent = true
	if r.Upgrade != "" || r.ContentLength == 0 {
		c.sentAll = true
		return nil
	}
	return c.afterHead(piece, last)
}

func (c *Client) begin(r *message.Request) {
	c.method, c.chunked, c.left = r.Method, r.ContentLength == message.Unknown && r.Upgrade == "", r.ContentLength
	c.sent, c.sentAll, c.answered = false, false, false
}

// afterHead writes the first piece, whose chunk line is out already.
func (c *Client) afterHead(piece []byte, last bool) error {
	if !c.chunked {
		return c.Body(piece, last)
	}
	switch {
	case len(piece) > 0 && last:
		return c.finish(c.write(nil, piece, chunkEndLast))
	case len(piece) > 0:
		return c.write(nil, piece, chunkEnd)
	case last:
		return c.finish(c.write(nil, nil, lastChunk))
	}
	return nil
}

// Body implements message.Writer.
func (c *Client) Body(piece []byte, last bool) error {
	switch {
	case c.tunnel:
		return c.write(nil, piece, nil)
	case c.chunked:
		return c.writeChunk(piece, last)
	}
	if c.left -= int64(len(piece)); c.left < 0 || last && c.left > 0 {
		c.unreusable.Store(true)
		return errBodyLength
	}
	err := c.write(nil, piece, nil)
	if last {
		return c.finish(err)
	}
	return err
}

func (c *Client) writeChunk(piece []byte, last bool) error {
	out := socket.SmallBuffers.Get()
	defer out.Free()
	if len(piece) > 0 {
		tail := chunkEnd
		if last {
			tail = chunkEndLast
		}
		err := c.write(AppendChunk(out.Bytes[:0], len(piece)), piece, tail)
		if last {
			return c.finish(err)
		}
		return err
	}
	if !last {
		return nil
	}
	return c.finish(c.write(nil, nil, lastChunk))
}

// Trail implements message.Writer.
func (c *Client) Trail(trailers []message.Field) error {
	if !c.chunked {
		return c.Body(nil, true)
	}
	out := socket.SmallBuffers.Get()
	defer out.Free()
	return c.finish(c.write(AppendLastChunk(out.Bytes[:0], trailers), nil, nil))
}

func (c *Client) finish(err error) error {
	c.sentAll = err == nil
	return err
}

func (c *Client) write(head, piece, tail []byte) error {
	if err := c.conn.WriteWithin(time.Now(), writeTimeout); err != nil {
		return c.failed(err)
	}
	if err := c.conn.WriteParts(head, piece, tail); err != nil {
		return c.failed(err)
	}
	return nil
}

// failed notes that the connection is not to be used again, and gives the reason of a Cancel if there was one.
func (c *Client) failed(err error) error {
	c.unreusable.Store(true)
	if reason := c.cancelled.Load(); reason != nil {
		return *reason
	}
	return err
}

func (c *Client) freeOut() {
	c.out.Free()
	c.out, c.pending = nil, nil
}

// Release ends the exchange, and says whether the connection can be used for another one: request
// and response are whole, and nothing came that nobody asked for. If it cannot, it is closed.
func (c *Client) Release() bool {
	unread := c.read < c.written || c.body.read < c.body.written
	ok := !c.unreusable.Load() && !c.tunnel && c.sentAll && c.answered && c.body.ended && !unread && c.cancelled.Load() == nil
	c.freeOut()
	c.head.Free()
	c.head, c.read, c.written = nil, 0, 0
	c.body.release()
	if !ok {
		c.Close()
	}
	return ok
}

// Close closes the connection.
func (c *Client) Close() {
	c.unreusable.Store(true)
	_ = c.conn.Close() // the end of it either way
}
