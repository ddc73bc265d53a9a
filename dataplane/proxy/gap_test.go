package proxy_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/dataplane/proxy"
)

// longGaps leaves time to a machine that is busy.
func longGaps(o *proxy.Options) { o.GapTimeout = 8 * time.Second }

// TestGapsAreWaitedFor keeps that a pool which is without endpoints for a moment loses nothing.
func TestGapsAreWaitedFor(t *testing.T) {
	alive := backend(t, echo("a"))
	cases := []struct {
		name, reason string
		gap          []config.Endpoint
	}{
		{"none", "the old ones are gone and the new ones not ready", nil},
		{"dead", "the old ones are gone, and that is not known yet", []config.Endpoint{dead(t), dead(t)}},
		{"many", "there are more of them than are tried", many(t)},
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
			b := start(t, s, longGaps)
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
			if waited := time.Since(<-told); waited > 3*time.Second {
				t.Errorf("the last request was answered %s after the heir was known", waited)
			}
		})
	}
}

// TestGapsThatChange keeps that news of a gap are not taken for its end, and that each gap is waited for.
func TestGapsThatChange(t *testing.T) {
	alive := backend(t, echo("a"))
	gone, refuses := []config.Endpoint{}, []config.Endpoint{dead(t)}
	cases := []struct {
		name, reason string
		at           map[int][]config.Endpoint // by the milliseconds after the request; -1 for before it
	}{
		{"empty again", "", map[int][]config.Endpoint{-1: gone, 50: gone, 300: {alive}}},
		{"refuses, gone, heir", "the usual order of a pod's end", map[int][]config.Endpoint{-1: refuses, 50: gone, 400: {alive}}},
		{"gone, refuses, heir", "it is known before it listens", map[int][]config.Endpoint{-1: gone, 50: refuses, 400: {alive}}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			b := start(t, poolSnapshot(asItIs, alive), longGaps)
			b.get("http://a/before")
			for at, endpoints := range c.at {
				if at < 0 {
					b.apply(poolSnapshot(asItIs, endpoints...))
					continue
				}
				later := time.AfterFunc(time.Duration(at)*time.Millisecond, func() { _ = b.Apply(poolSnapshot(asItIs, endpoints...)) })
				defer later.Stop()
			}
			if got := b.do(http.MethodPost, "http://a/in", strings.NewReader("body")); got.StatusCode != 200 {
				t.Fatalf("%s: got %d, %v", c.reason, got.StatusCode, b.last("/in"))
			}
		})
	}
	t.Run("after one that nobody ended", func(t *testing.T) {
		b := start(t, poolSnapshot(asItIs, refuses...)) // the first request waits for a second
		b.get("http://a/before")
		b.apply(poolSnapshot(asItIs, alive))
		b.apply(poolSnapshot(asItIs))
		later := time.AfterFunc(100*time.Millisecond, func() { _ = b.Apply(poolSnapshot(asItIs, alive)) })
		defer later.Stop()
		if got := b.get("http://a/in"); got.StatusCode != 200 {
			t.Fatalf("got %d, %v", got.StatusCode, b.last("/in"))
		}
	})
}

// TestEachGapHasItsTime keeps that a gap is waited for by those who waited in one before it.
func TestEachGapHasItsTime(t *testing.T) {
	twoSeconds := func(o *proxy.Options) { o.GapTimeout = 2 * time.Second }
	t.Run("who still waits", func(t *testing.T) {
		alive := backend(t, echo("a"))
		b := start(t, poolSnapshot(asItIs, dead(t)), twoSeconds)
		go b.get("http://a/first") // it begins the gap
		time.Sleep(1500 * time.Millisecond)
		for after, endpoints := range map[time.Duration][]config.Endpoint{50 * time.Millisecond: nil, 900 * time.Millisecond: {alive}} {
			later := time.AfterFunc(after, func() { _ = b.Apply(poolSnapshot(asItIs, endpoints...)) })
			defer later.Stop()
		}
		if got := b.get("http://a/late"); got.StatusCode != 200 {
			t.Fatalf("got %d, %v", got.StatusCode, b.last("/late"))
		}
	})
	t.Run("who was served and lost it", func(t *testing.T) {
		alive := backend(t, echo("a"))
		dies := listenPlain(t)
		served := make(chan struct{})
		go func() {
			defer close(served)
			if conn, err := dies.Accept(); err == nil {
				_ = dies.Close()
				time.Sleep(2400 * time.Millisecond)
				_ = conn.Close()
			}
		}()
		b := start(t, poolSnapshot(asItIs, alive), twoSeconds)
		b.get("http://a/before")
		b.apply(poolSnapshot(asItIs))
		for after, endpoint := range map[time.Duration]config.Endpoint{100 * time.Millisecond: endpointOf(t, dies.Addr().String()), 3300 * time.Millisecond: alive} {
			later := time.AfterFunc(after, func() { _ = b.Apply(poolSnapshot(asItIs, endpoint)) })
			defer later.Stop()
		}
		if got := b.get("http://a/in"); got.StatusCode != 200 {
			t.Fatalf("got %d, %v", got.StatusCode, b.last("/in"))
		}
		<-served
	})
}

// TestNobodyWaitsForever keeps that a request waits no longer than the longest gap, though others end it all the time.
func TestNobodyWaitsForever(t *testing.T) {
	slow := backend(t, func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(50 * time.Millisecond)
		w.WriteHeader(http.StatusNoContent)
	})
	b := start(t, poolSnapshot(func(p *config.Pool) { p.MaxRequests = 1 }, slow, dead(t)))
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
	defer cancel()
	var group sync.WaitGroup
	var longest atomic.Int64
	for range 30 {
		group.Go(func() {
			for ctx.Err() == nil {
				began := time.Now()
				b.get("http://a/x")
				for took := int64(time.Since(began)); ; {
					if was := longest.Load(); took <= was || longest.CompareAndSwap(was, took) {
						break
					}
				}
			}
		})
	}
	group.Wait()
	if took := time.Duration(longest.Load()); took > 3*time.Second {
		t.Fatalf("a request took %s, and the longest gap is a second", took)
	}
}

// TestNewcomersOvertakeNobody keeps that who has just been asked has a while to answer, whoever joins the pool meanwhile.
func TestNewcomersOvertakeNobody(t *testing.T) {
	ca := newAuthority(t)
	own := ca.issue("a.example.com")
	var asked atomic.Int32
	far := secureBackend(t, own, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) }, func(c *tls.Config) {
		c.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
			asked.Add(1)
			time.Sleep(150 * time.Millisecond)
			return nil, nil
		}
	})
	near := secureBackend(t, own, secureEcho)
	s := tlsSnapshot([]config.Pool{{TLS: &config.BackendTLS{Hostname: "a.example.com", CA: ca.pem()}}}, far)
	b := start(t, s)
	var group sync.WaitGroup
	for range 6 {
		group.Go(func() { b.do(http.MethodPost, "http://a/0", strings.NewReader("body")) })
	}
	for asked.Load() < 6 {
		time.Sleep(time.Millisecond)
	}
	s.Endpoints = map[string][]config.Endpoint{"n/s0:443": {far, near}}
	b.apply(s)
	group.Wait()
	for range 40 {
		if b.get("http://a/0").StatusCode == http.StatusAccepted {
			return
		}
	}
	t.Fatal("the first endpoint was ejected")
}

// TestClientsThatLeaveInAGap keeps that nobody waits for them, for a backend or for who is asked before.
func TestClientsThatLeaveInAGap(t *testing.T) {
	auth, alive := authSnapshot(t, config.Auth{}), backend(t, echo("a"))
	cases := []struct {
		name, method  string
		before, after proxy.Snapshot
	}{
		{"GET", http.MethodGet, poolSnapshot(asItIs, alive), poolSnapshot(asItIs)},
		{"POST", http.MethodPost, poolSnapshot(asItIs, alive), poolSnapshot(asItIs)},
		{"auth", http.MethodGet, authSnapshot(t, config.Auth{}, allows(t, false)), auth},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			b := start(t, c.before, longGaps)
			b.get("http://a/before")
			b.apply(c.after)
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			var body io.Reader
			if c.method == http.MethodPost {
				body = strings.NewReader("body")
			}
			request, err := http.NewRequestWithContext(ctx, c.method, "http://a/left", body)
			if err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			if response, err := b.client.Do(request); err == nil {
				response.Body.Close()
				t.Fatalf("got %d", response.StatusCode)
			}
			if record := b.last("/left"); record["reason"] != "client_gone" || time.Since(began) > 3*time.Second {
				t.Fatalf("after %s: %v", time.Since(began), record)
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

// many is more dead endpoints than are tried at once.
func many(t *testing.T) (list []config.Endpoint) {
	t.Helper()
	for range 12 {
		list = append(list, dead(t))
	}
	return list
}

// TestConnectionsWaitInGaps is TestGapsAreWaitedFor for a connection that is passed on.
func TestConnectionsWaitInGaps(t *testing.T) {
	alive := saying(t, "hello")
	for name, gap := range map[string][]config.Endpoint{"none": nil, "dead": {dead(t), dead(t)}, "many": many(t)} {
		t.Run(name, func(t *testing.T) {
			b := start(t, tcpSnapshot(alive), longGaps)
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
	for name, gap := range map[string][]config.Endpoint{"none": nil, "dead": {dead(t), dead(t)}, "many": many(t)} {
		t.Run(name, func(t *testing.T) {
			b := start(t, authSnapshot(t, config.Auth{}, alive), longGaps)
			if got := b.get("http://a/before"); got.StatusCode != 200 {
				t.Fatalf("got %d", got.StatusCode)
			}
			s := authSnapshot(t, config.Auth{}, gap...)
			s.Chunks[0].Hosts[0].Rules[0].Timeouts.BackendRequest = 1000 // begins when it was answered
			b.apply(s)
			ended := time.AfterFunc(1500*time.Millisecond, func() { _ = b.Apply(authSnapshot(t, config.Auth{}, alive)) })
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
