package load

import (
	"bytes"
	"net/netip"
	"time"

	"github.com/fleetgate/fleetgate/bench/loop"
)

// talker is a WebSocket with a message under way.
type talker struct {
	run    *run
	open   bool
	answer answer
	due    time.Time
	// sent is the frame of a message, echo the one that has to come back.
	sent, echo []byte
}

func (r *run) startSockets() {
	for range r.Connections {
		t := &talker{run: r, due: time.Now()}
		t.sent, t.echo = frames(message(r.Body))
		r.sent()
		r.loop.Dial(r.Address, netip.Addr{}, t)
	}
}

// frames are a message of less than 126 bytes as a client sends it, masked, and as a server does (RFC 6455 section 5.2).
func frames(text []byte) (masked, plain []byte) {
	const final, maskBit = 0x82, 0x80
	mask := [4]byte{0x12, 0x34, 0x56, 0x78}
	masked = append([]byte{final, maskBit | byte(len(text))}, mask[:]...)
	for i, b := range text {
		masked = append(masked, b^mask[i&3])
	}
	return masked, append([]byte{final, byte(len(text))}, text...)
}

// Opened implements loop.Handler.
func (t *talker) Opened(c *loop.Conn) {
	c.Write(t.run.get("Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" +
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"))
}

// Data implements loop.Handler.
func (t *talker) Data(c *loop.Conn, data []byte) (taken int) {
	if !t.open {
		taken, over, err := t.answer.read(data, "101")
		if err != nil {
			c.Close()
			return len(data)
		}
		if over {
			t.open, t.due = true, time.Now()
			c.Write(t.sent)
		}
		return taken
	}
	if len(data) < len(t.echo) {
		return 0
	}
	if !bytes.Equal(data, t.echo) {
		c.Close()
		return len(data)
	}
	if !t.run.answered(t.due) {
		t.due = time.Time{}
		c.Close()
		return len(data)
	}
	t.due = time.Now()
	t.run.sent()
	c.Write(t.sent)
	return len(data)
}

// Closed implements loop.Handler. Only the end of the load closes a WebSocket.
func (t *talker) Closed(_ *loop.Conn, err error) {
	if !t.due.IsZero() {
		t.run.failed("WebSocket closed: %v", err)
	}
}
