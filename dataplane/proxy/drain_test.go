package proxy_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/dataplane/proxy"
)

const everyStream = 1<<31 - 1

func (w *wire) goAway() uint32 {
	w.t.Helper()
	frame := w.frame(func(f http2.Frame) bool { return f.Header().Type == http2.FrameGoAway })
	if code := frame.(*http2.GoAwayFrame).ErrCode; code != http2.ErrCodeNo {
		w.t.Fatalf("GOAWAY with %v", code)
	}
	return frame.(*http2.GoAwayFrame).LastStreamID
}

// holding is a proxy whose backend answers when it is let.
func holding(t *testing.T) (b *bed, entered chan struct{}, release chan struct{}) {
	t.Helper()
	entered, release = make(chan struct{}, 16), make(chan struct{})
	b = start(t, plainSnapshot([]config.Rule{prefixRule("n/r", "/", "a")}, map[string][]config.Endpoint{
		"a": {backend(t, func(http.ResponseWriter, *http.Request) { entered <- struct{}{}; <-release })},
	}), func(o *proxy.Options) { o.DrainTimeout = 20 * time.Second })
	return b, entered, release
}

// TestGoAwayTwice keeps that a client is told to stop before it is told which streams are served, so that
// nothing that it sent meanwhile is lost.
func TestGoAwayTwice(t *testing.T) {
	b, entered, release := holding(t)
	w := b.wire()
	w.request(1, "/", true)
	<-entered
	ended := b.runAndStop()
	if got := w.goAway(); got != everyStream {
		t.Fatalf("the first GOAWAY says %d: it must not name a stream yet", got)
	}
	ping := w.frame(func(f http2.Frame) bool { return f.Header().Type == http2.FramePing }).(*http2.PingFrame)
	w.request(3, "/", true) // sent before the client heard of it
	w.request(5, "/", false)
	w.check(w.framer.WritePing(true, ping.Data))
	if got := w.goAway(); got != 5 {
		t.Fatalf("the second GOAWAY says %d, want all that was sent before it", got)
	}
	w.request(7, "/", true) // a client that does not listen
	w.data(5, "the body of a stream that is served", true)
	for range 2 {
		<-entered
	}
	close(release)
	w.answered(1, 3, 5)
	for {
		frame, err := w.framer.ReadFrame()
		if err != nil {
			if !errors.Is(err, io.EOF) {
				t.Fatal(err)
			}
			break
		}
		if frame.Header().StreamID == 7 {
			t.Fatalf("a stream that GOAWAY has ruled out got %v", frame)
		}
	}
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if len(entered) > 0 {
		t.Fatal("a backend saw what the client was told to send elsewhere")
	}
}

// TestGoAwayDoesNotWaitForever keeps that a client which does not answer holds the second GOAWAY up for a bounded time.
func TestGoAwayDoesNotWaitForever(t *testing.T) {
	b, entered, release := holding(t)
	w := b.wire()
	w.request(1, "/", true)
	<-entered
	ended := b.runAndStop()
	if got := w.goAway(); got != everyStream {
		t.Fatalf("got %d", got)
	}
	w.request(3, "/", true)
	<-entered
	if got := w.goAway(); got != 3 {
		t.Fatalf("got %d", got)
	}
	close(release)
	w.answered(1, 3)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
}

// TestStreamsOverHTTP2 keeps that the number of streams at once is bounded, and that the one too many can be sent again.
func TestStreamsOverHTTP2(t *testing.T) {
	release := make(chan struct{})
	b := start(t, plainSnapshot([]config.Rule{prefixRule("n/r", "/", "a")}, map[string][]config.Endpoint{
		"a": {backend(t, func(http.ResponseWriter, *http.Request) { <-release })},
	}), func(o *proxy.Options) { o.MaxStreams = 2 })
	w := b.wire()
	for _, stream := range []uint32{1, 3, 5} {
		w.request(stream, "/", true)
	}
	reset := w.frame(func(f http2.Frame) bool { return f.Header().Type == http2.FrameRSTStream }).(*http2.RSTStreamFrame)
	if reset.StreamID != 5 || reset.ErrCode != http2.ErrCodeRefusedStream {
		t.Fatalf("got %v", reset)
	}
	close(release)
	w.head(1)
}

// TestTunnelsEndWithTheDrain keeps that a WebSocket goes on as long as there is time, over either protocol, and no longer.
func TestTunnelsEndWithTheDrain(t *testing.T) {
	for _, protocol := range []string{"HTTP/1.1", "HTTP/2"} {
		t.Run(protocol, func(t *testing.T) {
			b := start(t, plainSnapshot([]config.Rule{prefixRule("n/ws", "/", "a")}, map[string][]config.Endpoint{"a": {acceptingBackend(t)}}),
				func(o *proxy.Options) { o.DrainTimeout = time.Second })
			echoed := b.openTunnel(protocol == "HTTP/2")
			if err := echoed("before"); err != nil {
				t.Fatal(err)
			}
			ended := b.runAndStop()
			for b.Ready() {
				time.Sleep(time.Millisecond)
			}
			if err := echoed("during"); err != nil {
				t.Fatal(err)
			}
			<-ended
			if err := echoed("after"); err == nil {
				t.Fatal("still open")
			}
		})
	}
}

// TestTunnelsOfAPortThatIsGone keeps that a WebSocket does not outlive its listener by more than the time of a
// drain, and that a request does.
func TestTunnelsOfAPortThatIsGone(t *testing.T) {
	entered, release := make(chan struct{}, 1), make(chan struct{})
	let := sync.OnceFunc(func() { close(release) })
	s := plainSnapshot([]config.Rule{prefixRule("n/ws", "/socket", "a"), prefixRule("n/slow", "/slow", "b")}, map[string][]config.Endpoint{
		"a": {acceptingBackend(t)},
		"b": {backend(t, func(http.ResponseWriter, *http.Request) { entered <- struct{}{}; <-release })},
	})
	b := start(t, s, func(o *proxy.Options) { o.DrainTimeout = time.Second })
	t.Cleanup(let)
	tunnels := []func(string) error{b.openTunnel(false), b.openTunnel(true)}
	status := make(chan int, 1)
	go func() { status <- b.get("http://a/slow").StatusCode }()
	<-entered
	s.Root.Listeners = []config.Listener{{Name: "web", Port: 81, Protocol: config.HTTP}}
	b.apply(s)
	for _, echoed := range tunnels {
		if err := echoed("during"); err != nil {
			t.Fatal(err)
		}
	}
	for _, echoed := range tunnels {
		for deadline := time.Now().Add(10 * time.Second); echoed("after") == nil; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("still open")
			}
		}
	}
	let()
	if got := <-status; got != 200 {
		t.Fatalf("a request in flight got %d", got)
	}
}

// TestShutdownDoesNotWaitForPortsThatAreGone keeps that what is left of a port that was closed before is cut too.
func TestShutdownDoesNotWaitForPortsThatAreGone(t *testing.T) {
	entered := make(chan struct{}, 1)
	s := plainSnapshot([]config.Rule{prefixRule("n/slow", "/", "a")}, map[string][]config.Endpoint{
		"a": {backend(t, func(_ http.ResponseWriter, r *http.Request) { entered <- struct{}{}; <-r.Context().Done() })},
	})
	b := start(t, s)
	conn, err := net.Dial("tcp", b.addr(80))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	<-entered
	s.Root.Listeners = []config.Listener{{Name: "web", Port: 81, Protocol: config.HTTP}}
	b.apply(s)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = b.Shutdown(ctx) // says that it was not in time
	}()
	select {
	case <-done:
	case <-time.After(15 * time.Second):
		t.Fatal("it waits for a request on a port that is gone")
	}
}
