package backend

import (
	"github.com/fleetgate/fleetgate/bench/frame"
	"github.com/fleetgate/fleetgate/bench/loop"
)

// grpcConn is a connection of the gRPC port. Every call gets what it sends, message by message; it
// ends well when its sender ends. Which call it is is not asked for, so fields need no decoding.
type grpcConn struct {
	server  *Server
	ready   bool // the client's preface has come
	streams map[uint32]*stream
	// window is how much data may be sent on the connection, initial what a new stream may send.
	window, initial int64
	// received is how much data came since the last update of the connection's window.
	received uint32
	out      []byte
}

// stream is a call under way.
type stream struct {
	window  int64
	begun   bool   // the response's head was sent
	waiting []byte // data that has to wait for a window
	ended   bool   // the client sends no more
}

var (
	grpcResponse = frame.GRPCResponse()
	grpcTrailers = frame.GRPCTrailers()
)

func newGRPCConn(s *Server) *grpcConn {
	return &grpcConn{server: s, streams: map[uint32]*stream{}, window: frame.DefaultWindow, initial: frame.DefaultWindow}
}

// Opened implements loop.Handler.
func (g *grpcConn) Opened(c *loop.Conn) {
	g.server.counters.Connections.Add(1)
	const manyStreams = 1 << 16
	hello := frame.AppendSettings(nil,
		frame.Setting{ID: frame.HeaderTableSize}, frame.Setting{ID: frame.MaxConcurrentStreams, Value: manyStreams},
		frame.Setting{ID: frame.InitialWindowSize, Value: frame.LargestWindow})
	c.Write(frame.AppendWindow(hello, 0, frame.LargestWindow-frame.DefaultWindow))
}

// Closed implements loop.Handler.
func (g *grpcConn) Closed(*loop.Conn, error) {}

// Data implements loop.Handler.
func (g *grpcConn) Data(c *loop.Conn, data []byte) (taken int) {
	if !g.ready {
		if len(data) < len(frame.Preface) {
			return 0
		}
		if string(data[:len(frame.Preface)]) != frame.Preface {
			c.Close()
			return len(data)
		}
		g.ready, taken = true, len(frame.Preface)
	}
	if c.Pending() {
		g.out = nil // the bytes before still wait to be written
	}
	g.out = g.out[:0]
	for {
		f, size := frame.Next(data[taken:])
		if size == 0 {
			break
		}
		taken += size
		g.frame(&f)
	}
	c.Write(g.out)
	return taken
}

func (g *grpcConn) frame(f *frame.Frame) {
	switch f.Type {
	case frame.Headers:
		g.streams[f.Stream] = &stream{window: g.initial, ended: f.Has(frame.EndStream)}
		g.send(f.Stream)
	case frame.Data:
		g.data(f)
	case frame.Reset:
		delete(g.streams, f.Stream)
	case frame.Settings:
		if !f.Has(frame.Ack) {
			g.settings(f.Payload)
			g.out = frame.Append(g.out, frame.Frame{Type: frame.Settings, Flags: frame.Ack})
		}
	case frame.Ping:
		if !f.Has(frame.Ack) {
			g.out = frame.Append(g.out, frame.Frame{Type: frame.Ping, Flags: frame.Ack, Payload: f.Payload})
		}
	case frame.WindowUpdate:
		g.widen(f)
	case frame.GoAway:
		// Its streams end as any other.
	}
}

func (g *grpcConn) data(f *frame.Frame) {
	const often = 1 << 30
	if g.received += uint32(len(f.Payload)); g.received > often {
		g.out = frame.AppendWindow(g.out, 0, g.received)
		g.received = 0
	}
	s := g.streams[f.Stream]
	if s == nil {
		return // reset by the client
	}
	if content := f.Content(); len(content) > 0 {
		g.server.counters.Messages.Add(1)
		s.waiting = append(s.waiting, content...)
	}
	s.ended = s.ended || f.Has(frame.EndStream)
	g.send(f.Stream)
}

// send writes what a stream may send.
func (g *grpcConn) send(id uint32) {
	const largestFrame = 16 << 10
	s := g.streams[id]
	if !s.begun && (s.ended || len(s.waiting) > 0) {
		s.begun = true
		g.out = frame.Append(g.out, frame.Frame{Type: frame.Headers, Flags: frame.EndHeaders, Stream: id, Payload: grpcResponse})
	}
	for len(s.waiting) > 0 {
		n := min(int64(len(s.waiting)), s.window, g.window, largestFrame)
		if n <= 0 {
			return
		}
		g.out = frame.Append(g.out, frame.Frame{Type: frame.Data, Stream: id, Payload: s.waiting[:n]})
		s.window -= n
		g.window -= n
		s.waiting = s.waiting[n:]
	}
	s.waiting = nil
	if s.ended {
		g.server.counters.Requests.Add(1)
		g.out = frame.Append(g.out, frame.Frame{
			Type: frame.Headers, Flags: frame.EndHeaders | frame.EndStream, Stream: id, Payload: grpcTrailers,
		})
		delete(g.streams, id)
	}
}

func (g *grpcConn) settings(payload []byte) {
	for _, setting := range frame.ReadSettings(payload) {
		if setting.ID != frame.InitialWindowSize {
			continue
		}
		change := int64(setting.Value) - g.initial
		g.initial += change
		for id, s := range g.streams {
			s.window += change
			g.send(id)
		}
	}
}

func (g *grpcConn) widen(f *frame.Frame) {
	if f.Stream != 0 {
		if s := g.streams[f.Stream]; s != nil {
			s.window += frame.Increment(f.Payload)
			g.send(f.Stream)
		}
		return
	}
	g.window += frame.Increment(f.Payload)
	for id := range g.streams {
		g.send(id)
	}
}
