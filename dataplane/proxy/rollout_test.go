package proxy_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/config"
)

// pod is a server that can be made to leave, in a good or a bad way.
type pod struct {
	config.Endpoint
	server   *http.Server
	listener *net.TCPListener
	mutex    sync.Mutex
	conns    map[net.Conn]http.ConnState
	served   chan struct{}
}

func startPod(t *testing.T) *pod {
	t.Helper()
	listener := listenPlain(t)
	p := &pod{Endpoint: endpointOf(t, listener.Addr().String()), listener: listener, conns: map[net.Conn]http.ConnState{}, served: make(chan struct{})}
	p.server = &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			time.Sleep(2 * time.Millisecond)
			_, _ = io.WriteString(w, "ok")
		}),
		ConnState: p.note,
	}
	p.server.Protocols = new(http.Protocols)
	p.server.Protocols.SetHTTP1(true)
	p.server.Protocols.SetUnencryptedHTTP2(true)
	go func() {
		defer close(p.served)
		_ = p.server.Serve(listener)
	}()
	t.Cleanup(func() { _ = p.server.Close(); <-p.served })
	return p
}

func (p *pod) note(conn net.Conn, state http.ConnState) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.conns[conn] = state; state == http.StateClosed {
		delete(p.conns, conn)
	}
}

// shutdown is what a server does that is asked to end.
func (p *pod) shutdown() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_ = p.server.Shutdown(ctx)
}

// crash resets the connections that are not in use, and lets the requests under way end.
func (p *pod) crash() {
	_ = p.listener.Close()
	p.mutex.Lock()
	for conn, state := range p.conns {
		if state != http.StateActive {
			_ = conn.(*net.TCPConn).SetLinger(0)
			_ = conn.Close()
		}
	}
	p.mutex.Unlock()
	p.shutdown()
}

// vanish leaves nobody who hears anything.
func (p *pod) vanish(t *testing.T) {
	t.Helper()
	deafen(t, p.listener)
	p.mutex.Lock()
	defer p.mutex.Unlock()
	for conn := range p.conns {
		deafen(t, conn.(*net.TCPConn))
	}
}

// rollout replaces the pods of a pool one by one.
type rollout struct {
	b        *bed
	key      string
	snapshot func([]config.Endpoint) // applies
	pods     []*pod
}

func newRollout(t *testing.T, key string) *rollout {
	t.Helper()
	r := &rollout{key: key}
	for range 3 {
		r.pods = append(r.pods, startPod(t))
	}
	s := plainSnapshot([]config.Rule{prefixRule("n/r", "/", key)}, map[string][]config.Endpoint{key: r.endpoints()})
	r.b = start(t, s)
	r.snapshot = func(endpoints []config.Endpoint) {
		s.Endpoints = map[string][]config.Endpoint{key: endpoints}
		r.b.apply(s)
	}
	return r
}

func (r *rollout) endpoints() (list []config.Endpoint) {
	for _, p := range r.pods {
		list = append(list, p.Endpoint)
	}
	return list
}

const propagation = 300 * time.Millisecond

// The ways in which a pod leaves, by what the proxy knows when.
func (r *rollout) toldFirst(i int) {
	r.pods[i].Terminating = true
	r.snapshot(r.endpoints())
	time.Sleep(200 * time.Millisecond)
	r.pods[i].shutdown()
}

func (r *rollout) toldLate(i int) {
	done := make(chan struct{})
	go func() { defer close(done); r.pods[i].shutdown() }()
	time.Sleep(propagation)
	r.pods[i].Terminating = true
	r.snapshot(r.endpoints())
	<-done
}

func (r *rollout) crashed(i int) {
	done := make(chan struct{})
	go func() { defer close(done); r.pods[i].crash() }()
	time.Sleep(propagation)
	r.snapshot(append(r.endpoints()[:i:i], r.endpoints()[i+1:]...))
	<-done
}

// killed ends a pod with all that it has under way.
func (r *rollout) killed(i int) {
	_ = r.pods[i].server.Close()
	time.Sleep(propagation)
	r.snapshot(append(r.endpoints()[:i:i], r.endpoints()[i+1:]...))
}

// TestRollingRestartLosesNothing replaces all pods under load. What may be lost is a POST that a pod
// had when it reset its connection, since nobody knows whether it was processed.
func TestRollingRestartLosesNothing(t *testing.T) {
	cases := []struct {
		name, reason string
		leave        func(*rollout, int)
		posts        bool // may be lost
	}{
		{"the proxy is told first", "no request goes to a pod that leaves while others are ready", (*rollout).toldFirst, false},
		{"the proxy is told late", "refused connects and closed connections are found out", (*rollout).toldLate, true},
		{"pods crash", "resets too", (*rollout).crashed, true},
		{"pods are killed", "with requests that they had begun with", (*rollout).killed, true},
	}
	for _, c := range cases {
		for _, key := range []string{"a", "h2c"} {
			t.Run(c.name+"/"+key, func(t *testing.T) {
				r := newRollout(t, key)
				load := startLoad(r.b, 32)
				for i := range r.pods {
					next := startPod(t)
					time.Sleep(100 * time.Millisecond)
					c.leave(r, i)
					r.pods[i] = next
					r.snapshot(r.endpoints())
				}
				time.Sleep(200 * time.Millisecond)
				load.stop()
				load.check(t, c.reason, c.posts)
			})
		}
	}
}

// TestPodThatVanishesLosesNothing takes the network away from a pod, which is known only later.
func TestPodThatVanishesLosesNothing(t *testing.T) {
	for _, key := range []string{"a", "h2c"} {
		t.Run(key, func(t *testing.T) {
			t.Parallel()
			r := newRollout(t, key)
			load := startLoad(r.b, 32)
			time.Sleep(100 * time.Millisecond)
			r.pods[0].vanish(t)
			time.Sleep(2 * propagation)
			r.snapshot(r.endpoints()[1:])
			time.Sleep(propagation)
			load.stop()
			load.check(t, "what was sent to it goes to another one in time", true)
		})
	}
}

// load is clients that send GETs and POSTs one after the other on connections of their own.
type load struct {
	b        *bed
	cancel   context.CancelFunc
	group    sync.WaitGroup
	requests atomic.Int64
	failures sync.Map // path to what happened
}

func startLoad(b *bed, clients int) *load {
	ctx, cancel := context.WithCancel(b.t.Context())
	l := &load{b: b, cancel: cancel}
	for i := range clients {
		l.group.Go(func() {
			transport := &http.Transport{DialContext: b.dial}
			defer transport.CloseIdleConnections()
			client := &http.Client{Transport: transport, Timeout: 30 * time.Second}
			for n := 0; ctx.Err() == nil; n++ {
				method := []string{http.MethodGet, http.MethodPost}[n%2]
				l.send(client, method, fmt.Sprintf("/%s/%d/%d", method, i, n))
			}
		})
	}
	return l
}

func (l *load) send(client *http.Client, method, path string) {
	l.requests.Add(1)
	var body io.Reader
	if method == http.MethodPost {
		body = bytes.NewReader(make([]byte, 100))
	}
	request, err := http.NewRequest(method, "http://a"+path, body)
	if err != nil {
		panic(err)
	}
	response, err := client.Do(request)
	if err != nil {
		l.failures.Store(path, err.Error())
		return
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil || response.StatusCode != http.StatusOK {
		l.failures.Store(path, fmt.Sprint(response.Status, err))
	}
}

func (l *load) stop() {
	l.cancel()
	l.group.Wait()
}

// check fails for every request that was lost, but POSTs that may have been processed if posts may be lost.
func (l *load) check(t *testing.T, reason string, posts bool) {
	t.Helper()
	l.failures.Range(func(path, what any) bool {
		record := l.b.last(path.(string))
		if posts && record["method"] == http.MethodPost && record["reason"] == "upstream_reset" {
			t.Logf("lost, as it must be: %v", record)
			return true
		}
		t.Errorf("%s: %s: %s: %v", reason, path, what, record)
		return true
	})
	if n := l.requests.Load(); n < 64 {
		t.Errorf("only %d requests", n)
	} else {
		t.Logf("%d requests", n)
	}
}
