package proxy_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/dataplane/proxy"
)

// authority issues certificates.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &authority{t, cert, key}
}

func (a *authority) pem() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw}))
}

// issue gives a certificate for names: those with a colon are URIs.
func (a *authority) issue(names ...string) *tls.Certificate {
	a.t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), NotAfter: time.Now().Add(time.Hour)}
	for _, name := range names {
		if uri, err := url.Parse(name); err == nil && uri.Scheme != "" {
			template.URIs = append(template.URIs, uri)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

// secureBackend is a backend behind TLS; change is for what it asks for.
func secureBackend(t *testing.T, own *tls.Certificate, handler http.HandlerFunc, change ...func(*tls.Config)) config.Endpoint {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.EnableHTTP2 = true
	server.TLS = &tls.Config{Certificates: []tls.Certificate{*own}}
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	for _, f := range change {
		f(server.TLS)
	}
	server.StartTLS()
	t.Cleanup(server.Close)
	return endpointOf(t, server.Listener.Addr().String())
}

// secureEcho answers with what it knows of its connection.
func secureEcho(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	shown := ""
	for _, c := range r.TLS.PeerCertificates {
		shown = c.SerialNumber.String()
	}
	fmt.Fprintf(w, "%s|%s|%v|%s|%s|%s", r.Proto, r.TLS.ServerName, r.TLS.DidResume, r.RemoteAddr, shown, body)
}

// tlsSnapshot is pools with TLS, in order of the endpoints, under "/0", "/1" and so on.
func tlsSnapshot(pools []config.Pool, endpoints ...config.Endpoint) proxy.Snapshot {
	s := plainSnapshot(nil, nil)
	s.Endpoints = map[string][]config.Endpoint{}
	for i, pool := range pools {
		pool.Key = fmt.Sprintf("n/s%d:443", i)
		s.Chunks[0].Pools = append(s.Chunks[0].Pools, pool)
		s.Chunks[0].Hosts[0].Rules = append(s.Chunks[0].Hosts[0].Rules, prefixRule("n/r", fmt.Sprintf("/%d", i), pool.Key))
		s.Endpoints[pool.Key] = []config.Endpoint{endpoints[i]}
	}
	return s
}

func TestBackendsProveWhoTheyAre(t *testing.T) {
	ca, other := newAuthority(t), newAuthority(t)
	own := ca.issue("*.example.com", "spiffe://example.com/a")
	e := secureBackend(t, own, secureEcho)
	name := func(n string) []config.SubjectName { return []config.SubjectName{{Hostname: n}} }
	uri := func(u string) []config.SubjectName { return []config.SubjectName{{URI: u}} }
	cases := []struct {
		name, reason string
		tls          config.BackendTLS
		ok           bool
	}{
		{"hostname", "the wildcard matches", config.BackendTLS{Hostname: "a.example.com", CA: ca.pem()}, true},
		{"another hostname", "", config.BackendTLS{Hostname: "a.example.org", CA: ca.pem()}, false},
		{"two labels", "a wildcard is for one", config.BackendTLS{Hostname: "b.a.example.com", CA: ca.pem()}, false},
		{"another CA", "", config.BackendTLS{Hostname: "a.example.com", CA: other.pem()}, false},
		{"both CAs", "either will do", config.BackendTLS{Hostname: "a.example.com", CA: other.pem() + ca.pem()}, true},
		{"no CA to read", "it fails closed", config.BackendTLS{Hostname: "a.example.com", CA: "nonsense"}, false},
		{"the system's", "they do not know ours", config.BackendTLS{Hostname: "a.example.com"}, false},
		{"name", "the hostname is for SNI alone", config.BackendTLS{Hostname: "x.org", Names: name("b.example.com"), CA: ca.pem()}, true},
		{"another name", "and does not count", config.BackendTLS{Hostname: "a.example.com", Names: name("x.org"), CA: ca.pem()}, false},
		{"URI", "", config.BackendTLS{Hostname: "x.org", Names: uri("spiffe://example.com/a"), CA: ca.pem()}, true},
		{"another URI", "it has to be the very same", config.BackendTLS{Hostname: "x.org", Names: uri("spiffe://example.com/a/"), CA: ca.pem()}, false},
		{"URI of another CA", "names do not make up for a chain", config.BackendTLS{Hostname: "x.org", Names: uri("spiffe://example.com/a"), CA: other.pem()}, false},
		{"one of two", "", config.BackendTLS{Hostname: "x.org", Names: append(name("x.org"), uri("spiffe://example.com/a")...), CA: ca.pem()}, true},
		{"none of two", "", config.BackendTLS{Hostname: "x.org", Names: append(name("x.org"), uri("spiffe://x")...), CA: ca.pem()}, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			for _, protocol := range []string{"", "kubernetes.io/h2c"} {
				b := start(t, tlsSnapshot([]config.Pool{{TLS: &c.tls, Protocol: protocol}}, e))
				got := b.do(http.MethodPost, "http://a/0", strings.NewReader("body"))
				if !c.ok {
					if record := b.last("/0"); got.StatusCode != 502 || record["reason"] != "backend_certificate" {
						t.Fatalf("%s: got %d, %v", c.reason, got.StatusCode, record)
					}
					continue
				}
				fields := strings.Split(got.body, "|")
				proto := map[string]string{"": "HTTP/1.1", "kubernetes.io/h2c": "HTTP/2.0"}[protocol]
				if got.StatusCode != 200 || fields[0] != proto || fields[1] != c.tls.Hostname || fields[5] != "body" {
					t.Fatalf("%s: got %d %q, %v", c.reason, got.StatusCode, got.body, b.last("/0"))
				}
			}
		})
	}
}

func TestBackendThatSpeaksNoTLS(t *testing.T) {
	b := start(t, tlsSnapshot([]config.Pool{{TLS: &config.BackendTLS{Hostname: "a"}}}, backend(t, echo("a"))))
	if got := b.get("http://a/0"); got.StatusCode != 502 || b.last("/0")["reason"] != "backend_tls" {
		t.Fatalf("nothing is sent in the clear: got %d, %v", got.StatusCode, b.last("/0"))
	}
}

// TestBackendIsTrustedAgain keeps that an endpoint which had a wrong certificate is not given up.
func TestBackendIsTrustedAgain(t *testing.T) {
	ca := newAuthority(t)
	var mutex sync.Mutex
	shown := newAuthority(t).issue("a.org")
	e := secureBackend(t, shown, secureEcho, func(c *tls.Config) {
		c.GetCertificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			mutex.Lock()
			defer mutex.Unlock()
			return shown, nil
		}
		c.Certificates = nil
	})
	b := start(t, tlsSnapshot([]config.Pool{{TLS: &config.BackendTLS{Hostname: "a.org", CA: ca.pem()}}}, e))
	for range 10 {
		if got := b.get("http://a/0"); got.StatusCode != 502 {
			t.Fatalf("got %d", got.StatusCode)
		}
	}
	mutex.Lock()
	shown = ca.issue("a.org")
	mutex.Unlock()
	if got := b.get("http://a/0"); got.StatusCode != 200 {
		t.Fatalf("got %d, %v", got.StatusCode, b.last("/0"))
	}
}

func TestBackendConnectionsAreOfTheirPool(t *testing.T) {
	ca := newAuthority(t)
	e := secureBackend(t, ca.issue("a.org", "b.org"), secureEcho)
	of := func(hostname string) config.Pool {
		return config.Pool{TLS: &config.BackendTLS{Hostname: hostname, CA: ca.pem()}}
	}
	s := tlsSnapshot([]config.Pool{of("a.org"), of("b.org")}, e, e)
	b := start(t, s)
	ask := func(path string) []string {
		t.Helper()
		got := b.get("http://a" + path)
		if got.StatusCode != 200 {
			t.Fatalf("got %d, %v", got.StatusCode, b.last(path))
		}
		return strings.Split(got.body, "|")
	}
	first := ask("/0")
	if again := ask("/0"); again[3] != first[3] {
		t.Fatal("the connection is kept")
	}
	if other := ask("/1"); other[1] != "b.org" || other[2] != "false" {
		t.Fatalf("got %v: another pool asks for another proof", other)
	}
	same := tlsSnapshot([]config.Pool{of("a.org"), of("b.org")}, e, e)
	b.apply(same)
	if again := ask("/0"); again[3] != first[3] {
		t.Fatal("a pool that says the same keeps its connections")
	}
	b.apply(tlsSnapshot([]config.Pool{of("b.org")}, e))
	if changed := ask("/0"); changed[1] != "b.org" || changed[2] != "false" {
		t.Fatalf("got %v: nothing of before is used", changed)
	}
}

func TestBackendSessionsAreResumed(t *testing.T) {
	ca := newAuthority(t)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		for _, names := range [][]config.SubjectName{nil, {{Hostname: "a.org"}}} {
			e := secureBackend(t, ca.issue("a.org"), func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Connection", "close")
				secureEcho(w, r)
			}, func(c *tls.Config) { c.MaxVersion = version })
			b := start(t, tlsSnapshot([]config.Pool{{TLS: &config.BackendTLS{Hostname: "a.org", CA: ca.pem(), Names: names}}}, e))
			for i := range 3 {
				got := b.get("http://a/0")
				if got.StatusCode != 200 || strings.Split(got.body, "|")[2] != fmt.Sprint(i > 0) {
					t.Fatalf("%s, names %v, request %d: got %q, %v", tls.VersionName(version), names, i, got.body, b.last("/0"))
				}
			}
		}
	}
}

func TestBackendsSeeOurCertificate(t *testing.T) {
	ca := newAuthority(t)
	e := secureBackend(t, ca.issue("a.org"), secureEcho, func(c *tls.Config) { c.ClientAuth = tls.RequestClientCert })
	s := tlsSnapshot([]config.Pool{{TLS: &config.BackendTLS{Hostname: "a.org", CA: ca.pem()}}}, e)
	s.Root.BackendSecret = "n/own"
	b := start(t, s)
	shown := func() string {
		t.Helper()
		got := b.do(http.MethodGet, "http://a/0", nil)
		if got.StatusCode != 200 {
			t.Fatalf("got %d, %v", got.StatusCode, b.last("/0"))
		}
		return strings.Split(got.body, "|")[4]
	}
	if got := shown(); got != "" {
		t.Fatalf("without a Secret there is nothing to show, got %s", got)
	}
	for range 2 {
		own := ca.issue("us")
		next := s
		next.Certificates = map[string]*tls.Certificate{"n/own": own}
		b.apply(next)
		before := shown()
		b.apply(plainSnapshot(nil, nil)) // which ends the connections
		b.apply(next)
		if got := shown(); got != own.Leaf.SerialNumber.String() || got == before {
			t.Fatalf("a new connection shows %q, before it was %q, want %s", got, before, own.Leaf.SerialNumber)
		}
	}
}

func TestBackendThatClosesKeptTLS(t *testing.T) {
	ca := newAuthority(t)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		server := httptest.NewUnstartedServer(http.HandlerFunc(secureEcho))
		server.TLS = &tls.Config{Certificates: []tls.Certificate{*ca.issue("a.org")}, MaxVersion: version}
		server.StartTLS()
		t.Cleanup(server.Close)
		e := endpointOf(t, server.Listener.Addr().String())
		b := start(t, tlsSnapshot([]config.Pool{{TLS: &config.BackendTLS{Hostname: "a.org", CA: ca.pem()}}}, e))
		for range 5 {
			if got := b.do(http.MethodPost, "http://a/0", nil); got.StatusCode != 200 {
				t.Fatalf("a request is not lost on a kept connection that was closed: got %d, %v", got.StatusCode, b.last("/0"))
			}
			server.CloseClientConnections()
			time.Sleep(20 * time.Millisecond)
		}
	}
}

func TestWebSocketAndMirrorOverTLS(t *testing.T) {
	ca := newAuthority(t)
	mirrored := make(chan string, 1)
	e := secureBackend(t, ca.issue("a.org"), func(w http.ResponseWriter, r *http.Request) {
		conn, rw, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = rw.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: " +
			acceptOf(r.Header.Get("Sec-WebSocket-Key")) + "\r\n\r\n")
		_ = rw.Flush()
		_, _ = io.Copy(conn, rw)
	}, func(c *tls.Config) { c.NextProtos = []string{"http/1.1"} })
	mirror := secureBackend(t, ca.issue("b.org"), func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mirrored <- r.Host + " " + r.TLS.ServerName + " " + string(body)
	})
	s := tlsSnapshot([]config.Pool{
		{TLS: &config.BackendTLS{Hostname: "a.org", CA: ca.pem()}}, {TLS: &config.BackendTLS{Hostname: "b.org", CA: ca.pem()}},
	}, e, mirror)
	plain := backend(t, echo("a"))
	s.Chunks[0].Pools = append(s.Chunks[0].Pools, config.Pool{Key: "plain"})
	s.Endpoints["plain"] = []config.Endpoint{plain}
	rule := prefixRule("n/m", "/m", "plain")
	rule.Filters.Mirrors = []config.Mirror{{Pool: "n/s1:443", Numerator: 1, Denominator: 1}}
	s.Chunks[0].Hosts[0].Rules = append(s.Chunks[0].Hosts[0].Rules, rule)
	b := start(t, s)
	if got := b.do(http.MethodPost, "http://shop/m", strings.NewReader("body")); got.StatusCode != 200 {
		t.Fatalf("got %d", got.StatusCode)
	}
	select {
	case got := <-mirrored:
		if got != "shop b.org body" {
			t.Fatalf("the mirror got %q", got)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("nothing was mirrored")
	}
	conn, err := b.dial(t.Context(), "tcp", "a:80")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	fmt.Fprintf(conn, "GET /0 HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n\r\n", "dGhlIHNhbXBsZSBub25jZQ==")
	in := bufio.NewReader(conn)
	response, err := http.ReadResponse(in, nil)
	if err != nil || response.StatusCode != 101 {
		t.Fatalf("got %v, %v", response, err)
	}
	for range 3 {
		fmt.Fprint(conn, "ping")
		echoed := make([]byte, 4)
		if _, err := io.ReadFull(in, echoed); err != nil || string(echoed) != "ping" {
			t.Fatalf("got %q, %v", echoed, err)
		}
	}
}
