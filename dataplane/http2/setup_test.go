package http2

import (
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

	"go.uber.org/goleak"

	"github.com/fleetgate/fleetgate/dataplane/message"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// listening is a listener whose connections are served by Servers.
type listening struct {
	net.Listener
	options ServerOptions
	handle  func(*Stream)

	wg      sync.WaitGroup
	mu      sync.Mutex
	servers []*Server
	errs    []error
}

// listen serves a handler on loopback until the test ends, over TLS if there is a configuration.
func listen(t testing.TB, config *tls.Config, options ServerOptions, handle func(*Stream)) *listening {
	t.Helper()
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &listening{Listener: socket, options: options, handle: handle}
	if config != nil {
		l.Listener = tls.NewListener(socket, config)
	}
	l.wg.Go(l.accept)
	t.Cleanup(l.stop)
	return l
}

func (l *listening) accept() {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		s := NewServer(conn, l.options, l.handle)
		l.mu.Lock()
		l.servers = append(l.servers, s)
		l.mu.Unlock()
		l.wg.Go(func() {
			err := s.Serve(nil)
			l.mu.Lock()
			l.errs = append(l.errs, err)
			l.mu.Unlock()
		})
	}
}

func (l *listening) stop() {
	l.Close()
	l.mu.Lock()
	for _, s := range l.servers {
		s.Close()
	}
	l.mu.Unlock()
	l.wg.Wait()
}

// dial makes a Client to a listener of the test.
func dial(t testing.TB, l net.Listener, options ClientOptions) *Client {
	t.Helper()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	c := NewClient(conn, options)
	t.Cleanup(func() {
		c.Close()
		<-c.Done()
	})
	return c
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
		Certificates:                []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
		NextProtos:                  []string{"h2"},
		DynamicRecordSizingDisabled: true,
	}
})

// oracle is net/http's client, for h2c or for TLS.
func oracle(t testing.TB, secure bool) *http.Client {
	t.Helper()
	transport := &http.Transport{Protocols: new(http.Protocols), DisableCompression: true}
	if secure {
		transport.TLSClientConfig = &tls.Config{InsecureSkipVerify: true}
		transport.Protocols.SetHTTP2(true)
	} else {
		transport.Protocols.SetUnencryptedHTTP2(true)
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func fields(pairs ...string) []message.Field {
	var list []message.Field
	for i := 0; i < len(pairs); i += 2 {
		list = append(list, message.NewField(pairs[i], pairs[i+1]))
	}
	return list
}
