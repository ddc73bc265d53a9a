package proxy_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/dataplane/proxy"
)

// bed is a running proxy on real sockets.
type bed struct {
	*proxy.Proxy
	t      *testing.T
	log    *lines
	mutex  sync.Mutex
	ports  map[int32]string
	udp    map[int32]string
	client *http.Client
}

// lines is an access log in memory.
type lines struct {
	mutex sync.Mutex
	buf   bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.buf.Write(p)
}

func (l *lines) records(t *testing.T) (records []map[string]any) {
	t.Helper()
	l.mutex.Lock()
	defer l.mutex.Unlock()
	for line := range strings.Lines(l.buf.String()) {
		var record map[string]any
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		records = append(records, record)
	}
	return records
}

// last waits for the record of the request with this path.
func (b *bed) last(path string) map[string]any {
	b.t.Helper()
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		for _, record := range slices.Backward(b.log.records(b.t)) {
			if record["path"] == path {
				return record
			}
		}
	}
	b.t.Fatalf("no line in the access log for %s", path)
	return nil
}

func start(t *testing.T, snapshot proxy.Snapshot, change ...func(*proxy.Options)) *bed {
	t.Helper()
	b := &bed{t: t, log: &lines{}, ports: map[int32]string{}, udp: map[int32]string{}}
	options := proxy.Options{AccessLog: b.log, Listen: b.listen, ListenPacket: b.listenPacket, ConnectTimeout: time.Second, GapTimeout: time.Second}
	for _, f := range change {
		f(&options)
	}
	b.Proxy = proxy.New(options)
	transport := &http.Transport{DialContext: b.dial}
	b.client = &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       20 * time.Second,
	}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := b.Shutdown(ctx); err != nil {
			t.Errorf("shutdown: %v", err)
		}
	})
	b.apply(snapshot)
	return b
}

func (b *bed) apply(snapshot proxy.Snapshot) {
	b.t.Helper()
	if err := b.Apply(snapshot); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bed) listen(ctx context.Context, port int32) (net.Listener, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err == nil {
		b.mutex.Lock()
		b.ports[port] = listener.Addr().String()
		b.mutex.Unlock()
	}
	return listener, err
}

func (b *bed) listenPacket(ctx context.Context, port int32) (net.PacketConn, error) {
	var config net.ListenConfig
	conn, err := config.ListenPacket(ctx, "udp", "127.0.0.1:0")
	if err == nil {
		b.mutex.Lock()
		b.udp[port] = conn.LocalAddr().String()
		b.mutex.Unlock()
	}
	return conn, err
}

func (b *bed) addrUDP(port int32) string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.udp[port]
}

func (b *bed) addr(port int32) string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.ports[port]
}

// dial brings every hostname to the proxy's port of the same number.
func (b *bed) dial(ctx context.Context, network, address string) (net.Conn, error) {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return nil, err
	}
	var dialer net.Dialer
	return dialer.DialContext(ctx, network, b.addr(int32(number)))
}

type reply struct {
	*http.Response
	body string
}

func (b *bed) do(method, url string, body io.Reader, header ...string) reply {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), method, url, body)
	if err != nil {
		b.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Add(header[i], header[i+1])
	}
	response, err := b.client.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return reply{response, string(text)}
}

func (b *bed) get(url string, header ...string) reply {
	b.t.Helper()
	return b.do(http.MethodGet, url, nil, header...)
}

// raw sends bytes and gives all that comes back.
func (b *bed) raw(request string) string {
	b.t.Helper()
	conn, err := net.Dial("tcp", b.addr(80))
	if err != nil {
		b.t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(conn, request); err != nil {
		b.t.Fatal(err)
	}
	answer, _ := io.ReadAll(conn)
	return string(answer)
}

// backend is a pool with one endpoint that is served by a handler.
func backend(t *testing.T, handler http.HandlerFunc) config.Endpoint {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetHTTP1(true)
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Start()
	t.Cleanup(server.Close)
	return endpointOf(t, server.Listener.Addr().String())
}

func endpointOf(t *testing.T, address string) config.Endpoint {
	t.Helper()
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	return config.Endpoint{Address: host, Port: int32(number)}
}

// dead is an endpoint where nobody listens, as long as the test runs: a port that was free a moment ago is given to others.
func dead(t *testing.T) config.Endpoint {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(fd) })
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	own, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	return config.Endpoint{Address: "127.0.0.1", Port: int32(own.(*syscall.SockaddrInet4).Port)}
}

// prefixRule is a rule that sends everything under a path to a pool.
func prefixRule(route, path, pool string) config.Rule {
	return config.Rule{
		Route:    route,
		Matches:  []config.Match{{PathKind: config.PathPrefix, Path: path}},
		Backends: []config.Backend{{Pool: pool, Weight: 1}},
	}
}

// plainSnapshot is one HTTP listener on port 80 with rules and pools.
func plainSnapshot(rules []config.Rule, endpoints map[string][]config.Endpoint) proxy.Snapshot {
	chunk := config.Chunk{Version: 1, Hosts: []config.Host{{Listener: "web", Rules: rules}}}
	for key := range endpoints {
		pool := config.Pool{Key: key, Namespace: "n", Service: key, Port: 80}
		if strings.HasPrefix(key, "h2c") {
			pool.Protocol = "kubernetes.io/h2c"
		}
		chunk.Pools = append(chunk.Pools, pool)
	}
	return proxy.Snapshot{
		Root: config.Root{
			Version: 1, Gateway: "n/gw", Generation: 1, Chunks: 1,
			Listeners: []config.Listener{{Name: "web", Port: 80, Protocol: config.HTTP}},
		},
		Chunks: []*config.Chunk{&chunk}, Endpoints: endpoints,
	}
}

// echo answers with what it got.
func echo(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Backend", name)
		_ = json.NewEncoder(w).Encode(map[string]any{
			"backend": name, "method": r.Method, "target": r.RequestURI, "host": r.Host,
			"header": r.Header, "body": string(body), "proto": r.Proto,
		})
	}
}

type seen struct {
	Backend, Method, Target, Host, Body, Proto string
	Header                                     http.Header
}

func (r reply) seen(t *testing.T) (s seen) {
	t.Helper()
	if err := json.Unmarshal([]byte(r.body), &s); err != nil {
		t.Fatalf("%d %q: %v", r.StatusCode, r.body, err)
	}
	return s
}

// dialAfter is dial for connections that begin with something before the client speaks.
func (b *bed) dialAfter(begin string) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := b.dial(ctx, network, address)
		if err == nil {
			_, err = io.WriteString(conn, begin)
		}
		return conn, err
	}
}

// runAndStop begins the drain of the proxy, and gives what Run returns.
func (b *bed) runAndStop() <-chan error {
	ctx, stop := context.WithCancel(b.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx) }()
	stop()
	return ended
}
