package proxy

import (
	"errors"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/preface"
	"github.com/fleetgate/fleetgate/dataplane/socket"
)

// begin reads what comes before TLS and HTTP, and is false when the connection is over with it. All of it has
// to be there within HeaderTimeout.
func (c *client) begin() bool {
	rules := c.server.proxy.state.Load().ports[c.server.port]
	if rules == nil || !rules.header && !rules.passthrough {
		return true
	}
	if c.socket.ReadUntil(time.Now().Add(c.server.proxy.options.HeaderTimeout)) != nil {
		return false
	}
	if rules.header && !c.readHeader(rules) {
		return false
	}
	if !rules.passthrough {
		return true
	}
	name, ok := c.readHello()
	return ok && !c.passedThrough(name)
}

// readHeader takes a PROXY header off the connection.
func (c *client) readHeader(rules *port) bool {
	if !rules.believes(c.peer) {
		c.refused(ReasonUntrustedPeer)
		return false
	}
	var header preface.Header
	reason := c.peek(ReasonSlowProxyHeader, func(b []byte) (used int, done bool, err error) {
		header, used, err = preface.Parse(b)
		return used, used > 0, err
	})
	switch {
	case reason == reasonSilent:
		return false
	case reason != "":
		c.refused(reason)
		return false
	}
	if header.Source.IsValid() {
		c.setAddress(header.Source.Addr().WithZone(""))
	}
	return true
}

// reasonSilent is for connections that end before their first byte, as those of health checks do.
const reasonSilent = "silent"

// peek reads until look is done with what is there, of which it may use up a part, and gives the reason when
// that never is.
func (c *client) peek(slow string, look func([]byte) (used int, done bool, err error)) (reason string) {
	c.early.Store(true)
	defer c.early.Store(false)
	if c.server.isClosing() {
		return reasonSilent
	}
	buffer, n, err := c.socket.Take(socket.SmallBuffers)
	if err != nil {
		return reasonSilent
	}
	for {
		used, done, err := look(buffer.Bytes[:n])
		if done && err == nil {
			c.socket.Unread(buffer, used, n)
			_ = c.socket.Resume() // fails on a closed connection, as the next read then does
			return ""
		}
		if err == nil {
			buffer = roomy(buffer, n)
			var more int
			more, err = c.socket.Read(buffer.Bytes[n:])
			n += more
		}
		if err != nil {
			buffer.Free()
			return reasonOf(err, slow)
		}
	}
}

// roomy gives a buffer with room behind the n bytes that are in it.
func roomy(b *socket.Buffer, n int) *socket.Buffer {
	if n < len(b.Bytes) {
		return b
	}
	larger := socket.LargeBuffers.Get()
	copy(larger.Bytes, b.Bytes[:n])
	b.Free()
	return larger
}

func reasonOf(err error, slow string) string {
	switch {
	case errors.Is(err, preface.ErrAbsent):
		return ReasonNoProxyHeader
	case errors.Is(err, preface.ErrInvalid), errors.Is(err, preface.ErrTooLong), errors.Is(err, preface.ErrChecksum):
		return ReasonBadProxyHeader
	case errors.Is(err, preface.ErrNotTLS):
		return ReasonNotTLS
	case errors.Is(err, preface.ErrHello), errors.Is(err, preface.ErrHelloTooLong):
		return ReasonBadHello
	case isTimeout(err):
		return slow
	}
	return ReasonClientGone
}

// readHello looks at the ClientHello, which stays on the connection, for the server's name.
func (c *client) readHello() (name string, ok bool) {
	reason := c.peek(ReasonSlowHello, func(b []byte) (used int, done bool, err error) {
		hello, need, err := preface.ClientHello(b)
		name = hello.ServerName
		return 0, !need, err
	})
	switch reason {
	case "":
		return name, true
	case reasonSilent:
		return "", false
	case ReasonBadHello:
		c.alert(alertDecodeError)
	}
	c.refused(reason)
	return "", false
}

// refused notes that a connection is closed before it was a client of any listener.
func (c *client) refused(reason string) {
	p := c.server.proxy
	now := time.Now()
	record := Record{Start: now, Gateway: p.state.Load().snapshot.Root.Gateway, Reason: reason}
	p.options.Log.Debug("connection refused", "port", c.server.port, "peer", c.peer, "reason", reason)
	p.log.write(&record)
	p.options.Observer.Exchanged(&record)
}

// alertDecodeError is the description of a TLS alert (RFC 8446 section 6.2).
const alertDecodeError = 50

// alert tells a client, before anything is encrypted, why its connection ends.
func (c *client) alert(description byte) {
	_ = c.socket.SetWriteDeadline(time.Now().Add(time.Second))                // the write fails if this does
	_, _ = c.socket.Write([]byte{21, 3, 3, 0, 2, 2 /* fatal */, description}) // best effort
}
