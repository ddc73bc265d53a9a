package http1

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/message"
	"github.com/fleetgate/fleetgate/dataplane/socket"
)

// Receive reads the head of the next response to the request: interim ones (1xx), and then the
// final one. A timeout may be followed by another Receive; every other error is final.
func (c *Client) Receive(r *message.Response) error {
	r.Reset()
	if err := c.firstBytes(); err != nil {
		return err
	}
	for seen := 0; ; {
		pending := c.head.Bytes[c.read:c.written]
		end, err := HeadEnd(pending, seen)
		if err != nil {
			return c.failed(err)
		}
		if end > 0 {
			c.read += end
			return c.understand(pending[:end], r)
		}
		seen = len(pending)
		if c.written == len(c.head.Bytes) {
			return c.failed(errResponseHead)
		}
		n, err := c.conn.Read(c.head.Bytes[c.written:])
		if err != nil {
			if isTimeout(err) && c.cancelled.Load() == nil {
				return err
			}
			return c.failed(cut(err))
		}
		c.written += n
	}
}

var errResponseHead = &Fault{Status: 502, Reason: "response_head_too_large"}

// firstBytes waits until some of the response is here, and sends the request before if it is still to be sent.
func (c *Client) firstBytes() error {
	if c.read < c.written {
		return nil
	}
	var buffer *socket.Buffer
	var n int
	var err error
	switch {
	case c.pending != nil:
		// It counts as sent from here on, unless the connection turns out to be stale.
		c.sent = true
		buffer, n, err = c.conn.Exchange(c.pending, socket.LargeBuffers)
		if errors.Is(err, socket.ErrNotSent) && c.cancelled.Load() == nil {
			c.sent = false
			return err // it goes out with the next Receive
		}
		c.freeOut()
	case c.head != nil:
		// After an interim response: its bytes are done with.
		c.read, c.written = 0, 0
		n, err = c.conn.Read(c.head.Bytes)
		buffer = c.head
	default:
		buffer, n, err = c.conn.Take(socket.LargeBuffers)
	}
	switch {
	case err == nil:
		c.head, c.read, c.written, c.answered = buffer, 0, n, true
		return nil
	case errors.Is(err, socket.ErrStale):
		c.sent = false
	case isTimeout(err) && c.cancelled.Load() == nil:
		return err
	}
	return c.failed(cut(err))
}

// understand takes the head of a response, and gets ready for its body.
func (c *Client) understand(head []byte, r *message.Response) error {
	inChunks, err := ParseResponse(head, c.method, r, ResponseLimits)
	if err != nil {
		return c.failed(err)
	}
	switch {
	case r.Status == 101:
		c.tunnel = true
		c.body.start(closed)
		return nil
	case r.Status < 200:
		return nil
	case r.Bodiless || r.ContentLength == 0:
		c.body.start(none)
	case inChunks:
		c.body.start(chunked)
	case r.ContentLength > 0:
		c.body.start(length)
		c.body.left = r.ContentLength
	default:
		c.body.start(closed)
	}
	if r.Close {
		c.unreusable.Store(true)
	}
	c.keepAlive = keepAliveOf(r.Fields)
	return nil
}

// keepAliveOf reads the hint that many backends give, "Keep-Alive: timeout=5" in seconds (RFC 2068
// section 19.7.1.1); 0 when there is none, or one that is no time.
func keepAliveOf(fields []message.Field) time.Duration {
	for i := range fields {
		if fields[i].ID != message.KeepAlive {
			continue
		}
		for part := range strings.SplitSeq(fields[i].Value, ",") {
			name, value, _ := strings.Cut(trim(part), "=")
			if seconds, err := strconv.ParseUint(value, 10, 20); err == nil && strings.EqualFold(name, "timeout") {
				return time.Duration(seconds) * time.Second
			}
		}
	}
	return 0
}

// Next implements message.Body for the response's body. A timeout may be followed by another Next.
func (c *Client) Next() ([]byte, error) {
	from := c.reader()
	piece, err := c.body.next(&from)
	if err != nil && c.cancelled.Load() != nil {
		return nil, c.failed(err)
	}
	return piece, err
}

// Here says that Next would not wait.
func (c *Client) Here() bool {
	from := c.reader()
	return c.body.here(&from)
}

func (c *Client) reader() reader {
	r := reader{conn: c.conn, read: &c.read, keepsDeadline: true}
	if c.head != nil {
		r.head = c.head.Bytes[:c.written]
	}
	return r
}

// Ended implements message.Body.
func (c *Client) Ended() bool {
	from := c.reader()
	return c.body.whole(&from)
}

// Trailers implements message.Body.
func (c *Client) Trailers() []message.Field {
	if c.body.kind != chunked {
		return nil
	}
	return c.body.chunks.Trailers()
}
