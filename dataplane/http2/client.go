package http2

import (
	"net"
	"time"
)

// Client is one connection to a backend, shared by many calls. Its methods may be called from any
// goroutine.
type Client struct {
	link
	options ClientOptions
	done    chan struct{}

	// Of the lock.
	last      uint32 // the last stream that was opened
	reserved  int    // calls, opened or not
	goingAway bool
	lastTaken uint32 // the last stream that the backend takes when it is going away
	since     time.Time
	greetBy   int64 // when the backend's settings have to be there
	life
}

// NewClient begins a connection with HTTP/2's preface (RFC 9113 section 3.4): that the backend speaks it is
// known before, by ALPN or by configuration. The connection is the client's from now on. A goroutine
// reads it until it ends.
func NewClient(conn net.Conn, options ClientOptions) *Client {
	o := options.withDefaults()
	c := &Client{options: o, done: make(chan struct{}), since: time.Now()}
	c.init(conn, c, limits{
		streamWindow: o.StreamWindow, connWindow: o.ConnWindow, maxHeaderBytes: o.MaxHeaderBytes, maxFields: o.MaxFields,
	})
	c.client = true
	c.writeTimeout = o.WriteTimeout
	c.block.timeout = o.HeaderTimeout
	c.greet()
	go c.read()
	return c
}

// greet sends the client's preface.
func (c *Client) greet() {
	c.mu.Lock()
	defer c.mu.Unlock()
	settings := []struct {
		name  setting
		value uint32
	}{
		{settingEnablePush, 0},
		{settingInitialWindow, uint32(c.options.StreamWindow)},
		{settingMaxHeaderList, uint32(c.options.MaxHeaderBytes)},
		{settingNoPriorities, 1},
	}
	b := append(c.room(headSpace), preface...)
	b = appendFrameHeader(b, len(settings)*settingLen, kindSettings, 0, 0)
	for _, setting := range settings {
		b = appendSetting(b, setting.name, setting.value)
	}
	if more := c.options.ConnWindow - defaultWindow; more > 0 {
		b = appendWindowUpdate(b, 0, more)
	}
	c.pending = b
	c.greetBy = timeoutOf(c.options.HeaderTimeout)
	c.arm(c.greetBy)
}

// read is the reading goroutine.
func (c *Client) read() {
	defer close(c.done)
	f, payload, err := c.frame()
	switch {
	case err != nil:
	case f.kind != kindSettings || f.has(flagAck):
		err = connError(ProtocolError, "the preface has no SETTINGS")
	default:
		if err = c.take(f, payload); err == nil {
			err = c.run()
		}
	}
	_ = c.finish(err) // every call has been told
}

// Open reserves a stream for a call, which must be released. It fails with ErrBusy when as many are in
// use as the backend allows, which is taken to be 100 until it says so, and with ErrGoingAway when the
// connection takes no more.
func (c *Client) Open() (*Call, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil || c.goingAway || c.stop != nil || int64(c.last)+2*int64(c.reserved)+2 >= maxWindow {
		return nil, ErrGoingAway
	}
	if c.reserved >= c.options.MaxStreams || int64(c.reserved) >= int64(c.peer.maxStreams) {
		return nil, ErrBusy
	}
	c.reserved++
	call := getCall()
	call.client = c
	call.begin(&c.link)
	return call, nil
}

// Active is how many calls have been opened and not been released.
func (c *Client) Active() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.reserved
}

// IdleSince is when the last call was released, or the connection was made; zero while there are calls.
func (c *Client) IdleSince() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.reserved > 0 {
		return time.Time{}
	}
	return c.since
}

// Close cuts the connection. Calls fail with ErrClosed. It does not wait; Done tells when all is over.
func (c *Client) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sever(ErrClosed)
}

// CloseWhenIdle lets the connection take no more calls, and ends it when those that have been sent are
// over. It does not wait.
func (c *Client) CloseWhenIdle() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.goingAway {
		c.lastTaken, c.goingAway = maxWindow, true
	}
	if len(c.streams) == 0 {
		c.interrupt(errOrderly)
	}
}

// Done is closed when the connection has ended and its goroutines with it.
func (c *Client) Done() <-chan struct{} { return c.done }

func (c *Client) opened(id uint32) bool { return id&1 == 1 && id <= c.last }

func (c *Client) lastPeerStream() uint32 { return 0 }

// peerChanged wakes calls that wait for the backend's first settings.
func (c *Client) peerChanged() {
	c.greetBy = 0
	c.heads.wakeAll()
}

// goneAway ends the calls that the backend does not take (RFC 9113 section 6.8). The others go on,
// until they have ended or the backend closes the connection.
func (c *Client) goneAway(last uint32, _ ErrCode) error {
	if c.goingAway && last > c.lastTaken {
		return connError(ProtocolError, "GOAWAY that takes more streams than the last one")
	}
	c.lastTaken, c.goingAway = last, true
	for id, s := range c.streams {
		if id > last {
			s.fail(ErrGoingAway)
		}
	}
	if len(c.streams) == 0 {
		c.interrupt(errOrderly)
	}
	return nil
}

func (c *Client) emptied() {
	if c.goingAway {
		c.interrupt(errOrderly)
	}
}

func (c *Client) tick(a *alarm) {
	if a.due(c.greetBy) {
		c.interrupt(connError(ProtocolError, "the preface takes too long"))
	}
	c.tickLife(a)
}
