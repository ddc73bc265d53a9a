package proxy_test

import (
	"context"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/config"
)

// TestGapsAreWaitedFor keeps that a pool which is without endpoints for a moment loses nothing.
func TestGapsAreWaitedFor(t *testing.T) {
	alive := backend(t, echo("a"))
	cases := []struct {
		name, reason string
		gap          []config.Endpoint
	}{
		{"none", "the old ones are gone and the new ones not ready", nil},
		{"dead", "the old ones are gone, and that is not known yet", []config.Endpoint{dead(t), dead(t)}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			b := start(t, poolSnapshot(asItIs, alive))
			b.get("http://a/before")
			b.apply(poolSnapshot(asItIs, c.gap...))
			ended := time.AfterFunc(20*time.Millisecond, func() { _ = b.Apply(poolSnapshot(asItIs, alive)) })
			defer ended.Stop()
			if got := b.do(http.MethodPost, "http://a/in", strings.NewReader("body")); got.StatusCode != 200 || got.seen(t).Body != "body" {
				t.Fatalf("%s: got %d, %v", c.reason, got.StatusCode, b.last("/in"))
			}
		})
	}
}

func TestGapsEnd(t *testing.T) {
	b := start(t, poolSnapshot(asItIs, backend(t, echo("a"))))
	b.apply(poolSnapshot(asItIs))
	if got := b.get("http://a/waits"); got.StatusCode != 503 || b.last("/waits")["reason"] != "no_endpoint" {
		t.Fatalf("got %d", got.StatusCode)
	}
	began := time.Now()
	for range 20 {
		b.get("http://a/late")
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Fatalf("after a second of it nobody waits any more; 20 requests took %v", took)
	}
}

// TestRestartInPlace closes the port of the only endpoint for a moment.
func TestRestartInPlace(t *testing.T) {
	var listener net.Listener
	listen := func(address string) *http.Server {
		var err error
		if listener, err = net.Listen("tcp", address); err != nil {
			t.Fatal(err)
		}
		server := &http.Server{Handler: echo("a")}
		go func() { _ = server.Serve(listener) }()
		return server
	}
	first := listen("127.0.0.1:0")
	address := listener.Addr().String()
	b := start(t, poolSnapshot(asItIs, endpointOf(t, address)))
	b.get("http://a/before")
	if err := first.Shutdown(context.Background()); err != nil {
		t.Fatal(err)
	}
	answer := make(chan int, 1)
	go func() { answer <- b.do(http.MethodPost, "http://a/in", nil).StatusCode }()
	time.Sleep(50 * time.Millisecond)
	second := listen(address)
	defer second.Close()
	if got := <-answer; got != 200 {
		t.Fatalf("got %d, %v", got, b.last("/in"))
	}
}
