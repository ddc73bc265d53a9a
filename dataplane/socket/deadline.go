package socket

import "time"

// ReadWithin makes reads fail that take longer than d from now, or up to a third longer: a deadline
// that is late enough already is left as it is, so that a busy connection moves its timer rarely.
// Only the reading side may call it.
func (c *Conn) ReadWithin(now time.Time, d time.Duration) error {
	if left := c.readUntil.Sub(now); left >= d && left <= d+d/3 {
		return nil
	}
	return c.ReadUntil(now.Add(d + d/3))
}

// ReadUntil makes reads fail at t; never, when t is zero. Only the reading side may call it.
func (c *Conn) ReadUntil(t time.Time) error {
	if c.readUntil.Equal(t) {
		return nil
	}
	c.readUntil = t
	err := c.SetReadDeadline(t)
	if c.interrupted.Load() {
		c.Interrupt() // it came first, and holds
	}
	return err
}

// ReadBetween makes reads fail at t, or up to slack later: a deadline that is right already is left
// as it is. Only the reading side may call it.
func (c *Conn) ReadBetween(t time.Time, slack time.Duration) error {
	if late := c.readUntil.Sub(t); !c.readUntil.IsZero() && late >= 0 && late <= slack {
		return nil
	}
	return c.ReadUntil(t.Add(slack))
}

// WriteWithin is ReadWithin for writes; only the writing side may call it.
func (c *Conn) WriteWithin(now time.Time, d time.Duration) error {
	if left := c.writeUntil.Sub(now); left >= d && left <= d+d/3 {
		return nil
	}
	c.writeUntil = now.Add(d + d/3)
	return c.SetWriteDeadline(c.writeUntil)
}

// past is a deadline that is over.
var past = time.Unix(1, 0)

// Interrupt makes reads fail at once, those that wait already too, until Resume; from any goroutine.
func (c *Conn) Interrupt() {
	c.interrupted.Store(true)
	_ = c.SetReadDeadline(past) // fails on a closed connection only
}

// Interrupted says that Interrupt is in force.
func (c *Conn) Interrupted() bool { return c.interrupted.Load() }

// Resume undoes Interrupt; only the reading side may call it.
func (c *Conn) Resume() error {
	if !c.interrupted.Swap(false) {
		return nil
	}
	return c.SetReadDeadline(c.readUntil)
}
