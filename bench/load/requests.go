package load

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/fleetgate/fleetgate/bench/loop"
)

// client is a connection that stays, with a request at a time.
type client struct {
	pacer   *pacer
	conn    *loop.Conn
	request []byte
	answer  answer
	due     time.Time
	waiting bool // for an answer
}

// pacer says when the next request is due, and which connection takes it.
type pacer struct {
	run      *run
	interval time.Duration // 0: as soon as a connection is idle
	next     time.Time
	// idle connections, and moments that found none.
	idle []*client
	late []time.Time
}

func (r *run) startRequests() {
	p := &pacer{run: r}
	request := r.get("")
	if r.Kind == Uploads {
		request = r.post()
	}
	for range r.Connections {
		r.loop.Dial(r.Address, netip.Addr{}, &client{pacer: p, request: request})
	}
	if r.Rate > 0 {
		p.interval = time.Duration(float64(time.Second) / r.Rate)
		const settle = 100 * time.Millisecond // in which connections are made
		p.next = time.Now().Add(settle)
		r.loop.At(p.next, p.tick)
	}
}

// get is a GET with an additional line of header, which ends in CRLF if there is one.
func (r *run) get(line string) []byte {
	return fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\n%s\r\n", r.Path, r.Host, line)
}

func (r *run) post() []byte {
	head := fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n\r\n", r.Path, r.Host, r.Body)
	return append(head, message(r.Body)...)
}

// tick gives out all requests that are due.
func (p *pacer) tick() {
	if p.run.ending {
		return
	}
	for now := time.Now(); !p.next.After(now); p.next = p.next.Add(p.interval) {
		if n := len(p.idle); n > 0 {
			c := p.idle[n-1]
			p.idle = p.idle[:n-1]
			c.send(p.next)
		} else {
			p.late = append(p.late, p.next)
		}
	}
	p.run.loop.At(p.next, p.tick)
}

// free takes a connection that has nothing to do.
func (p *pacer) free(c *client) {
	switch {
	case p.run.ending:
		c.conn.Close()
	case p.interval == 0 && p.run.Rate == 0:
		c.send(time.Now())
	case len(p.late) > 0:
		due := p.late[0]
		p.late = p.late[1:]
		c.send(due)
	default:
		p.idle = append(p.idle, c)
	}
}

func (c *client) send(due time.Time) {
	c.due, c.waiting = due, true
	c.pacer.run.sent()
	c.conn.Write(c.request)
}

// Opened implements loop.Handler.
func (c *client) Opened(conn *loop.Conn) {
	c.conn = conn
	c.pacer.free(c)
}

// Data implements loop.Handler.
func (c *client) Data(conn *loop.Conn, data []byte) int {
	taken, over, err := c.answer.read(data, "200")
	switch {
	case err != nil:
		c.waiting = false
		c.pacer.run.failed("%v: %.80q", err, data)
		conn.Close()
		return len(data)
	case over && c.waiting:
		c.waiting = false
		c.pacer.run.answered(c.due)
		c.pacer.free(c)
	}
	return taken
}

// Closed implements loop.Handler. No proxy closes a connection here, so each that it does is an error.
func (c *client) Closed(_ *loop.Conn, err error) {
	if err == nil {
		return
	}
	if !c.waiting {
		c.pacer.run.sent() // a request that could not be made
	}
	c.waiting = false
	c.pacer.run.failed("connection closed: %v", err)
}
