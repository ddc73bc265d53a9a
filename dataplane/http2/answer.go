package http2

import (
	"github.com/fleetgate/fleetgate/dataplane/head"
	"github.com/fleetgate/fleetgate/dataplane/message"
)

// maxInterim is how many interim responses may wait to be received.
const maxInterim = 16

// headers takes a header block: a head of a response, or trailers.
func (c *Client) headers(f frameHeader, block []byte) error {
	c.mu.Lock()
	s := c.streams[f.stream]
	opened := c.opened(f.stream)
	live := s != nil && s.recvErr == nil && !s.received
	final := live && s.call.final
	c.mu.Unlock()
	switch {
	case !opened:
		return connError(ProtocolError, "HEADERS on an idle stream")
	case final && f.has(flagEndStream):
		return c.decodeTrailers(f.stream, block)
	case live && !final:
		return c.takeHead(f, block)
	}
	if err := c.head.decode(head.Nothing, block, nil); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.streams[f.stream]; final && s != nil {
		s.resetFor(ProtocolError, "trailers that do not end the stream")
	}
	return c.spend()
}

// takeHead takes a head of a response, interim or final.
func (c *Client) takeHead(f frameHeader, block []byte) error {
	if err := c.head.decode(head.Response, block, c.spare[:0]); err != nil {
		return err
	}
	c.spare = c.head.Fields
	status, length, v := c.head.Response()
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.streams[f.stream]
	if s == nil || s.recvErr != nil {
		return nil
	}
	ended := f.has(flagEndStream)
	switch {
	case v != head.Sound:
		s.resetFor(ProtocolError, c.head.Reason)
	case status < 200 && ended:
		s.resetFor(ProtocolError, "an interim response ends the stream")
	case status < 200 && len(s.call.heads)-s.call.taken >= maxInterim:
		s.resetFor(EnhanceYourCalm, "too many interim responses")
	default:
		s.call.answer(status, length, ended, c.spare)
		return nil
	}
	return nil
}

// answer queues a head. With the lock.
func (c *Call) answer(status int, length int64, ended bool, fields []message.Field) {
	h := responseHead{status: status, length: length, from: len(c.fields), bodiless: c.bodiless(status)}
	c.fields = append(c.fields, fields...)
	h.to = len(c.fields)
	if status >= 200 {
		if !c.expect(&h, ended) {
			return
		}
		c.final = true
		c.link.earn()
	}
	c.heads = append(c.heads, h)
	if ended {
		c.endBody()
	}
	c.readable.Broadcast()
}

// bodiless says whether a response of a status has no body whatever its fields say (RFC 9110 section 6.4.1).
func (c *Call) bodiless(status int) bool {
	return c.isHead || status < 200 || status == 204 || status == 304
}

// expect notes how long the body has to be, and says whether the head can be true.
func (c *Call) expect(h *responseHead, ended bool) bool {
	switch {
	case c.connects && h.status < 300:
		h.length = message.Unknown
	case h.bodiless:
		c.left = 0
	case ended && h.length > 0:
		c.resetFor(ProtocolError, "content-length without a body")
		return false
	case ended:
		h.length = 0
	default:
		c.left = h.length
	}
	return true
}
