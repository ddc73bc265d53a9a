package http3

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/fleetgate/fleetgate/dataplane/message"
)

const (
	sound     = "200"
	bad       = "400"
	large     = "431"
	malformed = "reset H3_MESSAGE_ERROR"
	cut       = "reset H3_REQUEST_INCOMPLETE"
)

// ok answers as soon as the body has come whole.
func ok(st *Stream) {
	if _, err := all(st); err == nil {
		_ = st.Respond(&message.Response{Status: 200}, nil, true)
	}
}

func repeat(n int, pair ...string) (pairs []string) {
	for range n {
		pairs = append(pairs, pair...)
	}
	return pairs
}

// TestRequests are requests whose fault, if there is one, is of their stream alone.
func TestRequests(t *testing.T) {
	data := func(s string) []byte { return frame(kindData, []byte(s)) }
	tests := []struct {
		name, reason string
		request      []byte
		want         string
	}{
		{"plain", "the least there can be", plain(), sound},
		{"nothing", "RFC 9114 section 4.1", nil, cut},
		{"unknown frame", "RFC 9114 section 9", join(frame(0x21, []byte("x")), plain(), frame(0x40, make([]byte, 9000))), sound},
		{"body", "two frames and an empty one", join(post("content-length", "4"), data("ab"), data(""), data("cd")), sound},
		{"unknown frame in a body", "RFC 9114 section 9", join(post(), data("ab"), frame(0x21, []byte("x")), data("cd")), sound},
		{"trailers", "RFC 9114 section 4.1", join(post(), data("ab"), headOf("x-sum", "1")), sound},
		{"trailers alone", "there need not be a body", join(post(), headOf("x-sum", "1")), sound},
		{"pseudo trailer", "RFC 9114 section 4.3", join(post(), data("ab"), headOf(":path", "/")), malformed},
		{"framing trailer", "RFC 9110 section 6.5.1", join(post(), headOf("content-length", "0")), malformed},
		{"body too long", "RFC 9114 section 4.1.2", join(post("content-length", "3"), data("abcd")), malformed},
		{"body too short", "RFC 9114 section 4.1.2", join(post("content-length", "3"), data("ab")), malformed},
		{"body too short with trailers", "RFC 9114 section 4.1.2", join(post("content-length", "3"), data("ab"), headOf("a", "b")), malformed},
		{"no body", "the stream ends before it", post("content-length", "3"), malformed},
		{"no method", "RFC 9114 section 4.3.1", headOf(":scheme", "https", ":authority", "a", ":path", "/"), malformed},
		{"no authority", "as HTTP/1.1 without Host", headOf(":method", "GET", ":scheme", "https", ":path", "/"), bad},
		{"bad authority", "user information", headOf(":method", "GET", ":scheme", "https", ":authority", "u@a", ":path", "/"), bad},
		{"host not authority", "routes by one, is served by the other", plain("host", "b.example"), malformed},
		{"host as authority", "the same", plain("host", "A.example"), sound},
		{"pseudo twice", "RFC 9114 section 4.3", plain(":path", "/"), malformed},
		{"unknown pseudo", "RFC 9114 section 4.3", headOf(append([]string{":x", "y"}, plainPairs...)...), malformed},
		{"status", "of responses only", headOf(append([]string{":status", "200"}, plainPairs...)...), malformed},
		{"upper case", "RFC 9114 section 4.2", plain("X-Test", "a"), malformed},
		{"underscore", "a hyphen's twin to CGI", plain("x_test", "a"), bad},
		{"empty name", "not a token", plain("", "a"), malformed},
		{"value with LF", "would split an HTTP/1.1 head", plain("a", "b\nc"), malformed},
		{"value with a space before", "RFC 9114 section 4.2", plain("a", " b"), malformed},
		{"connection", "RFC 9114 section 4.2", plain("connection", "close"), malformed},
		{"transfer-encoding", "RFC 9114 section 4.2", plain("transfer-encoding", "chunked"), malformed},
		{"upgrade", "RFC 9114 section 4.5", plain("upgrade", "websocket"), malformed},
		{"te trailers", "the one that may be", plain("te", "trailers"), sound},
		{"te gzip", "RFC 9114 section 4.2", plain("te", "gzip"), malformed},
		{"two content-lengths", "equal or not", post("content-length", "0", "content-length", "0"), malformed},
		{"path with a space", "would split an HTTP/1.1 request line", headOf(":method", "GET", ":scheme", "https", ":authority", "a", ":path", "/ x"), malformed},
		{"connect with a path", "RFC 9114 section 4.4", headOf(":method", "CONNECT", ":authority", "a:443", ":path", "/"), malformed},
		{"protocol without connect", "RFC 9220 section 3", headOf(append([]string{":protocol", "websocket"}, plainPairs...)...), malformed},
		{"section too large", "RFC 9114 section 4.2.2", plain("a", strings.Repeat("x", 33<<10)), large},
		{"section far too large", "is not even decoded", plain("a", strings.Repeat("x", 100<<10)), large},
		{"too many fields", "more than 100", plain(repeat(101, "a", "b")...), large},
		{"many fields", "the most", plain(repeat(100, "a", "b")...), sound},
		{"cookie crumbs", "one field in the end", plain(repeat(50, "cookie", "a=b")...), sound},
	}
	var handled atomic.Int32
	l := listen(t, ServerOptions{}, func(st *Stream) {
		handled.Add(1)
		ok(st)
	})
	p := dialRaw(t, l)
	p.side(append(numbers(streamControl), frame(kindSettings, nil)...)...)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			handled.Store(0)
			p.t = t
			if got := p.ask(test.request); got != test.want {
				t.Errorf("%s: %s, want %s", test.reason, got, test.want)
			}
			if handled.Load() > 0 && (test.want == bad || test.want == large) {
				t.Errorf("%s: a handler got to see it", test.reason)
			}
		})
	}
	p.t = t
	if got := p.ask(plain()); got != sound {
		t.Errorf("the connection goes on: %s", got)
	}
}

// TestConnectionFaults are faults that end the connection, of streams of requests.
func TestConnectionFaults(t *testing.T) {
	const unexpected = "closed H3_FRAME_UNEXPECTED"
	const decompression = "closed QPACK_DECOMPRESSION_FAILED"
	prefixed := func(b ...byte) []byte { return frame(kindHeaders, b) }
	data := frame(kindData, []byte("x"))
	tests := []struct {
		name, reason string
		request      []byte
		want         string
	}{
		{"data first", "RFC 9114 section 4.1", data, unexpected},
		{"settings", "RFC 9114 section 7.2.4", join(plain(), frame(kindSettings, nil)), unexpected},
		{"goaway", "RFC 9114 section 7.2.6", join(plain(), frame(kindGoAway, numbers(0))), unexpected},
		{"max push id", "RFC 9114 section 7.2.7", join(plain(), frame(kindMaxPushID, numbers(0))), unexpected},
		{"cancel push", "RFC 9114 section 7.2.3", join(plain(), frame(kindCancelPush, numbers(0))), unexpected},
		{"push promise", "RFC 9114 section 7.2.5", join(plain(), frame(kindPushPromise, numbers(0, 0))), unexpected},
		{"priority of HTTP/2", "RFC 9114 section 7.2.8", frame(0x2, make([]byte, 5)), unexpected},
		{"ping of HTTP/2", "RFC 9114 section 7.2.8", join(plain(), frame(0x6, make([]byte, 8))), unexpected},
		{"window of HTTP/2", "RFC 9114 section 7.2.8", join(post(), data, frame(0x8, make([]byte, 4))), unexpected},
		{"continuation of HTTP/2", "RFC 9114 section 7.2.8", frame(0x9, nil), unexpected},
		{"data after trailers", "RFC 9114 section 4.1", join(post(), headOf("a", "b"), data), unexpected},
		{"headers after trailers", "RFC 9114 section 4.1", join(post(), headOf("a", "b"), headOf("a", "b")), unexpected},
		{"data cut short", "RFC 9114 section 7.1", join(post(), data[:2]), "closed H3_FRAME_ERROR"},
		{"head cut short", "RFC 9114 section 7.1", plain()[:9], "closed H3_FRAME_ERROR"},
		{"frame header cut short", "RFC 9114 section 7.1", join(post(), []byte{0x40}), "closed H3_FRAME_ERROR"},
		{"empty section", "RFC 9204 section 4.5.1", prefixed(), decompression},
		{"inserts required", "there is no dynamic table", prefixed(1, 0, 0xd1), decompression},
		{"negative base", "RFC 9204 section 4.5.1.2", prefixed(0, 0x80, 0xd1), decompression},
		{"dynamic entry", "there is none", prefixed(0, 0, 0x80), decompression},
		{"dynamic name", "there is none", prefixed(0, 0, 0x40, 0), decompression},
		{"entry behind the base", "there is none", prefixed(0, 0, 0x10), decompression},
		{"name behind the base", "there is none", prefixed(0, 0, 0x00, 0), decompression},
		{"static entry 99", "the last is 98", prefixed(0, 0, 0xff, 36), decompression},
		{"string too long", "longer than the section", prefixed(0, 0, 0x51, 5, 'a'), decompression},
		{"no value", "cut short", prefixed(0, 0, 0x51), decompression},
		{"endless number", "more than 62 bits", prefixed(0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f), decompression},
		{"bad padding of Huffman", "RFC 7541 section 5.2", prefixed(0, 0, 0x51, 0x81, 0x00), decompression},
		{"trailers that cannot be decoded", "there is none", join(post(), prefixed(0, 0, 0x80)), decompression},
	}
	l := listen(t, ServerOptions{}, ok)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := dialRaw(t, l)
			st := p.open(test.request)
			_ = st.Close()
			if got := p.closed(); got != test.want {
				t.Errorf("%s: %s, want %s", test.reason, got, test.want)
			}
		})
	}
}

// TestSideStreams are unidirectional streams, and what becomes of the connection.
func TestSideStreams(t *testing.T) {
	control := func(frames ...[]byte) []byte {
		return join(numbers(streamControl), frame(kindSettings, nil), join(frames...))
	}
	settings := func(list ...uint64) []byte {
		return join(numbers(streamControl), frame(kindSettings, numbers(list...)))
	}
	encoder := func(b ...byte) []byte { return append(numbers(streamEncoder), b...) }
	decoder := func(b ...byte) []byte { return append(numbers(streamDecoder), b...) }
	unknown := append(numbers(0x21), make([]byte, 1000)...)
	const (
		open       = "open"
		unexpected = "closed H3_FRAME_UNEXPECTED"
		creation   = "closed H3_STREAM_CREATION_ERROR"
		setting    = "closed H3_SETTINGS_ERROR"
		id         = "closed H3_ID_ERROR"
		critical   = "closed H3_CLOSED_CRITICAL_STREAM"
		encoding   = "closed QPACK_ENCODER_STREAM_ERROR"
		decoding   = "closed QPACK_DECODER_STREAM_ERROR"
	)
	tests := []struct {
		name, reason string
		streams      [][]byte
		end          bool
		want         string
	}{
		{"control", "as it should be", [][]byte{control()}, false, open},
		{"all there are", "as it should be", [][]byte{control(), encoder(0x20), decoder(0x41, 0x7f, 0x80, 0x01)}, false, open},
		{"frames that nobody knows", "RFC 9114 section 9", [][]byte{control(frame(0x21, make([]byte, 9000)), frame(0xf0700, []byte("u=1")))}, false, open},
		{"pushes", "RFC 9114 sections 7.2.6 and 7.2.7", [][]byte{
			control(frame(kindMaxPushID, numbers(1)), frame(kindMaxPushID, numbers(2)), frame(kindGoAway, numbers(2)), frame(kindGoAway, numbers(0))),
		}, false, open},
		{"two controls", "RFC 9114 section 6.2.1", [][]byte{control(), control()}, false, creation},
		{"two encoders", "RFC 9204 section 4.2", [][]byte{encoder(), encoder()}, false, creation},
		{"two decoders", "RFC 9204 section 4.2", [][]byte{decoder(), decoder()}, false, creation},
		{"push stream", "RFC 9114 section 6.2.2", [][]byte{numbers(streamPush, 0)}, false, creation},
		{"unknown type", "RFC 9114 section 6.2", [][]byte{unknown}, false, open},
		{"closed without a type", "RFC 9114 section 6.2", [][]byte{{0x40}}, true, open},
		{"no settings", "RFC 9114 section 6.2.1", [][]byte{join(numbers(streamControl), frame(kindGoAway, numbers(0)))}, false, "closed H3_MISSING_SETTINGS"},
		{"settings twice", "RFC 9114 section 7.2.4", [][]byte{control(frame(kindSettings, nil))}, false, unexpected},
		{"data", "RFC 9114 section 7.2.1", [][]byte{control(frame(kindData, nil))}, false, unexpected},
		{"headers", "RFC 9114 section 7.2.2", [][]byte{control(frame(kindHeaders, nil))}, false, unexpected},
		{"ping of HTTP/2", "RFC 9114 section 7.2.8", [][]byte{control(frame(0x6, nil))}, false, unexpected},
		{"settings", "RFC 9114 section 7.2.4.1", [][]byte{settings(0x6, 100, 0x1, 4096, 0x7, 9, 0x21, 1, 0x8, 1)}, false, open},
		{"a setting of HTTP/2", "RFC 9114 section 7.2.4.1", [][]byte{settings(0x4, 100)}, false, setting},
		{"a setting twice", "RFC 9114 section 7.2.4", [][]byte{settings(0x6, 100, 0x6, 100)}, false, setting},
		{"connect protocol of 2", "RFC 8441 section 3", [][]byte{settings(0x8, 2)}, false, setting},
		{"settings cut short", "RFC 9114 section 7.1", [][]byte{settings(0x6)}, false, "closed H3_FRAME_ERROR"},
		{"huge settings", "bounded", [][]byte{join(numbers(streamControl), numbers(uint64(kindSettings), 1<<40))}, false, "closed H3_EXCESSIVE_LOAD"},
		{"cancel of a push", "there is none", [][]byte{control(frame(kindCancelPush, numbers(0)))}, false, id},
		{"max push id shrinks", "RFC 9114 section 7.2.7", [][]byte{control(frame(kindMaxPushID, numbers(2)), frame(kindMaxPushID, numbers(1)))}, false, id},
		{"goaway grows", "RFC 9114 section 5.2", [][]byte{control(frame(kindGoAway, numbers(1)), frame(kindGoAway, numbers(2)))}, false, id},
		{"goaway too long", "RFC 9114 section 7.1", [][]byte{control(frame(kindGoAway, numbers(1, 2)))}, false, "closed H3_FRAME_ERROR"},
		{"goaway empty", "RFC 9114 section 7.1", [][]byte{control(frame(kindGoAway, nil))}, false, "closed H3_FRAME_ERROR"},
		{"control closed", "RFC 9114 section 6.2.1", [][]byte{control()}, true, critical},
		{"encoder closed", "RFC 9204 section 4.2", [][]byte{encoder()}, true, critical},
		{"decoder closed", "RFC 9204 section 4.2", [][]byte{decoder()}, true, critical},
		{"insert", "there is no table", [][]byte{encoder(0xc0, 0)}, false, encoding},
		{"capacity", "more than none", [][]byte{encoder(0x21)}, false, encoding},
		{"acknowledgement", "nothing was sent that needs one", [][]byte{decoder(0x80)}, false, decoding},
		{"increment", "nothing was inserted", [][]byte{decoder(0x01)}, false, decoding},
		{"endless number", "more than 62 bits", [][]byte{decoder(append([]byte{0x7f}, make80(12)...)...)}, false, decoding},
	}
	l := listen(t, ServerOptions{}, ok)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := dialRaw(t, l)
			for _, stream := range test.streams {
				st := p.side(stream...)
				if test.end {
					_ = st.Close()
				}
			}
			if test.want != open {
				if got := p.closed(); got != test.want {
					t.Errorf("%s: %s, want %s", test.reason, got, test.want)
				}
				return
			}
			if got := p.ask(plain()); got != sound {
				t.Errorf("%s: %s", test.reason, got)
			}
		})
	}
}

func make80(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = 0x80
	}
	return b
}

func TestControlStreamRefused(t *testing.T) {
	l := listen(t, ServerOptions{}, ok)
	p := dialRaw(t, l)
	st, err := p.AcceptUniStream(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	st.CancelRead(quic.StreamErrorCode(NoError))
	if got := p.closed(); got != "closed H3_CLOSED_CRITICAL_STREAM" {
		t.Error(got)
	}
}

func TestSettings(t *testing.T) {
	l := listen(t, ServerOptions{MaxHeaderBytes: 5000}, ok)
	p := dialRaw(t, l)
	st, err := p.AcceptUniStream(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := join(numbers(streamControl), frame(kindSettings, numbers(0x6, 5000, 0x8, 1)))
	got := make([]byte, len(want))
	_ = st.SetReadDeadline(time.Now().Add(20 * time.Second))
	for n := 0; n < len(got); {
		k, err := st.Read(got[n:])
		if err != nil {
			t.Fatal(err)
		}
		n += k
	}
	if string(got) != string(want) {
		t.Errorf("got % x, want % x", got, want)
	}
}

// TestManySideStreams opens many more unidirectional streams than there may be at once.
func TestManySideStreams(t *testing.T) {
	l := listen(t, ServerOptions{}, ok)
	p := dialRaw(t, l)
	for range 10 * maxSideStreams {
		st, err := p.OpenUniStreamSync(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		_, _ = st.Write(append(numbers(0x21), make([]byte, 1000)...)) // it may be refused meanwhile
		st.CancelWrite(0)
	}
	if got := p.ask(plain()); got != sound {
		t.Error(got)
	}
}

// TestSlowHead holds streams open without a head.
func TestSlowHead(t *testing.T) {
	l := listen(t, ServerOptions{HeaderTimeout: time.Second}, ok)
	p := dialRaw(t, l)
	if got := outcome(p.open(plain()[:5])); got != cut {
		t.Errorf("a head that does not come: %s", got)
	}
}

// TestStreamLimit opens more streams than there may be, and resets them at once.
func TestStreamLimit(t *testing.T) {
	resume := make(chan struct{})
	var most, handled atomic.Int32
	l := listen(t, ServerOptions{MaxStreams: 10}, func(*Stream) {
		n := handled.Add(1)
		most.Store(max(most.Load(), n))
		<-resume
		handled.Add(-1)
	})
	p := dialRaw(t, l)
	var refused int
	for range 50 {
		st, err := p.OpenStream()
		if err != nil {
			refused++
			continue
		}
		_, _ = st.Write(plain())
		_ = st.Close()
	}
	eventually(t, "all handlers run", func() bool { return handled.Load() == 10 })
	if refused != 40 {
		t.Errorf("%d streams refused, want 40", refused)
	}
	close(resume)
	for range 100 {
		st := p.open(plain())
		st.CancelRead(quic.StreamErrorCode(RequestCancelled))
		st.CancelWrite(quic.StreamErrorCode(RequestCancelled))
	}
	if most.Load() > 10 {
		t.Errorf("%d handlers at once", most.Load())
	}
}
