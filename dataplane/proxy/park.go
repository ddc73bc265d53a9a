package proxy

import (
	"time"

	"github.com/fleetgate/fleetgate/dataplane/http1"
)

// parkAfter is how long a connection waits for its next request, or up to a half longer, until it is parked:
// long enough for those that are in use never to be, short enough for stacks of many that came at a time to be
// used by others.
const parkAfter = 250 * time.Millisecond

// park lets the connection wait without a goroutine, and is false when it cannot. All that is read of it has
// been used: a TLS record that is not whole stays where crypto/tls has it, until more of it comes.
func (c *client) park() bool {
	c.server.running.Add(1)
	p := c.server.proxy
	if err := p.lot.Park(c.socket, c, time.Now().Add(p.options.IdleTimeout-parkAfter)); err != nil {
		c.server.running.Done()
		return false
	}
	if c.server.isClosing() {
		c.unpark() // whoever drains may have come before
	}
	return true
}

// unpark has the connection served again, if it is parked.
func (c *client) unpark() bool {
	parked := c.server.proxy.lot.Leave(c.socket)
	if parked {
		c.Wake(false)
	}
	return parked
}

// Wake implements socket.Waiter.
func (c *client) Wake(over bool) {
	c.server.running.Go(func() { c.live(func() bool { return !over && c.goOn() }) })
	c.server.running.Done()
}

// goOn serves the connection after it was parked.
func (c *client) goOn() (parked bool) {
	return c.serveHTTP1(http1.NewServer(c.conn, &c.server.proxy.http1))
}
