package proxy_test

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/dataplane/proxy"
)

// headerV2 is a PROXY header of version 2 of a connection from 203.0.113.7 port 4000.
const headerV2 = "\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c\xcb\x00\x71\x07\x0a\x00\x00\x01\x0f\xa0\x00\x50"

// frontedSnapshot is plainSnapshot with a listener that asks for a PROXY header.
func frontedSnapshot(t *testing.T, header *config.ProxyProtocol) proxy.Snapshot {
	t.Helper()
	s := plainSnapshot([]config.Rule{prefixRule("n/r", "/", "a")}, map[string][]config.Endpoint{"a": {backend(t, echo("a"))}})
	s.Root.Listeners[0].ProxyProtocol = header
	return s
}

// speak sends pieces one after the other and gives the status of the answer, and what the backend saw.
func (b *bed) speak(pieces ...string) (*http.Response, seen) {
	b.t.Helper()
	conn, err := net.Dial("tcp", b.addr(80))
	if err != nil {
		b.t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	for i, piece := range pieces {
		if i > 0 {
			time.Sleep(5 * time.Millisecond)
		}
		if _, err := io.WriteString(conn, piece); err != nil {
			break
		}
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return nil, seen{}
	}
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != 200 {
		return response, seen{}
	}
	return response, reply{response, string(body)}.seen(b.t)
}

func TestProxyProtocol(t *testing.T) {
	b := start(t, frontedSnapshot(t, &config.ProxyProtocol{}), func(o *proxy.Options) { o.HeaderTimeout = 300 * time.Millisecond })
	const request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
	long := "\r\n\r\n\x00\r\nQUIT\n\x20\x00\x0f\xe0" + strings.Repeat("\x00", 0xfe0)
	cases := []struct {
		name, reason string
		pieces       []string
		client       string // "" when the connection is closed
		why          string
	}{
		{"v1", "the address is the header's", []string{"PROXY TCP4 203.0.113.7 10.0.0.1 4000 80\r\n" + request}, "203.0.113.7", ""},
		{"v1 IPv6", "of either family", []string{"PROXY TCP6 2001:db8::1 2001:db8::2 4000 80\r\n" + request}, "2001:db8::1", ""},
		{"v1 unknown", "the peer's, when nothing is told", []string{"PROXY UNKNOWN\r\n" + request}, "127.0.0.1", ""},
		{"v2", "binary", []string{headerV2 + request}, "203.0.113.7", ""},
		{"v2 local", "a health check of the front", []string{"\r\n\r\n\x00\r\nQUIT\n\x20\x00\x00\x00" + request}, "127.0.0.1", ""},
		{"v2 long", "a header of the greatest length", []string{long + request}, "127.0.0.1", ""},
		{"cut", "segments end anywhere", []string{headerV2[:3], headerV2[3:14], headerV2[14:20], headerV2[20:] + request[:5], request[5:]}, "203.0.113.7", ""},
		{"alone", "the header comes before the client speaks", []string{headerV2, request}, "203.0.113.7", ""},
		{"absent", "a client cannot leave it out", []string{request}, "", "no_proxy_header"},
		{"twice", "nor add one of its own", []string{headerV2 + headerV2 + request}, "", ""},
		{"broken", "what cannot be read is not guessed at", []string{"PROXY TCP4 203.0.113.999 10.0.0.1 4000 80\r\n" + request}, "", "bad_proxy_header"},
		{"slow", "the time is bounded", []string{headerV2[:10]}, "", "slow_proxy_header"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			response, got := b.speak(c.pieces...)
			if c.client == "" {
				if response != nil && response.StatusCode < 400 {
					t.Fatalf("%s: got %d", c.reason, response.StatusCode)
				}
				if c.why != "" {
					b.lastReason(c.why)
				}
				return
			}
			if response == nil || got.Header.Get("X-Forwarded-For") != c.client {
				t.Fatalf("%s: got %v, %v", c.reason, response, got.Header)
			}
		})
	}
}

// lastReason waits for a line of the access log with a reason.
func (b *bed) lastReason(reason string) map[string]any {
	b.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		for _, record := range b.log.records(b.t) {
			if record["reason"] == reason {
				return record
			}
		}
	}
	b.t.Fatalf("no line in the access log with the reason %s: %v", reason, b.log.records(b.t))
	return nil
}

// TestTrustBehindAPROXYHeader keeps who is believed: a header is the word of the peer, and what follows it is the client's.
func TestTrustBehindAProxyHeader(t *testing.T) {
	cases := []struct {
		name, reason string
		from         []string
		trusted      []string
		want         string // X-Forwarded-For at the backend; "" when the connection is closed
	}{
		{"nobody", "a client's own word does not count", nil, nil, "203.0.113.7"},
		{"peer", "a trusted front passes on what its client wrote", nil, []string{"127.0.0.0/8"}, "203.0.113.7"},
		{"address", "anyone can write an address into a header", nil, []string{"203.0.113.0/24"}, "203.0.113.7"},
		{"both", "a trusted proxy behind a trusted front", nil, []string{"127.0.0.0/8", "203.0.113.0/24"}, "198.51.100.1, 203.0.113.7"},
		{"from", "a peer that may say so", []string{"10.0.0.0/8", "127.0.0.1/32"}, nil, "203.0.113.7"},
		{"stranger", "a peer that may not", []string{"10.0.0.0/8"}, nil, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := frontedSnapshot(t, &config.ProxyProtocol{From: c.from})
			s.Root.TrustedProxies = c.trusted
			b := start(t, s)
			_, got := b.speak(headerV2 + "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 198.51.100.1\r\n\r\n")
			if got.Header.Get("X-Forwarded-For") != c.want {
				t.Fatalf("%s: got %v", c.reason, got.Header)
			}
			if c.want == "" {
				b.lastReason("untrusted_peer")
			}
		})
	}
}

// TestProxyProtocolOverTLS keeps that the header comes before TLS, and that HTTP/2 knows of it too.
func TestProxyProtocolOverTLS(t *testing.T) {
	b := start(t, secureSnapshot(t, config.Listener{Name: "a", Hostname: "a.org", ProxyProtocol: &config.ProxyProtocol{}}))
	for _, protocol := range []string{"h2", "http/1.1"} {
		transport := &http.Transport{Protocols: new(http.Protocols)}
		transport.Protocols.SetHTTP2(protocol == "h2")
		transport.Protocols.SetHTTP1(protocol != "h2")
		transport.TLSClientConfig = &tls.Config{InsecureSkipVerify: true, NextProtos: []string{protocol}}
		client := http.Client{Transport: transport, Timeout: 10 * time.Second}
		transport.DialContext = b.dialAfter(headerV2)
		response, err := client.Get("https://a.org:443/")
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(response.Body)
		response.Body.Close()
		transport.CloseIdleConnections()
		if got := (reply{response, string(body)}).seen(t); got.Header.Get("X-Forwarded-For") != "203.0.113.7" || response.TLS.NegotiatedProtocol != protocol {
			t.Fatalf("%s: got %v", protocol, got.Header)
		}
	}
}

// TestListenersOfAPortAgree keeps that a listener cannot take away what another one of its port asks for, and that
// a change counts for the next connection.
func TestListenersOfAPortAgree(t *testing.T) {
	s := frontedSnapshot(t, nil)
	b := start(t, s)
	const request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
	if response, _ := b.speak(request); response == nil {
		t.Fatal("without the protocol a request is answered")
	}
	if response, _ := b.speak(headerV2 + request); response != nil && response.StatusCode == 200 {
		t.Fatal("who does not ask for a header takes none")
	}
	with := config.Listener{Name: "with", Port: 80, Protocol: config.HTTP, Hostname: "b.org", ProxyProtocol: &config.ProxyProtocol{From: []string{"127.0.0.0/8"}}}
	s.Root.Listeners = []config.Listener{s.Root.Listeners[0], with}
	if err := b.Apply(s); err == nil || !strings.Contains(err.Error(), "web") || !strings.Contains(err.Error(), "with") || !strings.Contains(err.Error(), "80") {
		t.Fatalf("got the error %v", err)
	}
	if response, _ := b.speak(request); response != nil {
		t.Fatal("one of the listeners asks for a header, so all do")
	}
	if response, _ := b.speak(headerV2 + request); response == nil || response.StatusCode != 200 {
		t.Fatalf("got %v", response)
	}
	other := with
	other.Name, other.Hostname, other.ProxyProtocol = "other", "c.org", &config.ProxyProtocol{From: []string{"10.0.0.0/8", "nonsense"}}
	s.Root.Listeners = []config.Listener{with, other}
	if err := b.Apply(s); err == nil || !strings.Contains(err.Error(), "nonsense") {
		t.Fatalf("got the error %v", err)
	}
	if response, _ := b.speak(headerV2 + request); response != nil {
		t.Fatal("a peer has to be one that both believe")
	}
	b.lastReason("untrusted_peer")
}

// TestShutdownDoesNotWaitForSilence keeps that a connection which has not said who it is holds nothing up.
func TestShutdownDoesNotWaitForSilence(t *testing.T) {
	b := start(t, frontedSnapshot(t, &config.ProxyProtocol{}), func(o *proxy.Options) { o.HeaderTimeout = time.Hour })
	for _, begin := range []string{"", "PROXY TCP4"} {
		conn, err := net.Dial("tcp", b.addr(80))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := io.WriteString(conn, begin); err != nil {
			t.Fatal(err)
		}
	}
	if response, _ := b.speak(headerV2 + "GET / HTTP/1.1\r\nHost: a\r\n\r\n"); response == nil {
		t.Fatal("others are served meanwhile")
	}
	if err := b.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
}
