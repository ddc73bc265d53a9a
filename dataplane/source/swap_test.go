package source

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	dataplanev1alpha1 "github.com/fleetgate/fleetgate/apis/dataplane/v1alpha1"
	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/dataplane/proxy"
)

// secured is a proxy with one listener of HTTPS that redirects everything, on a real socket, and the Source that feeds it.
type secured struct {
	t       *testing.T
	api     *api
	at      string
	refused atomic.Int64 // Secrets that could not be read
}

// Handle counts the Secrets that were refused.
func (s *secured) Handle(_ context.Context, r slog.Record) error {
	if strings.HasPrefix(r.Message, "certificate not taken") {
		s.refused.Add(1)
	}
	return nil
}

func (s *secured) Enabled(context.Context, slog.Level) bool { return true }
func (s *secured) WithAttrs([]slog.Attr) slog.Handler       { return s }
func (s *secured) WithGroup(string) slog.Handler            { return s }

func newSecured(t *testing.T) *secured {
	t.Helper()
	s := &secured{t: t, api: newAPI(t)}
	s.api.put("secrets", secret(t, "web", "zero", false))
	s.api.put("proxyconfigs", encoded(t, "gw-0", dataplanev1alpha1.PartChunk, 0, config.Chunk{Version: config.Version, Hosts: []config.Host{{
		Listener: "https", Rules: []config.Rule{{
			Route: "n/r", Matches: []config.Match{{PathKind: config.PathPrefix, Path: "/"}},
			Filters: config.Filters{Redirect: &config.Redirect{Status: http.StatusFound}},
		}},
	}}}))
	s.api.put("proxyconfigs", encoded(t, "gw", dataplanev1alpha1.PartRoot, 0, config.Root{
		Version: config.Version, Gateway: "n/gw", Generation: 1, Chunks: 1,
		Listeners: []config.Listener{{Name: "https", Port: 443, Protocol: config.HTTPS, TLS: &config.TLS{Secrets: []string{"n/web"}}}},
	}))
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.at = l.Addr().String()
	p := proxy.New(proxy.Options{Listen: func(context.Context, int32) (net.Listener, error) { return l, nil }, DrainTimeout: time.Second})
	follow, err := New(Options{
		Config: s.api.config(), Name: "gw", Namespace: "n", Pod: "gw-pod-1", Apply: p.Apply, Log: slog.New(s),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { follow.Run(ctx) })
	running.Go(func() { _ = p.Run(ctx) }) // what is still open at the end is cut off
	t.Cleanup(func() { cancel(); running.Wait() })
	return s
}

// handshake opens a connection and makes a request; it gives the name in the certificate.
func (s *secured) handshake() (*tls.Conn, string, error) {
	raw, err := net.DialTimeout("tcp", s.at, 20*time.Second)
	if err != nil {
		return nil, "", err
	}
	_ = raw.SetDeadline(time.Now().Add(30 * time.Second))
	conn := tls.Client(raw, &tls.Config{ServerName: "a.org", InsecureSkipVerify: true})
	if err := conn.Handshake(); err != nil {
		_ = raw.Close()
		return nil, "", err
	}
	return conn, conn.ConnectionState().PeerCertificates[0].DNSNames[0], nil
}

func ask(conn net.Conn) error {
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
	if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: a.org\r\n\r\n"); err != nil {
		return err
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusFound {
		return fmt.Errorf("status %d", response.StatusCode)
	}
	_, err = io.Copy(io.Discard, response.Body)
	return err
}

// until waits until new connections see a certificate.
func (s *secured) until(name string) {
	s.t.Helper()
	seen := ""
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		conn, got, err := s.handshake()
		if err == nil {
			_ = conn.Close()
		}
		if seen = fmt.Sprint(got, " ", err); got == name {
			return
		}
	}
	s.t.Fatalf("new connections see %s, want %s", seen, name)
}

// load is what clients do meanwhile, until it is stopped.
type load struct {
	stop     chan struct{}
	running  sync.WaitGroup
	counts   [2]atomic.Int64 // handshakes, requests on connections that stay open
	mutex    sync.Mutex
	failures []string
}

func (l *load) start(s *secured) {
	for range 2 {
		l.running.Go(func() {
			l.repeat(0, func() error {
				conn, _, err := s.handshake()
				if err != nil {
					return err
				}
				defer func() { _ = conn.Close() }()
				return ask(conn)
			})
		})
		conn, _, err := s.handshake()
		if err != nil {
			s.t.Fatal(err)
		}
		l.running.Go(func() {
			defer func() { _ = conn.Close() }()
			l.repeat(1, func() error { return ask(conn) })
		})
	}
}

// repeat counts successes until the load stops, or the first failure.
func (l *load) repeat(what int, once func() error) {
	for {
		select {
		case <-l.stop:
			return
		default:
		}
		if err := once(); err != nil {
			l.mutex.Lock()
			defer l.mutex.Unlock()
			l.failures = append(l.failures, err.Error())
			return
		}
		l.counts[what].Add(1)
		time.Sleep(time.Millisecond)
	}
}

// beyond waits until some more of everything was done.
func (l *load) beyond(n int64) {
	first, second := l.counts[0].Load()+n, l.counts[1].Load()+n
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		l.mutex.Lock()
		failed := len(l.failures) > 0
		l.mutex.Unlock()
		if failed || l.counts[0].Load() >= first && l.counts[1].Load() >= second {
			return
		}
	}
}

// TestSecretsAreSwappedUnderLoad has a Secret become another good one, a broken one, half of one and a good one again, while
// clients connect and others keep their connections: nobody fails, and what is broken leaves the last good one.
func TestSecretsAreSwappedUnderLoad(t *testing.T) {
	s := newSecured(t)
	s.until("zero")
	l := &load{stop: make(chan struct{})}
	l.start(s)
	for round := range 8 {
		one, other := fmt.Sprintf("one-%d", round), fmt.Sprintf("other-%d", round)
		s.api.put("secrets", secret(t, "web", one, false))
		s.until(one)
		now := secret(t, "web", other, false)
		s.api.put("secrets", now)
		s.until(other)
		refused := s.refused.Load()
		half := secret(t, "web", "half", false)
		half.Data[corev1.TLSPrivateKeyKey] = now.Data[corev1.TLSPrivateKeyKey]
		for i, bad := range []*corev1.Secret{secret(t, "web", "broken", true), half} {
			s.api.put("secrets", bad)
			for deadline := time.Now().Add(30 * time.Second); s.refused.Load() == refused+int64(i); time.Sleep(time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatal("nobody says that the certificate was not taken")
				}
			}
			l.beyond(3)
			s.until(other)
		}
	}
	close(l.stop)
	l.running.Wait()
	if len(l.failures) > 0 {
		t.Errorf("failed: %v", l.failures)
	}
	t.Logf("%d handshakes, %d requests on connections that stayed open", l.counts[0].Load(), l.counts[1].Load())
}
