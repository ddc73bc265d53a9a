package proxy_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/dataplane/proxy"
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

// TestOnlyPodVanishes keeps that the heir of a pod which is gone gets what the pod was meant to get, as
// soon as the heir is known: clusters may tell of it seconds later.
func TestOnlyPodVanishes(t *testing.T) {
	for _, key := range []string{"a", "h2c"} {
		t.Run(key, func(t *testing.T) {
			t.Parallel()
			s := plainSnapshot([]config.Rule{prefixRule("n/r", "/", key)}, map[string][]config.Endpoint{key: {deaf(t)}})
			b := start(t, s, func(o *proxy.Options) { o.GapTimeout = 5 * time.Second })
			told := make(chan time.Time, 1)
			heir := startPod(t).Endpoint
			late := time.AfterFunc(5*time.Second, func() {
				told <- time.Now()
				s.Endpoints = map[string][]config.Endpoint{key: {heir}}
				_ = b.Apply(s)
			})
			defer late.Stop()
			var group sync.WaitGroup
			for i := range 40 { // over four seconds: some wait for a connect, some for the gap's end
				group.Go(func() {
					time.Sleep(time.Duration(i) * 100 * time.Millisecond)
					path := fmt.Sprintf("/%d", i)
					if got := b.do(http.MethodPost, "http://a"+path, strings.NewReader("body")); got.StatusCode != 200 {
						t.Errorf("request %d got %d, %v", i, got.StatusCode, b.last(path))
					}
				})
			}
			group.Wait()
			if waited := time.Since(<-told); waited > 2*time.Second {
				t.Errorf("the last request was answered %s after the heir was known", waited)
			}
		})
	}
}

// TestGapsThatChange keeps that news of a gap are not taken for its end.
func TestGapsThatChange(t *testing.T) {
	alive := backend(t, echo("a"))
	b := start(t, poolSnapshot(asItIs, alive))
	b.get("http://a/before")
	b.apply(poolSnapshot(asItIs))
	again := time.AfterFunc(50*time.Millisecond, func() { _ = b.Apply(poolSnapshot(asItIs)) })
	defer again.Stop()
	ended := time.AfterFunc(300*time.Millisecond, func() { _ = b.Apply(poolSnapshot(asItIs, alive)) })
	defer ended.Stop()
	if got := b.get("http://a/in"); got.StatusCode != 200 {
		t.Fatalf("got %d, %v", got.StatusCode, b.last("/in"))
	}
}

// TestClientsThatLeaveInAGap keeps that nobody waits for them.
func TestClientsThatLeaveInAGap(t *testing.T) {
	b := start(t, poolSnapshot(asItIs, backend(t, echo("a"))))
	b.get("http://a/before")
	b.apply(poolSnapshot(asItIs))
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://a/left", nil)
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if response, err := b.client.Do(request); err == nil {
		response.Body.Close()
		t.Fatalf("got %d", response.StatusCode)
	}
	if record := b.last("/left"); record["reason"] != "client_gone" || time.Since(began) > 2*time.Second {
		t.Fatalf("after %s: %v", time.Since(began), record)
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

// TestConnectionsWaitInGaps is TestGapsAreWaitedFor for a connection that is passed on.
func TestConnectionsWaitInGaps(t *testing.T) {
	alive := saying(t, "hello")
	for name, gap := range map[string][]config.Endpoint{"none": nil, "dead": {dead(t), dead(t)}} {
		t.Run(name, func(t *testing.T) {
			b := start(t, tcpSnapshot(alive))
			if got, err := b.said(); got != "hello" {
				t.Fatal(got, err)
			}
			b.apply(tcpSnapshot(gap...))
			ended := time.AfterFunc(300*time.Millisecond, func() { _ = b.Apply(tcpSnapshot(alive)) })
			defer ended.Stop()
			if got, err := b.said(); got != "hello" {
				t.Fatal(got, err)
			}
		})
	}
}

// TestAuthWaitsInGaps is the same for who is asked whether a request may pass.
func TestAuthWaitsInGaps(t *testing.T) {
	alive := allows(t, false)
	for name, gap := range map[string][]config.Endpoint{"none": nil, "dead": {dead(t), dead(t)}} {
		t.Run(name, func(t *testing.T) {
			b := start(t, authSnapshot(t, config.Auth{}, alive))
			if got := b.get("http://a/before"); got.StatusCode != 200 {
				t.Fatalf("got %d", got.StatusCode)
			}
			s := authSnapshot(t, config.Auth{}, gap...)
			b.apply(s)
			ended := time.AfterFunc(300*time.Millisecond, func() { _ = b.Apply(authSnapshot(t, config.Auth{}, alive)) })
			defer ended.Stop()
			if got := b.get("http://a/in"); got.StatusCode != 200 {
				t.Fatalf("got %d, %v", got.StatusCode, b.last("/in"))
			}
		})
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
