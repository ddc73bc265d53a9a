package proxy_test

import (
	"bytes"
	"io"
	"net"
	"slices"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// wire is an HTTP/2 client that sends frames one by one.
type wire struct {
	t      *testing.T
	conn   net.Conn
	framer *http2.Framer
	block  bytes.Buffer
	encode *hpack.Encoder
}

// wire opens an HTTP/2 connection without TLS, past the settings.
func (b *bed) wire() *wire {
	b.t.Helper()
	conn, err := net.Dial("tcp", b.addr(80))
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	w := &wire{t: b.t, conn: conn, framer: http2.NewFramer(conn, conn)}
	w.framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	w.encode = hpack.NewEncoder(&w.block)
	if _, err := io.WriteString(conn, http2.ClientPreface); err != nil {
		b.t.Fatal(err)
	}
	w.check(w.framer.WriteSettings())
	w.check(w.framer.WriteSettingsAck())
	return w
}

func (w *wire) check(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// request opens a stream; ended says that no body follows.
func (w *wire) request(stream uint32, path string, ended bool, pairs ...string) {
	w.t.Helper()
	method := "POST"
	if ended {
		method = "GET"
	}
	w.block.Reset()
	pairs = append([]string{":method", method, ":scheme", "http", ":authority", "a", ":path", path}, pairs...)
	for i := 0; i < len(pairs); i += 2 {
		w.check(w.encode.WriteField(hpack.HeaderField{Name: pairs[i], Value: pairs[i+1]}))
	}
	w.check(w.framer.WriteHeaders(http2.HeadersFrameParam{
		StreamID: stream, BlockFragment: w.block.Bytes(), EndHeaders: true, EndStream: ended,
	}))
}

func (w *wire) data(stream uint32, body string, ended bool) {
	w.t.Helper()
	w.check(w.framer.WriteData(stream, ended, []byte(body)))
}

// frame waits for a frame that is of interest.
func (w *wire) frame(wanted func(http2.Frame) bool) http2.Frame {
	w.t.Helper()
	for {
		frame, err := w.framer.ReadFrame()
		w.check(err)
		if wanted(frame) {
			return frame
		}
	}
}

// head waits for the next head of a response, interim or not, and gives its status.
func (w *wire) head(stream uint32) string {
	w.t.Helper()
	frame := w.frame(func(f http2.Frame) bool {
		head, ok := f.(*http2.MetaHeadersFrame)
		return ok && head.StreamID == stream && head.PseudoValue("status") != ""
	})
	return frame.(*http2.MetaHeadersFrame).PseudoValue("status")
}

// final waits for the final head of a response.
func (w *wire) final(stream uint32) string {
	w.t.Helper()
	for {
		if status := w.head(stream); status[0] != '1' {
			return status
		}
	}
}

// answered waits for the responses to streams, in any order and all well, and to no others.
func (w *wire) answered(streams ...uint32) {
	w.t.Helper()
	for len(streams) > 0 {
		head := w.frame(func(f http2.Frame) bool { return f.Header().Type == http2.FrameHeaders }).(*http2.MetaHeadersFrame)
		i := slices.Index(streams, head.StreamID)
		if i < 0 || head.PseudoValue("status") != "200" {
			w.t.Fatalf("stream %d: got %s", head.StreamID, head.PseudoValue("status"))
		}
		streams = slices.Delete(streams, i, i+1)
	}
}
