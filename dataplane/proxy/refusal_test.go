package proxy_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/fleetgate/fleetgate/dataplane/config"
)

// refusing speaks HTTP/2 and does not do the first request; first writes what it says instead.
func refusing(t *testing.T, visits *atomic.Int32, first func(*http2.Framer, uint32) error) config.Endpoint {
	t.Helper()
	return conversing(t, func(conn net.Conn, in *bufio.Reader, _ *recorder) {
		if _, err := io.ReadFull(in, make([]byte, len(http2.ClientPreface))); err != nil {
			return
		}
		framer := http2.NewFramer(conn, in)
		if framer.WriteSettings() != nil {
			return
		}
		for {
			frame, err := framer.ReadFrame()
			if err != nil {
				return
			}
			head, ok := frame.(*http2.HeadersFrame)
			if !ok {
				continue
			}
			if visits.Add(1) == 1 {
				if first(framer, head.StreamID) != nil {
					return
				}
				continue
			}
			var block strings.Builder
			_ = hpack.NewEncoder(&block).WriteField(hpack.HeaderField{Name: ":status", Value: "200"})
			_ = framer.WriteHeaders(http2.HeadersFrameParam{StreamID: head.StreamID, BlockFragment: []byte(block.String()), EndStream: true, EndHeaders: true})
		}
	}).Endpoint
}

func TestRequestsThatHTTP2DidNotProcess(t *testing.T) {
	reset := func(code http2.ErrCode) func(*http2.Framer, uint32) error {
		return func(f *http2.Framer, id uint32) error { return f.WriteRSTStream(id, code) }
	}
	goAway := func(taken uint32) func(*http2.Framer, uint32) error {
		return func(f *http2.Framer, id uint32) error {
			_ = f.WriteGoAway(taken*id, http2.ErrCodeNo, nil)
			return io.EOF // and the connection ends
		}
	}
	cases := []struct {
		name, reason, method string
		first                func(*http2.Framer, uint32) error
		status               int
	}{
		{"refused", "RFC 9113 section 8.7", http.MethodPost, reset(http2.ErrCodeRefusedStream), 200},
		{"going away", "section 6.8: the stream is above the last one", http.MethodPost, goAway(0), 200},
		{"going away with it", "it may have been processed", http.MethodPost, goAway(1), 502},
		{"going away with a GET", "which may be sent again", http.MethodGet, goAway(1), 200},
		{"reset", "the endpoint is there, and means it", http.MethodPost, reset(http2.ErrCodeInternal), 502},
		{"reset of a GET", "", http.MethodGet, reset(http2.ErrCodeInternal), 502},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var visits atomic.Int32
			b := start(t, plainSnapshot([]config.Rule{prefixRule("n/r", "/", "h2c")}, map[string][]config.Endpoint{"h2c": {refusing(t, &visits, c.first)}}))
			want := int32(1)
			if c.status == 200 {
				want = 2
			}
			if got := b.do(c.method, "http://a/x", nil); got.StatusCode != c.status || visits.Load() != want {
				t.Fatalf("%s: got %d after %d visits, %v", c.reason, got.StatusCode, visits.Load(), b.last("/x"))
			}
		})
	}
}
