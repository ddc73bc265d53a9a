package proxy_test

import (
	"errors"
	"io"
	"net/http"
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
	waiting := map[uint32]bool{1: true, 3: true, 5: true}
	for len(waiting) > 0 {
		head := w.frame(func(f http2.Frame) bool { return f.Header().Type == http2.FrameHeaders }).(*http2.MetaHeadersFrame)
		if !waiting[head.StreamID] || head.PseudoValue("status") != "200" {
			t.Fatalf("stream %d: got %s", head.StreamID, head.PseudoValue("status"))
		}
		delete(waiting, head.StreamID)
	}
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
	if first, second := w.head(1), w.head(3); first != "200" || second != "200" {
		t.Fatalf("got %s and %s", first, second)
	}
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
			if err := <-ended; err == nil {
				t.Fatal("the conversation had to be cut")
			}
			if err := echoed("after"); err == nil {
				t.Fatal("still open")
			}
		})
	}
}
