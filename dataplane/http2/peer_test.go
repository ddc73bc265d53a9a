package http2

import (
	"bytes"
	"net"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// peer is the other end of a connection, frame by frame; x/net's framer is the oracle of the format.
type peer struct {
	t testing.TB
	net.Conn
	*http2.Framer
	encoder *hpack.Encoder
	encoded bytes.Buffer
}

const patience = 10 * time.Second

func newPeer(t testing.TB, conn net.Conn) *peer {
	t.Helper()
	p := &peer{t: t, Conn: conn, Framer: http2.NewFramer(conn, conn)}
	p.AllowIllegalWrites = true
	p.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	p.encoder = hpack.NewEncoder(&p.encoded)
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(patience))
	return p
}

// dialPeer is a client of a server under test that has exchanged settings with it.
func dialPeer(t testing.TB, l net.Listener, settings ...http2.Setting) *peer {
	t.Helper()
	p := dialRaw(t, l)
	p.write([]byte(preface))
	p.must(p.WriteSettings(settings...))
	p.await(http2.FrameSettings, 0)
	p.must(p.WriteSettingsAck())
	return p
}

// dialRaw is a client of a server under test that has said nothing yet.
func dialRaw(t testing.TB, l net.Listener) *peer {
	t.Helper()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return newPeer(t, conn)
}

func (p *peer) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *peer) write(b []byte) {
	p.t.Helper()
	_, err := p.Write(b)
	p.must(err)
}

// block encodes names and values.
func (p *peer) block(pairs ...string) []byte {
	p.encoded.Reset()
	for i := 0; i < len(pairs); i += 2 {
		p.must(p.encoder.WriteField(hpack.HeaderField{Name: pairs[i], Value: pairs[i+1]}))
	}
	return bytes.Clone(p.encoded.Bytes())
}

// headers sends a header list, in as many frames as it takes.
func (p *peer) headers(id uint32, ended bool, pairs ...string) {
	p.t.Helper()
	p.fragments(id, ended, p.block(pairs...), maxFrameLen)
}

// fragments sends a header block in frames of at most so many bytes.
func (p *peer) fragments(id uint32, ended bool, block []byte, most int) {
	p.t.Helper()
	n := min(most, len(block))
	p.must(p.WriteHeaders(http2.HeadersFrameParam{
		StreamID: id, EndStream: ended, EndHeaders: n == len(block), BlockFragment: block[:n],
	}))
	for block = block[n:]; len(block) > 0; block = block[n:] {
		n = min(most, len(block))
		p.must(p.WriteContinuation(id, n == len(block), block[:n]))
	}
}

// ask sends a plain request; more are fields behind the pseudo-header fields.
func (p *peer) ask(id uint32, ended bool, method string, more ...string) {
	p.t.Helper()
	p.headers(id, ended, append([]string{":method", method, ":scheme", "http", ":authority", "example.com", ":path", "/"}, more...)...)
}

// next reads a frame, valid until the next call.
func (p *peer) next() http2.Frame {
	p.t.Helper()
	f, err := p.ReadFrame()
	p.must(err)
	return f
}

// await reads frames until one of a type and stream comes.
func (p *peer) await(kind http2.FrameType, id uint32) http2.Frame {
	p.t.Helper()
	for {
		f := p.next()
		if h := f.Header(); h.Type == kind && h.StreamID == id {
			return f
		}
	}
}

// status reads until the final head on a stream, and gives its status.
func (p *peer) status(id uint32) string {
	p.t.Helper()
	f, _ := p.await(http2.FrameHeaders, id).(*http2.MetaHeadersFrame)
	return f.PseudoValue("status")
}

// outcome reads until a stream has been answered or refused, or the connection refused, and says what
// came.
func (p *peer) outcome(id uint32) string {
	p.t.Helper()
	for {
		f, err := p.ReadFrame()
		if err != nil {
			return "closed"
		}
		switch f := f.(type) {
		case *http2.MetaHeadersFrame:
			if f.StreamID == id {
				return f.PseudoValue("status")
			}
		case *http2.RSTStreamFrame:
			if f.StreamID == id {
				return "reset " + ErrCode(f.ErrCode).String()
			}
		case *http2.GoAwayFrame:
			return "goaway " + ErrCode(f.ErrCode).String()
		}
	}
}
