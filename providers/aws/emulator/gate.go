package emulator

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// gate is one listener of one load balancer with its socket. Its configuration is swapped, its socket stays.
type gate struct {
	plane  *plane
	socket net.Listener
	server *http.Server
	config atomic.Pointer[gateConfig]
}

type gateConfig struct {
	front    front
	listener frontListener
	tls      *tls.Config
}

func (c *gateConfig) same(other *gateConfig) bool {
	return c.front.equal(other.front) && reflect.DeepEqual(c.listener, other.listener)
}

// keeps tells whether the socket can serve the configuration.
func (g *gate) keeps(c *gateConfig) bool {
	now := g.config.Load()
	return now.front.arn == c.front.arn && now.front.idle == c.front.idle && now.listener.secure == c.listener.secure
}

func (p *plane) newGate(address string, c *gateConfig) (*gate, error) {
	socket, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", address)
	if err != nil {
		return nil, err
	}
	g := &gate{plane: p, socket: socket}
	g.config.Store(c)
	g.server = &http.Server{
		Handler: g, IdleTimeout: c.front.idle, ReadHeaderTimeout: c.front.idle,
		ErrorLog: log.New(io.Discard, "", 0), // a client's broken handshake is not ours to report
	}
	guarded := guardedListener{socket, g}
	p.running.Go(func() {
		var err error
		if c.listener.secure {
			g.server.TLSConfig = &tls.Config{GetConfigForClient: g.tlsForClient, NextProtos: []string{"h2", "http/1.1"}}
			err = g.server.ServeTLS(guarded, "", "")
		} else {
			err = g.server.Serve(guarded)
		}
		if !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
			p.opts.Log.Error("a listener stopped", "address", address, "error", err)
		}
	})
	p.opts.Log.Info("listening", "address", address, "loadBalancer", c.front.arn)
	return g, nil
}

// close frees the port at once; what is in flight may finish, unless the whole plane stops.
func (g *gate) close() {
	_ = g.socket.Close() // it is closed either way
	g.plane.running.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		defer g.plane.onStop(cancel)()
		if g.server.Shutdown(ctx) != nil {
			_ = g.server.Close() // nothing more can be done
		}
	})
}

// guardedListener keeps out whom the security groups keep out.
type guardedListener struct {
	net.Listener
	gate *gate
}

func (l guardedListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil || !l.gate.plane.opts.DataPlane.EnforceSecurityGroups || l.gate.config.Load().admits(conn.RemoteAddr()) {
			return conn, err
		}
		_ = conn.Close() // AWS would not answer at all; a test need not wait for that
	}
}

func (c *gateConfig) admits(client net.Addr) bool {
	at, err := netip.ParseAddrPort(client.String())
	return err == nil && slices.ContainsFunc(c.front.rules, func(rule groupRule) bool {
		return rule.matches(c.listener.port, at.Addr().Unmap())
	})
}

func (g *gate) tlsForClient(*tls.ClientHelloInfo) (*tls.Config, error) {
	return g.config.Load().tls, nil
}

// tlsConfig has the listener's certificates and the versions of its policy. The caller holds mu.
func (p *plane) tlsConfig(c *gateConfig) (*tls.Config, error) {
	var certificates []*tls.Certificate
	for _, one := range c.listener.certificates {
		parsed := p.pairs[one]
		if parsed == nil {
			kp, err := tls.X509KeyPair([]byte(one.certificate), []byte(one.key))
			if err != nil {
				return nil, fmt.Errorf("reading a certificate: %w", err)
			}
			parsed = &kp
			p.pairs[one] = parsed
		}
		certificates = append(certificates, parsed)
	}
	if len(certificates) == 0 {
		return nil, errors.New("the listener has no certificate")
	}
	versions := sslPolicies[c.listener.policy]
	out := &tls.Config{
		NextProtos: []string{"http/1.1"},
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			return chooseCertificate(certificates, hello.ServerName), nil
		},
	}
	if len(versions) > 0 {
		out.MinVersion, out.MaxVersion = tlsVersions[versions[0]], tlsVersions[versions[len(versions)-1]]
	}
	if c.front.http2 {
		out.NextProtos = []string{"h2", "http/1.1"}
	}
	return out, nil
}

// chooseCertificate prefers a certificate with the very name to one with a wildcard for it, and either to the default.
func chooseCertificate(all []*tls.Certificate, name string) *tls.Certificate {
	if name == "" {
		return all[0]
	}
	matches := []func(*x509.Certificate) bool{
		func(leaf *x509.Certificate) bool {
			return slices.ContainsFunc(leaf.DNSNames, func(n string) bool { return strings.EqualFold(n, name) })
		},
		func(leaf *x509.Certificate) bool { return leaf.VerifyHostname(name) == nil },
	}
	for _, match := range matches {
		for _, c := range all {
			if match(c.Leaf) {
				return c
			}
		}
	}
	return all[0]
}
