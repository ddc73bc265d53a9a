package proxy_test

import (
	"bufio"
	"bytes"
	"context"
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

func TestBackendThatDiesInTheMiddleOfAResponse(t *testing.T) {
	dies := backend(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/length" {
			w.Header().Set("Content-Length", "1000")
		}
		_, _ = io.WriteString(w, "half of it")
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
	b := start(t, plainSnapshot([]config.Rule{prefixRule("n/r", "/", "a")}, map[string][]config.Endpoint{"a": {dies}}))
	for _, path := range []string{"/length", "/chunked"} {
		response, err := b.client.Get("http://a" + path)
		var body []byte
		if err == nil {
			body, err = io.ReadAll(response.Body)
			response.Body.Close()
		}
		if err == nil {
			t.Fatalf("%s: half a response was passed off as a whole one: %q", path, body)
		}
		if record := b.last(path); record["reason"] != "upstream_aborted" || record["status"] != 200.0 {
			t.Fatalf("got %v", record)
		}
	}
}

func TestTimeouts(t *testing.T) {
	slow := backend(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/body" {
			_ = http.NewResponseController(w).Flush()
		}
		select {
		case <-r.Context().Done():
		case <-time.After(time.Minute):
		}
	})
	request, attempt, body := prefixRule("n/request", "/request", "a"), prefixRule("n/attempt", "/attempt", "a"), prefixRule("n/body", "/body", "a")
	request.Timeouts.Request = 60
	request.Retry = &config.Retry{Attempts: 100, Codes: []int{503}}
	attempt.Timeouts.BackendRequest = 50
	attempt.Retry = &config.Retry{Attempts: 2, Backoff: 1}
	body.Timeouts.Request = 50
	b := start(t, plainSnapshot([]config.Rule{request, attempt, body}, map[string][]config.Endpoint{"a": {slow}}))
	began := time.Now()
	if got := b.get("http://a/request"); got.StatusCode != 504 || b.last("/request")["reason"] != "request_timeout" {
		t.Fatalf("got %d, %v", got.StatusCode, b.last("/request"))
	}
	if got := b.get("http://a/attempt"); got.StatusCode != 504 {
		t.Fatalf("got %d", got.StatusCode)
	}
	if record := b.last("/attempt"); record["reason"] != "backend_timeout" || record["upstream_attempts"] != 3.0 {
		t.Fatalf("every attempt has its own time, got %v", record)
	}
	response, err := b.client.Get("http://a/body")
	if err == nil {
		_, err = io.ReadAll(response.Body)
		response.Body.Close()
	}
	if err == nil || b.last("/body")["reason"] != "request_timeout" {
		t.Fatalf("a response that takes too long is cut, got %v, %v", err, b.last("/body"))
	}
	if took := time.Since(began); took > 30*time.Second {
		t.Fatalf("the backend was waited for: %v", took)
	}
}

// flaky fails the first n requests of each path with a status.
func flaky(n int, status int) http.HandlerFunc {
	var mutex sync.Mutex
	counts := map[string]int{}
	return func(w http.ResponseWriter, r *http.Request) {
		mutex.Lock()
		counts[r.URL.Path]++
		fail := counts[r.URL.Path] <= n
		mutex.Unlock()
		if fail {
			w.WriteHeader(status)
			return
		}
		echo("a")(w, r)
	}
}

func TestRetry(t *testing.T) {
	rule := func(attempts int, codes ...int) config.Rule {
		r := prefixRule("n/r", "/", "a")
		r.Retry = &config.Retry{Attempts: attempts, Codes: codes, Backoff: 1}
		return r
	}
	none := prefixRule("n/r", "/", "a")
	cases := []struct {
		name, reason   string
		rule           config.Rule
		size, fails    int
		status, visits int
	}{
		{"code", "a code of the list is tried again, with the same body", rule(3, 503), 1000, 2, 200, 3},
		{"too few attempts", "the last answer is passed on", rule(1, 503), 1000, 2, 503, 2},
		{"other code", "only the codes of the list", rule(3, 502), 10, 2, 503, 1},
		{"no attempts", "", rule(0, 503), 10, 1, 503, 1},
		{"no retry", "", none, 10, 2, 503, 1},
		{"the largest body", "64 KiB are kept", rule(3, 503), 64 << 10, 2, 200, 3},
		{"a larger body", "what was not kept cannot be sent again", rule(3, 503), 64<<10 + 1, 2, 503, 1},
	}
	for i, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			b := start(t, plainSnapshot([]config.Rule{c.rule}, map[string][]config.Endpoint{"a": {backend(t, drained(flaky(c.fails, 503)))}}))
			path := fmt.Sprintf("/%d", i)
			sent := strings.Repeat("x", c.size)
			got := b.do(http.MethodPost, "http://a"+path, io.MultiReader(strings.NewReader(sent)))
			if got.StatusCode != c.status || b.last(path)["upstream_attempts"] != float64(c.visits) {
				t.Fatalf("%s: got %d, %v", c.reason, got.StatusCode, b.last(path))
			}
			if c.status == 200 && got.seen(t).Body != sent {
				t.Fatal("another attempt sent another body")
			}
		})
	}
}

// drained reads the whole body before the handler answers.
func drained(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		next(w, r)
	}
}

func TestDeadEndpointsCostNoRequest(t *testing.T) {
	b := start(t, plainSnapshot([]config.Rule{prefixRule("n/r", "/", "a")},
		map[string][]config.Endpoint{"a": {dead(t), backend(t, echo("a")), dead(t)}}))
	for range 50 {
		if got := b.do(http.MethodPost, "http://a/x", strings.NewReader("body")); got.StatusCode != 200 || got.seen(t).Body != "body" {
			t.Fatalf("a connect that failed sent nothing, so another endpoint can be asked: got %d", got.StatusCode)
		}
	}
}

// TestPodsThatCloseIdleConnections keeps that a connection which the backend closes at the worst
// moment loses no request, whatever its method.
func TestPodsThatCloseIdleConnections(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: echo("a"), IdleTimeout: 2 * time.Millisecond}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	b := start(t, plainSnapshot([]config.Rule{prefixRule("n/r", "/", "a")},
		map[string][]config.Endpoint{"a": {endpointOf(t, listener.Addr().String())}}))
	for i := range 150 {
		method := []string{http.MethodGet, http.MethodPut}[i%2]
		if got := b.do(method, "http://a/x", strings.NewReader("body")); got.StatusCode != 200 {
			t.Fatalf("request %d: %s got %d, %v", i, method, got.StatusCode, b.last("/x"))
		}
		time.Sleep(time.Duration(1900+i%10*20) * time.Microsecond)
	}
}

func TestMirrorsNeverDelayOrFailTheRequest(t *testing.T) {
	var copies atomic.Int32
	var last atomic.Value
	release := make(chan struct{})
	slow := backend(t, func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		last.Store(r.Method + " " + r.RequestURI + " " + string(body))
		copies.Add(1)
		<-release
	})
	rule := prefixRule("n/m", "/", "a")
	rule.Filters.Mirrors = []config.Mirror{
		{Pool: "slow", Numerator: 1, Denominator: 2},
		{Pool: "dead", Numerator: 1, Denominator: 1},
		{Pool: "empty", Numerator: 1, Denominator: 1},
		{Pool: "unknown", Numerator: 1, Denominator: 1},
	}
	b := start(t, plainSnapshot([]config.Rule{rule}, map[string][]config.Endpoint{
		"a": {backend(t, echo("a"))}, "slow": {slow}, "dead": {dead(t)}, "empty": nil,
	}))
	defer close(release)
	began := time.Now()
	for range 20 {
		if got := b.do(http.MethodPost, "http://a/m?q", strings.NewReader("payload")); got.StatusCode != 200 {
			t.Fatalf("got %d", got.StatusCode)
		}
	}
	if took := time.Since(began); took > 3*time.Second {
		t.Fatalf("20 requests took %v", took)
	}
	for deadline := time.Now().Add(5 * time.Second); copies.Load() < 10; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("got %d copies of 20 requests, want 10", copies.Load())
		}
	}
	if got := last.Load(); got != "POST /m?q payload" || copies.Load() != 10 {
		t.Fatalf("got %d copies, the last %q", copies.Load(), got)
	}
}

func TestStreamsAreFlushed(t *testing.T) {
	more := make(chan struct{})
	stream := backend(t, func(w http.ResponseWriter, _ *http.Request) {
		for range 3 {
			_, _ = io.WriteString(w, "data: x\n\n")
			_ = http.NewResponseController(w).Flush()
			<-more
		}
	})
	b := start(t, plainSnapshot([]config.Rule{prefixRule("n/r", "/", "a")}, map[string][]config.Endpoint{"a": {stream}}))
	response, err := b.client.Get("http://a/events")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	in := bufio.NewReader(response.Body)
	for range 3 {
		if line, err := in.ReadString('\n'); err != nil || line != "data: x\n" {
			t.Fatalf("got %q, %v", line, err)
		}
		if _, err := in.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
		more <- struct{}{}
	}
}

func TestSwapUnderLoadLosesNothing(t *testing.T) {
	one, two := backend(t, echo("one")), backend(t, echo("two"))
	with := func(e config.Endpoint, generation int64, more ...config.Listener) proxy.Snapshot {
		s := plainSnapshot([]config.Rule{prefixRule(fmt.Sprintf("n/r%d", generation%2), "/", "a")}, map[string][]config.Endpoint{"a": {e}})
		s.Root.Generation = generation
		s.Root.Listeners = append(s.Root.Listeners, more...)
		return s
	}
	b := start(t, with(one, 1))
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	var requests, failures atomic.Int64
	for range 4 {
		group.Go(func() {
			for ctx.Err() == nil {
				response, err := b.client.Post("http://a/x", "text/plain", strings.NewReader("hello"))
				requests.Add(1)
				if err != nil {
					failures.Add(1)
					t.Log(err)
					continue
				}
				if _, err := io.Copy(io.Discard, response.Body); err != nil || response.StatusCode != 200 {
					failures.Add(1)
					t.Log(response.StatusCode, err)
				}
				response.Body.Close()
			}
		})
	}
	for i := range int64(60) {
		extra := []config.Listener{{Name: "extra", Port: int32(8000 + i%3), Protocol: config.HTTP}}
		b.apply(with([]config.Endpoint{one, two}[i%2], i+2, extra[:i%2]...))
		time.Sleep(5 * time.Millisecond)
	}
	cancel()
	group.Wait()
	if failures.Load() > 0 || requests.Load() < 100 {
		t.Fatalf("%d of %d requests were lost", failures.Load(), requests.Load())
	}
}

func TestDrainFinishesWhatIsInFlight(t *testing.T) {
	entered, release := make(chan struct{}, 1), make(chan struct{})
	slow := backend(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			entered <- struct{}{}
			<-release
		}
		_, _ = io.WriteString(w, "done")
	})
	b := start(t, plainSnapshot([]config.Rule{prefixRule("n/r", "/", "a")}, map[string][]config.Endpoint{"a": {slow}}),
		func(o *proxy.Options) { o.DrainWait = 2 * time.Second })
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx) }()
	answer := make(chan string, 1)
	go func() {
		response, err := b.client.Get("http://a/slow")
		if err != nil {
			answer <- err.Error()
			return
		}
		defer response.Body.Close()
		body, _ := io.ReadAll(response.Body)
		answer <- string(body)
	}()
	<-entered
	stop()
	for b.Ready() {
		time.Sleep(time.Millisecond)
	}
	if got := b.get("http://a/quick"); got.StatusCode != 200 || !got.Close {
		t.Fatalf("while it waits it goes on serving, and says that the connection ends: got %d, close %v", got.StatusCode, got.Close)
	}
	time.Sleep(2250 * time.Millisecond)
	select {
	case err := <-ended:
		t.Fatalf("ended with a request in flight: %v", err)
	default:
	}
	close(release)
	if got := <-answer; got != "done" {
		t.Fatalf("got %q", got)
	}
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if _, err := net.Dial("tcp", b.addr(80)); err == nil {
		t.Fatal("the port is still open")
	}
}

func TestListenerThatCannotBeBoundHurtsOnlyItself(t *testing.T) {
	s := plainSnapshot([]config.Rule{prefixRule("n/r", "/", "a")}, map[string][]config.Endpoint{"a": {backend(t, echo("a"))}})
	b := start(t, s)
	s.Root.Listeners = append(s.Root.Listeners, config.Listener{Name: "taken", Port: 1, Protocol: config.HTTP})
	taken := fmt.Errorf("taken")
	other := proxy.New(proxy.Options{Listen: func(ctx context.Context, port int32) (net.Listener, error) {
		if port == 1 {
			return nil, taken
		}
		return b.listen(ctx, port)
	}})
	defer func() { _ = other.Shutdown(t.Context()) }()
	if err := other.Apply(s); err == nil || !strings.Contains(err.Error(), "port 1: taken") {
		t.Fatalf("got %v", err)
	}
	if other.Ready() {
		t.Fatal("a proxy without all its listeners is not ready")
	}
	if got := b.get("http://a/"); got.StatusCode != 200 {
		t.Fatalf("got %d", got.StatusCode)
	}
}
