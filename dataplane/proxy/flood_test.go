package proxy_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	frames "golang.org/x/net/http2"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/dataplane/proxy"
)

// plainBed is a proxy with one rule for everything and a backend that answers with so many bytes.
func plainBed(t *testing.T, size int, change func(*proxy.Options)) *bed {
	t.Helper()
	return start(t, plainSnapshot([]config.Rule{prefixRule("n/r", "/", "a")}, map[string][]config.Endpoint{"a": {steadyBackend(t, size)}}),
		func(o *proxy.Options) { o.AccessLog = nil }, change)
}

// TestSilentConnections keeps that connections that say nothing, or little, cost little, and are closed when
// their time is over. FLEETGATE_FLOOD is how many there are; descriptors permitting.
func TestSilentConnections(t *testing.T) {
	n := 5000 / fewer
	if asked, err := strconv.Atoi(os.Getenv("FLEETGATE_FLOOD")); err == nil {
		n = asked
	}
	if most := descriptors(t) - 500; n > most {
		t.Logf("%d connections instead of %d: there are no more descriptors", most, n)
		n = most
	}
	cases := []struct {
		name, reason, says string
		each               int64 // bytes that a connection may cost
		goroutines         int   // that it may have at the most
	}{
		{"nothing", "", "", 16 << 10, 1},
		{"half a head", "its buffer is all that it has", "GET / HTTP/1.1\r\nHost: ", 32 << 10, 1},
		{"idle after a request", "the backend, in this process too, has one for each that is under way", "GET /x HTTP/1.1\r\nHost: a\r\n\r\n", 24 << 10, 2},
		{"preface of HTTP/2", "", frames.ClientPreface + "\x00\x00\x00\x04\x00\x00\x00\x00\x00", 40 << 10, 1},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			n := n
			if c.says != "" {
				n /= 5 // they say the same about the cost of one
			}
			b := plainBed(t, 10, func(o *proxy.Options) { o.HeaderTimeout, o.IdleTimeout = time.Minute, time.Minute })
			m := b.measure()
			disperse := b.crowd(n, c.says)
			eventually(t, "all connections are there", func() bool { return b.Connections() > int64(n) })
			time.Sleep(100 * time.Millisecond) // what a memory peak needs to be seen
			disperse()
			m.end(int64(n*len(c.says)), int64(n)*c.each, int64(c.goroutines*n)+300)
			eventually(t, "all connections are gone", func() bool { return b.Connections() <= 1 })
		})
	}
}

// TestSlowHeads keeps that heads which come byte by byte are given up in time, by the clock and not by the byte.
func TestSlowHeads(t *testing.T) {
	const clients = 500 / fewer
	b := plainBed(t, 10, func(o *proxy.Options) { o.HeaderTimeout, o.IdleTimeout = 2*time.Second, 2*time.Second })
	m := b.measure()
	var sent atomic.Int64
	ended := b.dribble(clients, "GET / HTTP/1.1\r\nHost: a\r\n"+strings.Repeat("X: y\r\n", 30), 100*time.Millisecond, &sent)
	m.end(sent.Load(), clients*(64<<10), 3*clients+50)
	if ended["HTTP/1.1 408"] != clients {
		t.Errorf("ended so: %v", ended)
	}
}

// TestSlowBodies keeps that bodies which stop coming are given up, and hold no more than a buffer until then.
func TestSlowBodies(t *testing.T) {
	const clients = 500 / fewer
	for _, head := range []string{
		"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nfffff\r\n",
	} {
		b := start(t, plainSnapshot([]config.Rule{prefixRule("n/r", "/", "a"), prefixRule("n/m", "/meanwhile", "b")}, map[string][]config.Endpoint{
			"a": {conversing(t, func(_ net.Conn, in *bufio.Reader, _ *recorder) { _, _ = io.Copy(io.Discard, in) }).Endpoint},
			"b": {steadyBackend(t, 10)},
		}), func(o *proxy.Options) { o.AccessLog, o.BodyTimeout = nil, time.Second })
		m := b.measure()
		var sent atomic.Int64
		ended := b.dribble(clients, head+"some", 0, &sent)
		m.end(sent.Load(), clients*(192<<10), 8*clients)
		if ended["HTTP/1.1 400"] != clients {
			t.Errorf("ended so: %v", ended)
		}
	}
}

// dribble has clients send a text byte by byte with pauses, or at once without, and counts how they were
// answered when the connection had ended.
func (b *bed) dribble(clients int, text string, pause time.Duration, sent *atomic.Int64) map[string]int {
	b.t.Helper()
	ended := make(map[string]int)
	var mutex sync.Mutex
	var group sync.WaitGroup
	for range clients {
		group.Go(func() {
			end := b.dribbleOne(text, pause, sent)
			mutex.Lock()
			defer mutex.Unlock()
			ended[end]++
		})
	}
	group.Wait()
	return ended
}

func (b *bed) dribbleOne(text string, pause time.Duration, sent *atomic.Int64) string {
	conn, err := net.Dial("tcp", b.addr(80))
	if err != nil {
		return err.Error()
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(40 * time.Second))
	answered := make(chan string, 1)
	go func() {
		answer := make([]byte, 12)
		n, _ := io.ReadFull(conn, answer)
		answered <- string(answer[:n])
	}()
	out := counted{conn, sent}
	if pause == 0 {
		_, _ = io.WriteString(out, text)
		return <-answered
	}
	for i := range len(text) {
		_, _ = out.Write([]byte{text[i]})
		select {
		case answer := <-answered:
			return answer
		case <-time.After(pause):
		}
	}
	return <-answered
}

// TestResponsesThatNobodyReads keeps that clients which ask and do not read are given up in time, and until
// then hold no more of a response than buffers.
func TestResponsesThatNobodyReads(t *testing.T) {
	const clients = 200 / fewer
	for _, withWindow := range []bool{false, true} {
		name := "HTTP/1.1"
		if withWindow {
			name = "HTTP/2 without a window"
		}
		t.Run(name, func(t *testing.T) {
			b := start(t, plainSnapshot([]config.Rule{prefixRule("n/r", "/", "a"), prefixRule("n/m", "/meanwhile", "b")},
				map[string][]config.Endpoint{"a": {endlessBackend(t)}, "b": {steadyBackend(t, 10)}}),
				func(o *proxy.Options) { o.AccessLog, o.WriteTimeout = nil, 2*time.Second })
			m := b.measure()
			var sent atomic.Int64
			streams := int64(clients)
			if withWindow {
				streams = holdStreams(b, &sent)
			} else {
				holdConnections(b, clients, &sent)
			}
			eventually(t, "the requests are under way", func() bool { return b.Requests() >= streams/2 })
			eventually(t, "they have been given up", func() bool { return b.Requests() < 3 })
			m.end(sent.Load(), streams*(160<<10), streams*8+100)
		})
	}
}

// holdConnections asks on many connections and reads nothing.
func holdConnections(b *bed, clients int, sent *atomic.Int64) {
	b.t.Helper()
	for range clients {
		conn, err := net.Dial("tcp", b.addr(80))
		if err != nil {
			b.t.Fatal(err)
		}
		b.t.Cleanup(func() { conn.Close() })
		_ = conn.(*net.TCPConn).SetReadBuffer(4 << 10) // so that not all is in the system's buffers
		if _, err := io.WriteString(counted{conn, sent}, "GET /x HTTP/1.1\r\nHost: a\r\n\r\n"); err != nil {
			b.t.Fatal(err)
		}
	}
}

// holdStreams asks on as many streams as there may be, on a few connections that leave no window for any
// answer, and tells how many there are.
func holdStreams(b *bed, sent *atomic.Int64) (streams int64) {
	b.t.Helper()
	const conns, each = max(4/fewer, 1), 100
	for range conns {
		p := b.peer(frames.Setting{ID: frames.SettingInitialWindowSize, Val: 0})
		p.Framer = frames.NewFramer(counted{p.Conn, sent}, nil)
		for i := range each {
			p.must(p.ask(streamOf(i), true, get("/x")...))
		}
	}
	return conns * each
}

// endlessBackend answers with more than any buffer takes.
func endlessBackend(t *testing.T) config.Endpoint {
	t.Helper()
	piece := make([]byte, 64<<10)
	return conversing(t, func(conn net.Conn, in *bufio.Reader, _ *recorder) {
		for line := []byte(nil); string(line) != "\r\n"; {
			var err error
			if line, err = in.ReadSlice('\n'); err != nil {
				return
			}
		}
		if _, err := io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 1099511627776\r\n\r\n"); err != nil {
			return
		}
		for {
			if _, err := conn.Write(piece); err != nil {
				return
			}
		}
	}).Endpoint
}

// TestOverload keeps that new work is shed first, with a reason, and that memory stays within what the
// requests under way may have, when thousands of clients post to a backend that does not read.
func TestOverload(t *testing.T) {
	const clients, taken = 2000 / fewer, 500 / fewer
	if descriptors(t) < 2*clients+4*taken {
		t.Skip("too few descriptors")
	}
	stuck := conversing(t, func(_ net.Conn, _ *bufio.Reader, _ *recorder) { <-t.Context().Done() })
	b := start(t, plainSnapshot([]config.Rule{prefixRule("n/r", "/", "a"), prefixRule("n/m", "/meanwhile", "b")},
		map[string][]config.Endpoint{"a": {stuck.Endpoint}, "b": {steadyBackend(t, 10)}}),
		func(o *proxy.Options) { o.MaxRequests, o.BodyTimeout = taken, 10*time.Second })
	before := used()
	var sent, shed atomic.Int64
	var group sync.WaitGroup
	release := make(chan struct{})
	for range clients {
		group.Go(func() {
			if strings.HasPrefix(b.post(1<<20, release, &sent), "HTTP/1.1 503") {
				shed.Add(1)
			}
		})
	}
	eventually(t, "what is too much is shed", func() bool { return shed.Load() == clients-taken })
	time.Sleep(300 * time.Millisecond) // the others send on
	under := used()
	if record := b.last("/x"); record["reason"] != "overload" {
		t.Errorf("the log says %v", record)
	}
	if got := b.raw("GET /meanwhile HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"); !strings.HasPrefix(got, "HTTP/1.1 503") || !strings.Contains(got, "Retry-After: 1\r\n") {
		t.Errorf("new work: got %q", got)
	}
	close(release)
	group.Wait()
	eventually(t, "the requests have ended", func() bool { return b.Requests() == 0 })
	if got := b.get("http://a/meanwhile"); got.StatusCode != 200 {
		t.Errorf("afterwards: got %d", got.StatusCode)
	}
	memory := under.bytes - before.bytes
	t.Logf("%d of %d were shed; sent %d MB: memory %+d KB, goroutines %+d", shed.Load(), clients, sent.Load()>>20, memory>>10, under.goroutines-before.goroutines)
	if limit := int64(clients*(48<<10)+taken*(256<<10)) + slack; memory > limit {
		t.Errorf("memory grew by %d KB, the limit is %d", memory>>10, limit>>10)
	}
}

// post sends a body until it is answered or released, and gives the beginning of the answer.
func (b *bed) post(size int, release <-chan struct{}, sent *atomic.Int64) string {
	conn, err := net.Dial("tcp", b.addr(80))
	if err != nil {
		return err.Error()
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(60 * time.Second))
	answered := make(chan string, 1)
	go func() {
		answer := make([]byte, 12)
		n, _ := io.ReadFull(conn, answer)
		answered <- string(answer[:n])
	}()
	out := counted{conn, sent}
	_, _ = fmt.Fprintf(out, "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", size)
	piece := make([]byte, 4<<10)
	for range size / len(piece) {
		_ = conn.SetWriteDeadline(time.Now().Add(20 * time.Millisecond)) // slow, whether it is taken or not
		if _, err := out.Write(piece); err != nil && !isTimeout(err) {
			break
		}
		select {
		case answer := <-answered:
			return answer
		case <-release:
			return ""
		case <-time.After(10 * time.Millisecond):
		}
	}
	select {
	case answer := <-answered:
		return answer
	case <-release:
		conn.Close()
		<-answered
		return ""
	}
}

func isTimeout(err error) bool {
	timeout, ok := errors.AsType[net.Error](err)
	return ok && timeout.Timeout()
}

// TestTooManyConnections keeps that connections above their bound are told so and closed, and that those
// below it are served.
func TestTooManyConnections(t *testing.T) {
	const most = 50
	b := plainBed(t, 10, func(o *proxy.Options) { o.MaxConnections = most })
	m := b.measure()
	disperse := b.crowd(most-1, "")
	eventually(t, "all connections are there", func() bool { return b.Connections() == most })
	for range 200 {
		conn, err := net.Dial("tcp", b.addr(80))
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
		if got, _ := io.ReadAll(conn); !strings.HasPrefix(string(got), "HTTP/1.1 503") || !strings.HasSuffix(string(got), "too many connections\n") {
			t.Fatalf("got %q", got)
		}
		conn.Close()
	}
	disperse()
	m.end(0, most*(16<<10), most+50)
}

// TestBodiesWithoutALengthAreBounded keeps that a bound of bodies cannot be passed by not saying a length.
func TestBodiesWithoutALengthAreBounded(t *testing.T) {
	stuck := conversing(t, func(_ net.Conn, in *bufio.Reader, _ *recorder) { _, _ = io.Copy(io.Discard, in) })
	b := start(t, plainSnapshot([]config.Rule{prefixRule("n/r", "/", "a")}, map[string][]config.Endpoint{"a": {stuck.Endpoint}}),
		func(o *proxy.Options) { o.MaxBodyBytes = 1000 })
	const head = "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
	chunk := "64\r\n" + strings.Repeat("x", 100) + "\r\n"
	for _, body := range []string{strings.Repeat(chunk, 11), "400\r\n" + strings.Repeat("x", 0x400) + "\r\n"} {
		if got := b.raw(head + body); !strings.HasPrefix(got, "HTTP/1.1 413") || !strings.Contains(got, "Connection: close\r\n") || b.last("/x")["reason"] != "body_too_large" {
			t.Errorf("got %q", got)
		}
	}
	p := b.peer()
	p.must(p.ask(1, false, append([]string{":method", "POST"}, get("/y")[2:]...)...))
	for range 11 {
		p.must(p.WriteData(1, false, make([]byte, 100)))
	}
	if got := p.outcome(1); got != "413" || b.last("/y")["reason"] != "body_too_large" {
		t.Errorf("over HTTP/2: got %s", got)
	}
}
