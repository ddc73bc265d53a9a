package http2

import (
	"bufio"
	"bytes"
	"errors"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/fleetgate/fleetgate/dataplane/head"
	"github.com/fleetgate/fleetgate/dataplane/http1"
	"github.com/fleetgate/fleetgate/dataplane/message"
)

// script is a connection whose other end has said all that it will say already, and takes everything.
type script struct {
	net.Conn // of nobody; only what is below is used
	mutex    sync.Mutex
	says     *bytes.Reader
	begun    chan struct{} // what is said is read when it is closed
	heard    int
	closed   bool
}

func newScript(says ...[]byte) *script {
	return &script{says: bytes.NewReader(bytes.Join(says, nil)), begun: make(chan struct{})}
}

func (s *script) Read(p []byte) (int, error) {
	<-s.begun
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.closed {
		return 0, net.ErrClosed
	}
	return s.says.Read(p)
}

func (s *script) Write(p []byte) (int, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.closed {
		return 0, net.ErrClosed
	}
	s.heard += len(p)
	return len(p), nil
}

func (s *script) Close() error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.closed = true
	return nil
}

func (*script) SetDeadline(time.Time) error      { return nil }
func (*script) SetReadDeadline(time.Time) error  { return nil }
func (*script) SetWriteDeadline(time.Time) error { return nil }

// Every input may cost this much memory in all, whatever is in it, and perByte for each of its bytes.
const (
	perInput = 8 << 20
	perByte  = 400 // allocated in all, not at a time
)

// bounded runs something that has to end, and to be content with little memory.
func bounded(t *testing.T, input int, run func()) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	done := make(chan struct{})
	go func() {
		defer close(done)
		run()
	}()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		stacks := make([]byte, 1<<20)
		t.Fatalf("it hangs:\n%s", stacks[:runtime.Stack(stacks, true)])
	}
	runtime.ReadMemStats(&after)
	if got, limit := after.TotalAlloc-before.TotalAlloc, uint64(perInput+perByte*input); got > limit {
		t.Fatalf("%d bytes of input cost %d bytes of memory", input, got)
	}
}

// serveScript has a server speak with a client that says so after its preface.
func serveScript(t *testing.T, data []byte) {
	t.Helper()
	conn := newScript([]byte(preface), appendFrameHeader(nil, 0, kindSettings, 0, 0), data)
	close(conn.begun)
	bounded(t, len(data), func() { _ = NewServer(conn, ServerOptions{}, echo).Serve(nil) })
	if conn.heard > 64<<10+200*len(data) {
		t.Fatalf("%d bytes of input were answered with %d", len(data), conn.heard)
	}
}

// callScript has a client make three calls to a backend that says so after its settings.
func callScript(t *testing.T, data []byte) {
	t.Helper()
	conn := newScript(appendFrameHeader(nil, 0, kindSettings, 0, 0), data)
	bounded(t, len(data), func() {
		c := NewClient(conn, ClientOptions{})
		var group sync.WaitGroup
		for range 3 {
			call, err := c.Open()
			if err != nil {
				break
			}
			r := get("/x")
			r.Method, r.ContentLength = "POST", message.Unknown
			if err := call.Send(r, []byte("hello"), false); err != nil {
				call.Release()
				break
			}
			group.Go(func() { converse(call) })
		}
		close(conn.begun)
		group.Wait()
		c.Close()
		<-c.Done()
	})
}

// converse takes all of a response, and sends the rest of a body meanwhile.
func converse(call *Call) {
	defer call.Release()
	call.SetDeadline(time.Now().Add(10 * time.Second))
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		_ = call.Body([]byte("world"), true) // to nobody, mostly
	}()
	var r message.Response
	for {
		if err := call.Receive(&r); err != nil || r.Status >= 200 {
			break
		}
	}
	for {
		if _, err := call.Next(); err != nil {
			break
		}
	}
	call.Trailers()
	<-sent
}

// FuzzServer holds the server's half to end whatever a client says, without a panic, a goroutine that is left
// or memory out of proportion.
func FuzzServer(f *testing.F) {
	for _, choices := range frameSeeds {
		f.Add(frames(choices))
	}
	f.Fuzz(serveScript)
}

// FuzzClient does the same with the client's half, and what a backend says.
func FuzzClient(f *testing.F) {
	for _, choices := range frameSeeds {
		f.Add(frames(choices))
	}
	f.Fuzz(callScript)
}

// FuzzFrames gives both halves frames that are put together from parts, which a fuzzer hardly finds by
// itself.
func FuzzFrames(f *testing.F) {
	for _, choices := range frameSeeds {
		f.Add(choices)
	}
	f.Fuzz(func(t *testing.T, choices []byte) {
		data := frames(choices)
		serveScript(t, data)
		callScript(t, data)
	})
}

var frameSeeds = [][]byte{
	{0, 0},
	{0, 1, 16, 0},
	{2, 1, 4, 1, 6, 1},
	{0, 1, 8, 1, 0, 3, 8, 3},
	{7, 1, 9, 1, 9, 1, 10, 1},
	{1, 1, 5, 1, 3, 1},
	{1, 1, 3, 3, 5, 1, 11, 0, 12, 1, 13, 0},
	{14, 1, 15, 1, 17, 0, 18, 1, 19, 1, 20, 0},
	{21, 1, 22, 0, 23, 1, 2, 3, 4, 3},
}

// frames puts frames together: two choices make one, of which the first is for what it is and the second for
// its stream.
func frames(choices []byte) []byte {
	var out bytes.Buffer
	framer := http2.NewFramer(&out, nil)
	framer.AllowIllegalWrites = true
	blocks := newBlocks()
	for len(choices) >= 2 && out.Len() < 1<<20 {
		part := frameParts[int(choices[0])%len(frameParts)]
		_ = part(framer, uint32(choices[1])%8, blocks) // to memory
		choices = choices[2:]
	}
	return out.Bytes()
}

// blocks are header blocks, of one encoder.
type blocks struct {
	bytes.Buffer
	encoder *hpack.Encoder
}

func newBlocks() *blocks {
	b := &blocks{}
	b.encoder = hpack.NewEncoder(&b.Buffer)
	return b
}

func (b *blocks) of(pairs ...string) []byte {
	b.Reset()
	for i := 0; i < len(pairs); i += 2 {
		_ = b.encoder.WriteField(hpack.HeaderField{Name: pairs[i], Value: pairs[i+1]}) // to memory
	}
	return b.Bytes()
}

func (b *blocks) request(method string, more ...string) []byte {
	return b.of(append([]string{":method", method, ":scheme", "http", ":authority", "a", ":path", "/"}, more...)...)
}

func headersOf(f *http2.Framer, id uint32, ended, whole bool, block []byte) error {
	return f.WriteHeaders(http2.HeadersFrameParam{StreamID: id, EndStream: ended, EndHeaders: whole, BlockFragment: block})
}

type framePart = func(f *http2.Framer, id uint32, b *blocks) error

var frameParts = []framePart{
	func(f *http2.Framer, id uint32, b *blocks) error {
		return headersOf(f, id, true, true, b.request("GET"))
	},
	func(f *http2.Framer, id uint32, b *blocks) error {
		return headersOf(f, id, false, true, b.of(":status", "200", "x", "y"))
	},
	func(f *http2.Framer, id uint32, b *blocks) error {
		return headersOf(f, id, false, true, b.request("POST"))
	},
	func(f *http2.Framer, id uint32, b *blocks) error {
		return headersOf(f, id, true, true, b.of("x-sum", "1"))
	},
	func(f *http2.Framer, id uint32, _ *blocks) error { return f.WriteData(id, false, []byte("hello")) },
	func(f *http2.Framer, id uint32, _ *blocks) error { return f.WriteData(id, true, make([]byte, 16384)) },
	func(f *http2.Framer, id uint32, _ *blocks) error {
		return f.WriteDataPadded(id, true, []byte("hello"), make([]byte, 100))
	},
	func(f *http2.Framer, id uint32, b *blocks) error {
		return headersOf(f, id, false, false, b.request("PUT", "content-length", "5"))
	},
	func(f *http2.Framer, id uint32, _ *blocks) error { return f.WriteRSTStream(id, http2.ErrCodeCancel) },
	func(f *http2.Framer, id uint32, b *blocks) error {
		return f.WriteContinuation(id, false, b.of("a", "b"))
	},
	func(f *http2.Framer, id uint32, b *blocks) error {
		return f.WriteContinuation(id, true, b.of("c", "d"))
	},
	func(f *http2.Framer, id uint32, _ *blocks) error { return f.WriteWindowUpdate(0, 1<<16+id) },
	func(f *http2.Framer, id uint32, _ *blocks) error { return f.WriteWindowUpdate(id, 1<<30) },
	func(f *http2.Framer, id uint32, _ *blocks) error {
		return f.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: id << 14})
	},
	func(f *http2.Framer, id uint32, b *blocks) error {
		return headersOf(f, id, false, true, b.of(":status", "103", "link", "x"))
	},
	func(f *http2.Framer, id uint32, b *blocks) error {
		return headersOf(f, id, true, true, b.of(":status", "204", "content-length", "0"))
	},
	func(f *http2.Framer, id uint32, _ *blocks) error { return f.WriteGoAway(id, http2.ErrCodeNo, nil) },
	func(f *http2.Framer, id uint32, _ *blocks) error { return f.WritePing(id&1 == 1, [8]byte{byte(id)}) },
	func(f *http2.Framer, id uint32, _ *blocks) error {
		return f.WritePriority(id, http2.PriorityParam{StreamDep: 5})
	},
	func(f *http2.Framer, id uint32, b *blocks) error {
		return headersOf(f, id, false, true, b.request("CONNECT", "cookie", "a", "cookie", "b", ":protocol", "websocket"))
	},
	func(f *http2.Framer, id uint32, _ *blocks) error {
		return f.WriteSettings(http2.Setting{ID: http2.SettingMaxConcurrentStreams, Val: id}, http2.Setting{ID: http2.SettingEnableConnectProtocol, Val: id & 1})
	},
	func(f *http2.Framer, id uint32, _ *blocks) error {
		return headersOf(f, id, true, true, bytes.Repeat([]byte{0x80 | 62}, 1000))
	},
	func(f *http2.Framer, _ uint32, _ *blocks) error { return f.WriteSettingsAck() },
	func(f *http2.Framer, id uint32, b *blocks) error {
		return headersOf(f, id, false, true, b.of(":status", "200", "content-length", "5"))
	},
	func(f *http2.Framer, id uint32, _ *blocks) error {
		return f.WriteRawFrame(http2.FrameType(id), http2.Flags(id), id, []byte{0, 0, 0, byte(id), 1})
	},
}

// FuzzHeaderBlock holds a request that came over HTTP/2 to be read as the same one by two backends of HTTP/1.1:
// our own parser and net/http's.
func FuzzHeaderBlock(f *testing.F) {
	b := newBlocks()
	for _, list := range [][]string{
		nil, {"content-length", "5", "te", "trailers"}, {"cookie", "a=b", "x", "y", "cookie", "c=d"}, {"host", "a"}, {"connection", "close"}, {"x_y", "z"}, {"x.y", "z"},
	} {
		f.Add(bytes.Clone(b.request("POST", list...)), true)
		f.Add(bytes.Clone(newBlocks().request("GET", list...)), false)
	}
	f.Fuzz(func(t *testing.T, block []byte, ended bool) {
		var h decoder
		h.init(32<<10, 100)
		if h.decode(head.Request, block, nil) != nil {
			return
		}
		var r message.Request
		if v, _ := h.Request(&r, ended, nil); v != head.Sound || r.Method == "CONNECT" {
			return
		}
		passOn(t, &r)
	})
}

func passOn(t *testing.T, r *message.Request) {
	t.Helper()
	raw := http1.AppendRequest(nil, r)
	var again message.Request
	if end, err := http1.HeadEnd(raw, 0); err != nil || end != len(raw) {
		t.Fatalf("%q ends at %d, %v", raw, end, err)
	}
	if err := http1.ParseRequest(raw, &again, http1.Limits{Fields: 110}); err != nil && !expectation(err) {
		t.Fatalf("%q: %v", raw, err)
	} else if err == nil && (again.Method != r.Method || again.Target != r.Target || again.Authority != r.Authority ||
		again.ContentLength != r.ContentLength || again.Trailers != r.Trailers || again.Close || again.Upgrade != "") {
		t.Fatalf("%+v passed on is %+v", r, &again)
	}
	got, err := http.ReadRequest(bufio.NewReaderSize(bytes.NewReader(raw), len(raw)+16))
	if err != nil {
		// It reads a target as a URL, and refuses some that are left to the normalisation of paths.
		if strings.Contains(err.Error(), "parse ") || strings.Contains(err.Error(), "invalid") && strings.Contains(err.Error(), "URI") {
			return
		}
		t.Fatalf("net/http refuses %q: %v", raw, err)
	}
	if got.Method != r.Method || got.RequestURI != r.Target || got.Host != r.Authority || got.ContentLength != r.ContentLength {
		t.Fatalf("%+v passed on is, to net/http, %+v", r, got)
	}
	kept := map[string][]string{}
	for _, f := range again.Fields {
		if !f.Hop && f.ID != message.ContentLength {
			kept[http.CanonicalHeaderKey(f.Name)] = append(kept[http.CanonicalHeaderKey(f.Name)], f.Value)
		}
	}
	for name, values := range kept {
		if name != "Cache-Control" && !slices.Equal(got.Header[name], values) {
			t.Fatalf("net/http has %s: %q, we %q", name, got.Header[name], values)
		}
	}
}

// expectation says that a request is refused because of an expectation, which the proxy takes out.
func expectation(err error) bool {
	fault, ok := errors.AsType[*http1.Fault](err)
	return ok && fault.Status == 417
}
