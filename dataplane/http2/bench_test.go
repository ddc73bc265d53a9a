package http2

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"golang.org/x/net/http2/hpack"

	"github.com/fleetgate/fleetgate/dataplane/message"
	"github.com/fleetgate/fleetgate/dataplane/socket"
)

// BenchmarkRequests is requests with responses of 1 KB on connections of 8 streams, from a client that
// does as little as it can. cpu-ns/op is the time of both on all cores.
func BenchmarkRequests(b *testing.B) {
	body := make([]byte, 1024)
	head := fields("content-type", "text/plain", "server", "test", "date", "Mon, 01 Jan 2024 00:00:00 GMT", "x-request-id", "0123456789")
	handle := func(st *Stream) {
		_ = st.Respond(&message.Response{Status: 200, Fields: head, ContentLength: 1024}, body, true)
	}
	for _, secure := range []bool{false, true} {
		for _, conns := range []int{1, 16} {
			name := "h2c"
			if secure {
				name = "h2"
			}
			b.Run(fmt.Sprintf("%s/conns=%d", name, conns), func(b *testing.B) {
				flood(b, secure, conns, 8, handle)
			})
		}
	}
}

// flood has a handler called b.N times by connections of so many streams, whose clients send frames
// that were made before.
func flood(b *testing.B, secure bool, conns, streams int, handle func(*Stream)) {
	config := certificate()
	if !secure {
		config = nil
	}
	l := listenSockets(b, config, handle)
	flooders := make([]*flooder, conns)
	for i := range flooders {
		flooders[i] = newFlooder(b, dialConn(b, l.Addr().String(), secure), streams)
	}
	b.ReportAllocs()
	b.ResetTimer()
	before := cpuTime()
	var wg sync.WaitGroup
	for i, f := range flooders {
		n := b.N / conns
		if i == 0 {
			n += b.N % conns
		}
		wg.Go(func() { f.run(n) })
	}
	wg.Wait()
	b.ReportMetric(float64(cpuTime()-before)/float64(b.N), "cpu-ns/op")
	b.StopTimer()
}

// flooder is a client that does as little as it can.
type flooder struct {
	b       *testing.B
	conn    net.Conn
	streams int
	block   []byte // a header block that is in the server's table
	next    uint32
	out, in []byte
	left    int // bytes of in that belong to a frame that is not whole
}

func newFlooder(b *testing.B, conn net.Conn, streams int) *flooder {
	f := &flooder{b: b, conn: conn, streams: streams, next: 1, in: make([]byte, 64<<10)}
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	encode := func() []byte {
		block.Reset()
		for _, pair := range [][2]string{
			{":method", "GET"},
			{":scheme", "https"},
			{":authority", "example.com"},
			{":path", "/some/path"},
			{"user-agent", "bench/1.0"},
			{"accept", "*/*"},
			{"accept-encoding", "gzip"},
		} {
			_ = encoder.WriteField(hpack.HeaderField{Name: pair[0], Value: pair[1]})
		}
		return bytes.Clone(block.Bytes())
	}
	first := encode()
	f.block = encode()
	f.out = append(f.out, preface...)
	f.out = appendFrameHeader(f.out, 0, kindSettings, 0, 0)
	f.out = appendWindowUpdate(f.out, 0, maxWindow-defaultWindow)
	f.request(first)
	f.answers(1)
	return f
}

func (f *flooder) request(block []byte) {
	f.out = appendFrameHeader(f.out, len(block), kindHeaders, flagEndHeaders|flagEndStream, f.next)
	f.out = append(f.out, block...)
	f.next += 2
}

// run sends n requests, so many at a time.
func (f *flooder) run(n int) {
	sent := min(n, f.streams)
	for range sent {
		f.request(f.block)
	}
	for done := 0; done < n; {
		k := f.answers(1)
		done += k
		for range min(k, n-sent) {
			f.request(f.block)
			sent++
		}
	}
}

// answers sends what is to be sent and reads until at least so many streams have ended; tells how many.
func (f *flooder) answers(want int) int {
	if _, err := f.conn.Write(f.out); err != nil {
		f.b.Error(err)
		return 1 << 30
	}
	f.out = f.out[:0]
	got, have := 0, f.left
	for got < want || have > 0 {
		for have >= frameHeaderLen {
			h := parseFrameHeader(f.in)
			if have < frameHeaderLen+h.length {
				break
			}
			if h.kind <= kindHeaders && h.has(flagEndStream) {
				got++
			}
			have = copy(f.in, f.in[frameHeaderLen+h.length:have])
		}
		if got >= want {
			break
		}
		k, err := f.conn.Read(f.in[have:])
		if err != nil {
			f.b.Error(err)
			return 1 << 30
		}
		have += k
	}
	f.left = have
	return got
}

// BenchmarkCalls is the same from a Client.
func BenchmarkCalls(b *testing.B) {
	body := make([]byte, 1024)
	handle := func(st *Stream) {
		_ = st.Respond(&message.Response{Status: 200, ContentLength: 1024}, body, true)
	}
	load(b, false, 1, 8, handle)
}

// load calls a handler b.N times on so many connections of so many streams.
func load(b *testing.B, secure bool, conns, streams int, handle func(*Stream)) {
	config := certificate()
	if !secure {
		config = nil
	}
	l := listenSockets(b, config, handle)
	var wg sync.WaitGroup
	var left atomic.Int64
	left.Store(int64(b.N))
	clients := make([]*Client, conns)
	for i := range clients {
		clients[i] = dialSocket(b, l.Addr().String(), secure)
	}
	b.ReportAllocs()
	b.ResetTimer()
	before := cpuTime()
	for _, c := range clients {
		for range streams {
			wg.Go(func() {
				for left.Add(-1) >= 0 {
					exchangeOnce(b, c)
				}
			})
		}
	}
	wg.Wait()
	b.ReportMetric(float64(cpuTime()-before)/float64(b.N), "cpu-ns/op")
	b.StopTimer()
}

var benchFields = fields("user-agent", "bench/1.0", "accept", "*/*", "accept-encoding", "gzip")

var responses = sync.Pool{New: func() any { return new(message.Response) }}

func exchangeOnce(b *testing.B, c *Client) {
	call, err := c.Open()
	if err != nil {
		b.Error(err)
		return
	}
	defer call.Release()
	r := message.Request{Method: "GET", Scheme: "http", Authority: "example.com", Target: "/some/path", Fields: benchFields}
	if err := call.Send(&r, nil, true); err != nil {
		b.Error(err)
		return
	}
	response := responses.Get().(*message.Response)
	defer responses.Put(response)
	if err := call.Receive(response); err != nil {
		b.Error(err)
		return
	}
	for {
		if _, err := call.Next(); err != nil {
			if err != io.EOF { //nolint:errorlint // it comes as it is
				b.Error(err)
			}
			return
		}
	}
}

// listenSockets is listen on the sockets that the proxy uses.
func listenSockets(b *testing.B, config *tls.Config, handle func(*Stream)) net.Listener {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			s := socket.New(conn)
			if config != nil {
				s = socket.New(tls.Server(s, config))
			}
			wg.Go(func() { _ = NewServer(s, ServerOptions{}, handle).Serve(nil) })
		}
	})
	b.Cleanup(func() {
		l.Close()
		wg.Wait()
	})
	return l
}

func dialSocket(b *testing.B, address string, secure bool) *Client {
	c := NewClient(dialConn(b, address, secure), ClientOptions{})
	b.Cleanup(func() {
		c.Close()
		<-c.Done()
	})
	return c
}

func dialConn(b *testing.B, address string, secure bool) net.Conn {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		b.Fatal(err)
	}
	s := socket.New(conn)
	if secure {
		s = socket.New(tls.Client(s, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}}))
	}
	b.Cleanup(func() { s.Close() })
	return s
}

func cpuTime() int64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return u.Utime.Nano() + u.Stime.Nano()
}
