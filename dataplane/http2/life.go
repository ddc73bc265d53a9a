package http2

// life watches whether a backend that calls wait for is still there: a connection whose other end has
// vanished would keep them waiting, and be given new ones.
type life struct {
	lookBy int64 // when it is looked for a sign of life; 0 while no call waits
	seen   int   // reads when it was looked last
	asked  bool  // PING has been sent since the last read
}

// watch begins to look when the first call is sent. With the lock.
func (c *Client) watch() {
	if c.lookBy != 0 || c.options.PingAfter <= 0 {
		return
	}
	c.life = life{seen: c.reads, lookBy: timeoutOf(c.options.PingAfter)}
	c.arm(c.lookBy)
}

// tickLife looks for a sign of life. When nothing has come since it was last looked, it asks for one;
// when nothing has come since it was asked, the connection has ended.
func (c *Client) tickLife(a *alarm) {
	if !a.due(c.lookBy) {
		return
	}
	c.lookBy = 0
	switch {
	case len(c.streams) == 0:
		return
	case c.reads != c.seen:
		c.seen, c.asked = c.reads, false
	case c.asked:
		c.sever(ErrTimeout)
		return
	default:
		c.asked = true
		c.pending = appendPing(c.room(frameHeaderLen+pingLen), 0, make([]byte, pingLen))
		c.push()
	}
	c.lookBy = timeoutOf(c.options.PingAfter)
	a.due(c.lookBy)
}

// pong takes a sign of life, which counts as a read already.
func (c *Client) pong() {}
