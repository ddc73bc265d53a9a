package http2

import (
	"sync"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/message"
)

// Call is one exchange with a backend: it implements message.Writer and message.Body. One goroutine may
// write while another one reads; SetDeadline and Cancel may be called from any. Nothing of it may be
// used after Release.
type Call struct {
	stream
	client *Client
	heads  []responseHead // that have come and not been received
	fields []message.Field
	callState
}

// callState is the state of a call, all zero before it begins.
type callState struct {
	isHead   bool // the method is HEAD
	connects bool // it is an extended CONNECT
	final    bool // the final head has come
	taken    int  // how many heads have been received
}

// responseHead is a head that waits to be received; its fields are a part of the call's.
type responseHead struct {
	status   int
	length   int64
	from, to int
	bodiless bool
}

var calls = sync.Pool{New: func() any {
	c := &Call{}
	c.call = c
	return c
}}

func getCall() *Call {
	return calls.Get().(*Call) //nolint:errcheck // New makes nothing else
}

// Send opens the stream with the head of a request and, behind it, the first piece of the body; last
// says that there is no more, and no trailers. The te field is written if r.Trailers says so. If
// r.Upgrade is not empty the request becomes an extended CONNECT (RFC 8441), whatever its method: that
// waits for the backend's settings, and fails with ErrNoConnect if it does not take them.
func (c *Call) Send(r *message.Request, piece []byte, last bool) error {
	l := c.link
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := c.opening(r); err != nil {
		return err
	}
	ended := last && len(piece) == 0
	cl := c.client
	cl.last += 2 - (cl.last+1)&1 // 1, 3, 5 and so on
	c.enroll(cl.last)
	cl.watch()
	c.left = message.Unknown
	c.isHead = r.Method == "HEAD"
	c.connects = r.Upgrade != ""
	start := l.beginHeaders()
	l.pending = appendRequest(l.pending, r)
	l.endHeaders(start, c.id, ended)
	c.head = true
	switch {
	case ended:
		c.finishSend()
	case len(piece) > 0:
		if err := c.data(piece, last); err != nil {
			return err
		}
	}
	l.flush()
	return nil
}

// opening waits until the stream may be opened. With the lock.
func (c *Call) opening(r *message.Request) error {
	l := c.link
	switch {
	case c.head:
		return ErrOrder
	case c.sendErr != nil:
		return c.sendErr
	}
	for r.Upgrade != "" && !l.peer.known && l.err == nil && c.sendErr == nil {
		l.heads.add(&c.stream)
		if err := c.await(&c.writable, &c.writeBy, c.deadline); err != nil {
			c.leave()
			return err
		}
	}
	if err := c.headRoom(); err != nil {
		return err
	}
	switch {
	case l.err != nil || l.stop != nil || c.client.goingAway:
		return ErrGoingAway
	case int64(len(l.streams)) >= int64(l.peer.maxStreams):
		return ErrBusy
	case r.Upgrade != "" && !l.peer.connect:
		return ErrNoConnect
	}
	return nil
}

// Receive waits for the next head of the response: interim ones, whose Status is below 200, and then
// the final one. Strings and fields are valid until Release. It gives what ended the stream when no
// final head has come, and ErrOrder when the final one has been received.
func (c *Call) Receive(r *message.Response) error {
	l := c.link
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(c.heads) == c.taken {
		switch {
		case c.final:
			return ErrOrder
		case c.recvErr != nil:
			return c.recvErr
		}
		if err := c.await(&c.readable, &c.readBy, c.deadline); err != nil {
			return err
		}
	}
	h := &c.heads[c.taken]
	c.taken++
	r.Reset()
	r.Status, r.ContentLength, r.Bodiless = h.status, h.length, h.bodiless
	r.Fields = append(r.Fields, c.fields[h.from:h.to]...)
	return nil
}

// SetDeadline bounds everything that the call waits for: it fails with ErrTimeout at t. The zero time
// is no bound; one in the past wakes what waits.
func (c *Call) SetDeadline(t time.Time) {
	l := c.link
	l.mu.Lock()
	defer l.mu.Unlock()
	c.deadline = 0
	if !t.IsZero() {
		c.deadline = max(int64(t.Sub(epoch))+1, 1)
	}
	c.readable.Broadcast()
	c.writable.Broadcast()
}

// Cancel resets the stream with CANCEL. What waits, and everything after that, gives err. It does not
// block.
func (c *Call) Cancel(err error) {
	l := c.link
	l.mu.Lock()
	defer l.mu.Unlock()
	c.reset(Cancel, err)
	c.abrupt = true
	if c.recvErr == nil {
		c.recvErr = err // be the response whole or not
	}
	l.push()
}

// Processed says whether the backend may have processed the request. It is false only when it is
// certain that it has not, so that the request may be sent again elsewhere: it was never sent, or the
// backend has said so (RFC 9113 section 8.7).
func (c *Call) Processed() bool {
	c.link.mu.Lock()
	defer c.link.mu.Unlock()
	refused := c.sendErr == error(remoteResets[RefusedStream]) //nolint:errorlint // it is that very value
	return c.id != 0 && !refused && (!c.client.goingAway || c.id <= c.client.lastTaken)
}

// Answered says whether any head of a response has come.
func (c *Call) Answered() bool {
	c.link.mu.Lock()
	defer c.link.mu.Unlock()
	return len(c.heads) > 0
}

// Release gives the call back. A stream that has not ended is reset.
func (c *Call) Release() {
	l, cl := c.link, c.client
	l.mu.Lock()
	defer l.mu.Unlock()
	c.reset(Cancel, ErrAborted)
	cl.reserved--
	if cl.reserved == 0 {
		cl.since = time.Now()
	}
	c.end()
	clear(c.fields)
	c.fields, c.heads = c.fields[:0], c.heads[:0]
	c.callState = callState{}
	c.client = nil
	calls.Put(c)
	l.push()
}
