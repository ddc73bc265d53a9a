package proxy_test

import (
	"bytes"
	"io"
	"net"
	"testing"
	"time"

	frames "golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// peer is a client of HTTP/2 that may send anything, frame by frame.
type peer struct {
	t testing.TB
	net.Conn
	*frames.Framer
	encoder *hpack.Encoder
	block   bytes.Buffer
}

// peer connects to the proxy, without TLS and by prior knowledge, and exchanges settings.
func (b *bed) peer(settings ...frames.Setting) *peer {
	b.t.Helper()
	conn, err := net.Dial("tcp", b.addr(80))
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
	p := &peer{t: b.t, Conn: conn, Framer: frames.NewFramer(conn, conn)}
	p.AllowIllegalWrites = true
	p.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	p.encoder = hpack.NewEncoder(&p.block)
	_, err = io.WriteString(conn, frames.ClientPreface)
	p.must(err)
	p.must(p.WriteSettings(settings...))
	p.must(p.WriteSettingsAck())
	return p
}

func (p *peer) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

// encode makes a header block of names and values.
func (p *peer) encode(pairs ...string) []byte {
	p.t.Helper()
	p.block.Reset()
	for i := 0; i < len(pairs); i += 2 {
		p.must(p.encoder.WriteField(hpack.HeaderField{Name: pairs[i], Value: pairs[i+1]}))
	}
	return p.block.Bytes()
}

// ask sends a header list.
func (p *peer) ask(stream uint32, ended bool, pairs ...string) error {
	p.t.Helper()
	return p.WriteHeaders(frames.HeadersFrameParam{StreamID: stream, EndStream: ended, EndHeaders: true, BlockFragment: p.encode(pairs...)})
}

// get is the header list of a plain request.
func get(path string, more ...string) []string {
	return append([]string{":method", "GET", ":scheme", "http", ":authority", "a", ":path", path}, more...)
}

// outcome reads until a stream or the connection has been answered, and says how.
func (p *peer) outcome(stream uint32) string {
	p.t.Helper()
	for {
		frame, err := p.ReadFrame()
		if err != nil {
			return "closed"
		}
		switch f := frame.(type) {
		case *frames.MetaHeadersFrame:
			if f.StreamID == stream {
				return f.PseudoValue("status")
			}
		case *frames.RSTStreamFrame:
			if f.StreamID == stream {
				return "reset " + f.ErrCode.String()
			}
		case *frames.GoAwayFrame:
			if f.ErrCode != frames.ErrCodeNo {
				return "goaway " + f.ErrCode.String()
			}
		}
	}
}
