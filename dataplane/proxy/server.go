package proxy

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"

	"github.com/fleetgate/fleetgate/dataplane/config"
)

// server serves one listener port.
type server struct {
	http *http.Server
	tls  bool
	done chan struct{}
}

// listen binds the ports that are new and retires those that are gone. Ports that stay are not touched.
func (p *Proxy) listen(root *config.Root) error {
	wanted := map[int32]bool{}
	for i := range root.Listeners {
		l := &root.Listeners[i]
		wanted[l.Port] = wanted[l.Port] || l.TLS != nil
	}
	for port, s := range p.servers {
		if withTLS, ok := wanted[port]; !ok || withTLS != s.tls {
			// Without a deadline: what is in flight on a port that is gone may end in its own time.
			p.retire(context.Background(), port)
		}
	}
	var errs []error
	for port, withTLS := range wanted {
		if p.servers[port] != nil {
			continue
		}
		if err := p.open(port, withTLS); err != nil {
			errs = append(errs, fmt.Errorf("listen on port %d: %w", port, err))
		}
	}
	return errors.Join(errs...)
}

func (p *Proxy) open(port int32, withTLS bool) error {
	listener, err := p.options.Listen(context.Background(), port)
	if err != nil {
		return err
	}
	s := &server{http: p.newServer(port), tls: withTLS, done: make(chan struct{})}
	p.servers[port] = s
	if withTLS {
		s.http.TLSConfig = p.tlsConfig(port)
	}
	go func() {
		defer close(s.done)
		err := s.serve(listener)
		if err != nil && !errors.Is(err, http.ErrServerClosed) {
			p.options.Log.Error("listener failed", "port", port, "error", err)
		}
	}()
	return nil
}

func (s *server) serve(listener net.Listener) error {
	if s.tls {
		return s.http.ServeTLS(listener, "", "")
	}
	return s.http.Serve(listener)
}

func (p *Proxy) newServer(port int32) *http.Server {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	protocols.SetUnencryptedHTTP2(true)
	return &http.Server{
		Handler:                      http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { p.serve(port, w, r) }),
		Protocols:                    protocols,
		HTTP2:                        &http.HTTP2Config{MaxConcurrentStreams: 100, MaxReceiveBufferPerStream: 64 << 10, MaxReceiveBufferPerConnection: 1 << 20},
		ReadHeaderTimeout:            p.options.HeaderTimeout,
		IdleTimeout:                  p.options.IdleTimeout,
		MaxHeaderBytes:               p.options.MaxHeaderBytes,
		DisableGeneralOptionsHandler: true,
		ErrorLog:                     log.New(quiet{p.options.Log, port}, "", 0),
	}
}

// retire closes a port's listener and lets its requests end in the background, at the latest when
// the context ends.
func (p *Proxy) retire(ctx context.Context, port int32) {
	s := p.servers[port]
	delete(p.servers, port)
	closed := make(chan struct{})
	s.http.RegisterOnShutdown(func() { close(closed) })
	p.retired.Go(func() {
		if err := s.http.Shutdown(ctx); err != nil {
			_ = s.http.Close() // the time is over: cut what is left
		}
		<-s.done
	})
	<-closed
}

// quiet turns messages of net/http, which clients cause, into debug messages.
type quiet struct {
	log  *slog.Logger
	port int32
}

func (q quiet) Write(message []byte) (int, error) {
	q.log.Debug("http", "port", q.port, "message", string(message))
	return len(message), nil
}

// tlsConfig picks certificates by the listener that the client names, from the configuration in force.
func (p *Proxy) tlsConfig(port int32) *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		NextProtos: []string{"h2", "http/1.1"},
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			return p.state.Load().certificate(port, hello)
		},
	}
}

var errNoCertificate = errors.New("no certificate for this server name")

// certificate gives the first certificate of the listener that suits the client, else the first there is.
func (s *state) certificate(port int32, hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	listener := s.table.Listener(port, hello.ServerName)
	if listener == nil || listener.TLS == nil {
		return nil, errNoCertificate
	}
	var first *tls.Certificate
	for _, secret := range listener.TLS.Secrets {
		certificate := s.snapshot.Certificates[secret]
		if certificate == nil {
			continue
		}
		if hello.SupportsCertificate(certificate) == nil {
			return certificate, nil
		}
		if first == nil {
			first = certificate
		}
	}
	if first == nil {
		return nil, errNoCertificate
	}
	return first, nil
}
