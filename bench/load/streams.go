package load

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"time"

	"github.com/fleetgate/fleetgate/bench/frame"
	"github.com/fleetgate/fleetgate/bench/loop"
)

// caller is a connection of HTTP/2 with several calls, each of which has a message under way.
type caller struct {
	run     *run
	message []byte // with the five bytes before it that gRPC wants
	calls   map[uint32]*call
	// window is what the connection may send, initial what a new stream may.
	window, initial int64
	received        uint32
	out             []byte
}

// call is a stream.
type call struct {
	window  int64
	echo    []byte // what came back of the message
	due     time.Time
	waiting bool // for an echo
}

func (r *run) startStreams() {
	text := message(r.Body)
	framed := append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(text))), text...)
	for range r.Connections {
		r.loop.Dial(r.Address, netip.Addr{}, &caller{
			run: r, message: framed, calls: map[uint32]*call{}, window: frame.DefaultWindow, initial: frame.DefaultWindow,
		})
	}
}

// Opened implements loop.Handler.
func (k *caller) Opened(c *loop.Conn) {
	k.out = frame.AppendSettings([]byte(frame.Preface),
		frame.Setting{ID: frame.HeaderTableSize}, frame.Setting{ID: frame.InitialWindowSize, Value: frame.LargestWindow})
	k.out = frame.AppendWindow(k.out, 0, frame.LargestWindow-frame.DefaultWindow)
	block := frame.GRPCRequest(k.run.Host, k.run.Path)
	for i := range k.run.Streams {
		id := uint32(2*i + 1)
		k.calls[id] = &call{window: k.initial}
		k.out = frame.Append(k.out, frame.Frame{Type: frame.Headers, Flags: frame.EndHeaders, Stream: id, Payload: block})
		k.say(id)
	}
	k.flush(c)
}

// flush hands over what is to be sent; a slice that the connection still holds is not used again.
func (k *caller) flush(c *loop.Conn) {
	c.Write(k.out)
	if c.Pending() {
		k.out = nil
	}
	k.out = k.out[:0]
}

// say sends the message on a stream if the windows allow it.
func (k *caller) say(id uint32) {
	s, size := k.calls[id], int64(len(k.message))
	if s.waiting || s.window < size || k.window < size {
		return
	}
	s.window -= size
	k.window -= size
	s.waiting, s.due, s.echo = true, time.Now(), s.echo[:0]
	k.run.sent()
	k.out = frame.Append(k.out, frame.Frame{Type: frame.Data, Stream: id, Payload: k.message})
}

// Data implements loop.Handler.
func (k *caller) Data(c *loop.Conn, data []byte) (taken int) {
	for {
		f, size := frame.Next(data[taken:])
		if size == 0 {
			break
		}
		taken += size
		if !k.frame(&f) {
			c.Close()
			return len(data)
		}
	}
	k.flush(c)
	return taken
}

// frame says whether to go on.
func (k *caller) frame(f *frame.Frame) bool {
	switch f.Type {
	case frame.Data:
		return k.heard(f)
	case frame.Headers:
		return !f.Has(frame.EndStream) // a call that the other side ends is one that failed
	case frame.Reset, frame.GoAway:
		return false
	case frame.Settings:
		k.settings(f)
	case frame.Ping:
		if !f.Has(frame.Ack) {
			k.out = frame.Append(k.out, frame.Frame{Type: frame.Ping, Flags: frame.Ack, Payload: f.Payload})
		}
	case frame.WindowUpdate:
		k.widen(f)
	}
	return true
}

func (k *caller) heard(f *frame.Frame) bool {
	const often = 1 << 30
	if k.received += uint32(len(f.Payload)); k.received > often {
		k.out = frame.AppendWindow(k.out, 0, k.received)
		k.received = 0
	}
	s := k.calls[f.Stream]
	if s == nil || !s.waiting || f.Has(frame.EndStream) {
		return false
	}
	if s.echo = append(s.echo, f.Content()...); len(s.echo) < len(k.message) {
		return true
	}
	if !bytes.Equal(s.echo, k.message) {
		return false
	}
	s.waiting = false
	if k.run.answered(s.due) {
		k.say(f.Stream)
	}
	return true
}

func (k *caller) settings(f *frame.Frame) {
	if f.Has(frame.Ack) {
		return
	}
	for _, setting := range frame.ReadSettings(f.Payload) {
		if setting.ID != frame.InitialWindowSize {
			continue
		}
		change := int64(setting.Value) - k.initial
		k.initial += change
		for _, s := range k.calls {
			s.window += change
		}
	}
	k.out = frame.Append(k.out, frame.Frame{Type: frame.Settings, Flags: frame.Ack})
	k.resume()
}

func (k *caller) widen(f *frame.Frame) {
	increment := frame.Increment(f.Payload)
	if f.Stream == 0 {
		k.window += increment
	} else if s := k.calls[f.Stream]; s != nil {
		s.window += increment
	}
	k.resume()
}

// resume sends what had to wait for a window.
func (k *caller) resume() {
	if k.run.ending {
		return
	}
	for id := range k.calls {
		k.say(id)
	}
}

// Closed implements loop.Handler. No connection closes while a message is under way.
func (k *caller) Closed(_ *loop.Conn, err error) {
	if len(k.calls) == 0 {
		k.run.sent()
		k.run.failed("no connection: %v", err)
	}
	for _, s := range k.calls {
		if s.waiting {
			k.run.failed("call ended early: %v", err)
		}
	}
}
