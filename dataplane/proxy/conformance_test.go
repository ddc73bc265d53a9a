package proxy_test

import (
	"crypto/tls"
	"net"
	"strconv"
	"strings"
	"testing"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/dataplane/http2/http2test"
)

// TestHTTP2Conformance holds the listeners against h2spec, with a request's whole way behind them.
func TestHTTP2Conformance(t *testing.T) {
	s := plainSnapshot([]config.Rule{prefixRule("n/all", "/", "p")}, map[string][]config.Endpoint{"p": {backend(t, echo("p"))}})
	s.Root.Listeners = append(s.Root.Listeners, config.Listener{Name: "tls", Port: 443, Protocol: config.HTTPS, TLS: &config.TLS{Secrets: []string{"n/tls"}}})
	s.Chunks[0].Hosts = append(s.Chunks[0].Hosts, config.Host{Listener: "tls", Rules: s.Chunks[0].Hosts[0].Rules})
	s.Certificates = map[string]*tls.Certificate{"n/tls": certificate(t, "127.0.0.1")}
	b := start(t, s)
	for _, c := range []struct {
		name, reason string
		port         int32
		secure       bool
		except       []string
	}{
		{"h2c", "what is not the preface is HTTP/1.1 there, see the end", 80, false, []string{"Sends invalid connection preface"}},
		{"h2", "who has agreed on HTTP/2 is held to it", 443, true, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, text, err := net.SplitHostPort(b.addr(c.port))
			if err != nil {
				t.Fatal(err)
			}
			port, err := strconv.Atoi(text)
			if err != nil {
				t.Fatal(err)
			}
			http2test.Conform(t, port, c.secure, c.except...)
		})
	}
	if got := b.raw("INVALID CONNECTION PREFACE\r\n\r\n"); !strings.HasPrefix(got, "HTTP/1.1 400") {
		t.Errorf("a plain listener answers what is neither as HTTP/1.1, and closes: got %q", got)
	}
}
