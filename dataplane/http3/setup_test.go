package http3

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	peer "github.com/quic-go/quic-go/http3"
	"go.uber.org/goleak"

	"github.com/fleetgate/fleetgate/dataplane/message"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// listening is a socket whose connections are served by Servers.
type listening struct {
	address  string
	socket   *Socket
	listener *Listener
	handle   func(*Stream)

	wg      sync.WaitGroup
	mu      sync.Mutex
	servers []*Server
	errs    []error
}

// listen serves a handler on loopback until the test ends.
func listen(t testing.TB, options ServerOptions, handle func(*Stream)) *listening {
	t.Helper()
	packets, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &listening{address: packets.LocalAddr().String(), socket: NewSocket(packets), handle: handle}
	if l.listener, err = l.socket.Listen(certificate(), options, func() error { return nil }); err != nil {
		t.Fatal(err)
	}
	l.wg.Go(l.accept)
	t.Cleanup(l.stop)
	return l
}

func (l *listening) accept() {
	for {
		conn, err := l.listener.Accept()
		if err != nil {
			return
		}
		s := NewServer(conn, l.handle)
		l.mu.Lock()
		l.servers = append(l.servers, s)
		l.mu.Unlock()
		l.wg.Go(func() {
			err := s.Serve()
			l.mu.Lock()
			l.errs = append(l.errs, err)
			l.mu.Unlock()
		})
	}
}

func (l *listening) stop() {
	_ = l.listener.Close()
	l.mu.Lock()
	for _, s := range l.servers {
		s.Close()
	}
	l.mu.Unlock()
	l.wg.Wait()
	_ = l.socket.Close()
}

// drain has all connections end in good order.
func (l *listening) drain() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.servers {
		s.Drain()
	}
}

// ended waits until n connections have ended, and gives why.
func (l *listening) ended(t *testing.T, n int) []error {
	t.Helper()
	var errs []error
	eventually(t, "connections end", func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		errs = append([]error(nil), l.errs...)
		return len(errs) >= n
	})
	return errs
}

// eventually waits for something to become true.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !is(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("in vain: %s", what)
		}
	}
}

// certificate is a TLS configuration of servers for 127.0.0.1 that nobody trusts.
var certificate = sync.OnceValue(func() *tls.Config {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	return &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
		NextProtos:   []string{ALPN}, MinVersion: tls.VersionTLS13,
	}
})

// oracle is a client of quic-go's own HTTP/3.
func oracle(t testing.TB) *http.Client {
	t.Helper()
	transport := &peer.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableCompression: true}
	t.Cleanup(func() { _ = transport.Close() })
	return &http.Client{Transport: transport, Timeout: 30 * time.Second}
}

func (l *listening) url(path string) string { return "https://" + l.address + path }

func request(t testing.TB, ctx context.Context, method, url string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func fields(pairs ...string) []message.Field {
	var list []message.Field
	for i := 0; i < len(pairs); i += 2 {
		list = append(list, message.NewField(pairs[i], pairs[i+1]))
	}
	return list
}
