package proxy_test

import (
	"bufio"
	"crypto/tls"
	"encoding/pem"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/quic-go/quic-go/http3"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/dataplane/proxy"
)

// secureSnapshot is listeners on port 443 with a host each that answers "a", and a certificate each.
func secureSnapshot(t *testing.T, listeners ...config.Listener) proxy.Snapshot {
	t.Helper()
	s := plainSnapshot(nil, map[string][]config.Endpoint{"a": {backend(t, drained(echo("a")))}})
	s.Chunks[0].Hosts, s.Root.Listeners = nil, nil
	s.Certificates = map[string]*tls.Certificate{}
	for _, l := range listeners {
		if l.TLS == nil {
			l.TLS = &config.TLS{}
		}
		l.Port, l.Protocol, l.TLS.Secrets = 443, config.HTTPS, []string{"n/" + l.Name}
		s.Certificates["n/"+l.Name] = certificate(t, l.Hostname)
		s.Root.Listeners = append(s.Root.Listeners, l)
		s.Chunks[0].Hosts = append(s.Chunks[0].Hosts, config.Host{Listener: l.Name, Rules: []config.Rule{prefixRule("n/"+l.Name, "/", "a")}})
	}
	return s
}

// secure makes a request on a new connection, and gives its status and what was negotiated.
func (b *bed) secure(change *tls.Config) (*tls.Conn, int, error) {
	b.t.Helper()
	change.InsecureSkipVerify = true
	conn, err := tls.Dial("tcp", b.addr(443), change)
	if err != nil {
		return nil, 0, err
	}
	b.t.Cleanup(func() { conn.Close() })
	status, err := b.over(conn, change.ServerName)
	return conn, status, err
}

// over makes a request on a connection.
func (b *bed) over(conn *tls.Conn, host string) (int, error) {
	if _, err := io.WriteString(conn, "GET /tls HTTP/1.1\r\nHost: "+host+"\r\n\r\n"); err != nil {
		return 0, err
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0, err
	}
	_, err = io.Copy(io.Discard, response.Body)
	return response.StatusCode, err
}

// oneSession gives the session that it was given last to everyone who asks.
type oneSession struct{ kept *tls.ClientSessionState }

func (o *oneSession) Get(string) (*tls.ClientSessionState, bool) { return o.kept, o.kept != nil }

func (o *oneSession) Put(_ string, s *tls.ClientSessionState) {
	if s != nil {
		o.kept = s
	}
}

// TestSessionsStayWithTheirListener keeps that a session of one listener is not resumed on another one of its
// port: what the second asks of its clients would be skipped.
func TestSessionsStayWithTheirListener(t *testing.T) {
	s := secureSnapshot(t, config.Listener{Name: "a", Hostname: "a.org"}, config.Listener{Name: "b", Hostname: "b.org"})
	b := start(t, s)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		cache := &oneSession{}
		resumed := func(name string) bool {
			conn, status, err := b.secure(&tls.Config{ServerName: name, ClientSessionCache: cache, MaxVersion: version})
			if err != nil || status != 200 {
				t.Fatalf("%s: got %d, %v", name, status, err)
			}
			return conn.ConnectionState().DidResume
		}
		if resumed("a.org") || !resumed("a.org") {
			t.Fatalf("%s: a session is resumed on its own listener", tls.VersionName(version))
		}
		if resumed("b.org") {
			t.Fatalf("%s: a session of listener a was resumed on b", tls.VersionName(version))
		}
		if !resumed("b.org") || resumed("a.org") {
			t.Fatalf("%s: and the other way round", tls.VersionName(version))
		}
	}
	cache := &oneSession{}
	ask := func() (*tls.Conn, error) {
		conn, _, err := b.secure(&tls.Config{ServerName: "a.org", ClientSessionCache: cache})
		return conn, err
	}
	if _, err := ask(); err != nil {
		t.Fatal(err)
	}
	b.apply(proxy.Snapshot{Root: s.Root, Chunks: s.Chunks, Endpoints: s.Endpoints, Certificates: map[string]*tls.Certificate{"n/b": s.Certificates["n/b"]}})
	if _, err := ask(); err == nil {
		t.Fatal("a session outlived the listener's last certificate")
	}
}

// TestCertificatesAreSwapped keeps that a new certificate is for new connections, and that those which are open go on.
func TestCertificatesAreSwapped(t *testing.T) {
	s := secureSnapshot(t, config.Listener{Name: "a", Hostname: "a.org"})
	b := start(t, s)
	serial := func(c *tls.Conn) string { return c.ConnectionState().PeerCertificates[0].SerialNumber.String() }
	open, _, err := b.secure(&tls.Config{ServerName: "a.org"})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		before := serial(open)
		s.Certificates = map[string]*tls.Certificate{"n/a": certificate(t, "a.org")}
		b.apply(s)
		if status, err := b.over(open, "a.org"); err != nil || status != 200 {
			t.Fatalf("the open connection: got %d, %v", status, err)
		}
		fresh, status, err := b.secure(&tls.Config{ServerName: "A.Org"})
		if err != nil || status != 200 {
			t.Fatalf("a new connection: got %d, %v", status, err)
		}
		if got := serial(fresh); got == before || got != s.Certificates["n/a"].Leaf.SerialNumber.String() {
			t.Fatalf("a new connection still sees the certificate %s", got)
		}
	}
}

func TestStapleReachesTheClient(t *testing.T) {
	s := secureSnapshot(t, config.Listener{Name: "a", Hostname: "a.org"})
	s.Certificates["n/a"].OCSPStaple = []byte("staple")
	conn, _, err := start(t, s).secure(&tls.Config{ServerName: "a.org"})
	if err != nil || string(conn.ConnectionState().OCSPResponse) != "staple" {
		t.Fatalf("got %v", err)
	}
}

func TestTLSOptions(t *testing.T) {
	const aes, chacha = tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256
	cases := []struct {
		name, reason string
		options      config.TLSOptions
		client       *tls.Config
		fault        string // what the error of Apply names
		fails        bool
		protocol     string
	}{
		{name: "default", reason: "both versions", client: &tls.Config{MaxVersion: tls.VersionTLS12}},
		{name: "old", reason: "nothing before 1.2", client: &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, fails: true},
		{
			name: "minimum", reason: "an old client is refused", options: config.TLSOptions{MinVersion: "1.3"},
			client: &tls.Config{MaxVersion: tls.VersionTLS12}, fails: true,
		},
		{
			name: "maximum", reason: "1.3 is not spoken", options: config.TLSOptions{MaxVersion: "1.2"},
			client: &tls.Config{MinVersion: tls.VersionTLS13}, fails: true,
		},
		{
			name: "suite", reason: "a suite that is not listed is not taken",
			options: config.TLSOptions{CipherSuites: []string{"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"}},
			client:  &tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{aes}}, fails: true,
		},
		{
			name: "listed", reason: "one that is listed is",
			options: config.TLSOptions{CipherSuites: []string{"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"}},
			client:  &tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{aes, chacha}},
		},
		{name: "h2", reason: "HTTP/2 is preferred", client: &tls.Config{NextProtos: []string{"http/1.1", "h2"}}, protocol: "h2"},
		{
			name: "no h2", reason: "HTTP/2 can be switched off", options: config.TLSOptions{ALPN: []string{"http/1.1"}},
			client: &tls.Config{NextProtos: []string{"h2", "http/1.1"}}, protocol: "http/1.1",
		},
		{
			name: "bad version", reason: "defaults stay", options: config.TLSOptions{MinVersion: "1.1"},
			client: &tls.Config{MaxVersion: tls.VersionTLS11}, fault: `"1.1"`, fails: true,
		},
		{
			name: "bad range", reason: "defaults stay", options: config.TLSOptions{MinVersion: "1.3", MaxVersion: "1.2"},
			client: &tls.Config{MaxVersion: tls.VersionTLS12}, fault: "at least 1.3 and at most 1.2",
		},
		{
			name: "broken suite", reason: "RC4 is not to be had",
			options: config.TLSOptions{CipherSuites: []string{"TLS_ECDHE_ECDSA_WITH_RC4_128_SHA"}},
			client:  &tls.Config{MaxVersion: tls.VersionTLS12}, fault: "TLS_ECDHE_ECDSA_WITH_RC4_128_SHA",
		},
		{
			name: "suite of 1.3", reason: "those cannot be chosen", options: config.TLSOptions{CipherSuites: []string{"TLS_AES_128_GCM_SHA256"}},
			fault: "TLS_AES_128_GCM_SHA256",
		},
		{
			name: "bad protocol", reason: "defaults stay", options: config.TLSOptions{ALPN: []string{"http/1.1", "spdy/3"}},
			client: &tls.Config{NextProtos: []string{"h2"}}, fault: `"spdy/3"`, protocol: "h2",
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			b := start(t, secureSnapshot(t, config.Listener{Name: "plain", Hostname: "plain.org"}))
			err := b.Apply(secureSnapshot(t, config.Listener{Name: "shop", Hostname: "a.org", TLS: &config.TLS{Options: c.options}}))
			if c.fault == "" && err != nil || c.fault != "" && (err == nil || !strings.Contains(err.Error(), c.fault) || !strings.Contains(err.Error(), "shop")) {
				t.Fatalf("got the error %v", err)
			}
			if c.client == nil {
				c.client = &tls.Config{}
			}
			c.client.ServerName, c.client.InsecureSkipVerify = "a.org", true
			conn, err := tls.Dial("tcp", b.addr(443), c.client)
			if (err != nil) != c.fails {
				t.Fatalf("%s: got %v", c.reason, err)
			}
			if err != nil {
				return
			}
			defer conn.Close()
			if got := conn.ConnectionState().NegotiatedProtocol; got != c.protocol {
				t.Fatalf("%s: got %q", c.reason, got)
			}
		})
	}
}

// TestHTTP2OffIsOff keeps that a client does not get by its knowledge what it could not negotiate.
func TestHTTP2OffIsOff(t *testing.T) {
	off := &config.TLS{Options: config.TLSOptions{ALPN: []string{"http/1.1"}}}
	b := start(t, secureSnapshot(t, config.Listener{Name: "off", Hostname: "off.org", TLS: off}, config.Listener{Name: "on", Hostname: "on.org"}))
	const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"
	for name, want := range map[string]string{"off.org": "HTTP/1.1 ", "on.org": "\x00\x00"} {
		conn, err := tls.Dial("tcp", b.addr(443), &tls.Config{ServerName: name, InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := io.WriteString(conn, preface); err != nil {
			t.Fatal(err)
		}
		got := make([]byte, len(want))
		if _, err := io.ReadFull(conn, got); err != nil || string(got) != want {
			t.Fatalf("%s: got %q, %v", name, got, err)
		}
	}
}

func pemOf(c *tls.Certificate) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Certificate[0]}))
}

// TestMisdirectedRequests keeps that a connection is for the listener that its server name chose alone, in every version of HTTP.
func TestMisdirectedRequests(t *testing.T) {
	s := secureSnapshot(
		t, config.Listener{Name: "any"}, config.Listener{Name: "second", Hostname: "second.org"},
		config.Listener{Name: "wild", Hostname: "*.wild.org"}, config.Listener{Name: "inner", Hostname: "fourth.wild.org"},
	)
	for i := range s.Root.Listeners {
		s.Root.Listeners[i].HTTP3 = true
	}
	s.Chunks[0].Hosts[0].Hostname = "example.org"
	udp := &packets{}
	b := start(t, s, udp.listen)
	cases := []struct {
		serverName, host string
		want             int
	}{
		{"example.org", "example.org", 200},
		{"example.org", "second.org", 421},
		{"example.org", "unknown.org", 404},
		{"second.org", "second.org", 200},
		{"second.org", "example.org", 421},
		{"second.org", "unknown.org", 421},
		{"third.wild.org", "third.wild.org", 200},
		{"third.wild.org", "fifth.wild.org", 200},
		{"third.wild.org", "a.b.wild.org", 200},
		{"third.wild.org", "fourth.wild.org", 421},
		{"third.wild.org", "second.org", 421},
		{"third.wild.org", "unknown.org", 421},
		{"fourth.wild.org", "fourth.wild.org", 200},
		{"fourth.wild.org", "fifth.wild.org", 421},
		{"unknown.org", "example.org", 200},
		{"unknown.org", "unknown.org", 404},
	}
	for _, c := range cases {
		t.Run(c.serverName+"/"+c.host, func(t *testing.T) {
			h2 := &http.Transport{DialContext: b.dial, ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{ServerName: c.serverName, InsecureSkipVerify: true}}
			defer h2.CloseIdleConnections()
			h1 := &http.Transport{DialContext: b.dial, TLSClientConfig: h2.TLSClientConfig.Clone()}
			defer h1.CloseIdleConnections()
			h3 := udp.client(t)
			h3.Transport.(*http3.Transport).TLSClientConfig.ServerName = c.serverName
			for version, client := range map[int]*http.Client{1: {Transport: h1}, 2: {Transport: h2}, 3: h3} {
				if got := ask(t, client, "https://"+c.host+"/x"); got.StatusCode != c.want || got.ProtoMajor != version {
					t.Errorf("HTTP/%d: got %s, %d", version, got.Proto, got.StatusCode)
				}
			}
		})
	}
}

func TestClientCertificates(t *testing.T) {
	good, stranger := certificate(t, "client"), certificate(t, "stranger")
	auth := func(mode config.ClientAuthMode, ca string) *config.TLS {
		return &config.TLS{ClientAuth: config.ClientAuth{Mode: mode, CA: ca}}
	}
	cases := []struct {
		name, reason string
		tls          *config.TLS
		fault        string
		// none, known and unknown say whether clients without, with a good and with another certificate are served.
		none, known, unknown bool
	}{
		{"none", "nobody is asked", auth("", ""), "", true, true, true},
		{"required", "only good ones", auth(config.ClientAuthRequired, pemOf(good)), "", false, true, false},
		{"optional", "one that is given has to be good", auth(config.ClientAuthOptional, pemOf(good)), "", true, true, false},
		{"no CA", "it does not fail open, least of all to the CAs of the system", auth(config.ClientAuthRequired, ""), "no CA", false, false, false},
		{"bad CA", "a certificate cannot be good", auth(config.ClientAuthOptional, "x"), "no CA", false, false, false},
		{"any", "backends have to judge", auth(config.ClientAuthAny, pemOf(good)), "", true, true, true},
		{"any without a CA", "", auth(config.ClientAuthAny, ""), "", true, true, true},
		{"mode", "a mode that nobody knows asks for more, not less", auth("Maybe", pemOf(good)), `"Maybe"`, false, false, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			b := start(t, secureSnapshot(t, config.Listener{Name: "plain", Hostname: "plain.org"}))
			err := b.Apply(secureSnapshot(t, config.Listener{Name: "shop", Hostname: "a.org", TLS: c.tls}))
			if c.fault == "" && err != nil || c.fault != "" && (err == nil || !strings.Contains(err.Error(), c.fault)) {
				t.Fatalf("got the error %v", err)
			}
			for certificate, want := range map[*tls.Certificate]bool{nil: c.none, good: c.known, stranger: c.unknown} {
				client := &tls.Config{ServerName: "a.org"}
				if certificate != nil {
					client.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return certificate, nil }
				}
				_, status, err := b.secure(client)
				if served := err == nil && status == 200; served != want {
					t.Fatalf("%s: with a certificate: %v, got %d, %v", c.reason, certificate != nil, status, err)
				}
			}
		})
	}
}

// insecure is for clients that take any certificate.
func insecure(serverName string) *tls.Config {
	return &tls.Config{ServerName: serverName, InsecureSkipVerify: true}
}
