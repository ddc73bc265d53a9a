package upstream

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"sync"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/dataplane/socket"
)

// Application protocols (ALPN) of endpoints.
const (
	alpnHTTP1 = "http/1.1"
	alpnHTTP2 = "h2"
)

// ErrHandshake says that an endpoint was reached but TLS with it failed. If its certificate was why, the error is
// a *tls.CertificateVerificationError too.
var ErrHandshake = errors.New("TLS with the endpoint failed")

// Security is TLS to the endpoints of one pool, which have to prove that they are the right ones.
type Security struct {
	config      *tls.Config
	certificate func() *tls.Certificate
}

// NewSecurity makes what a pool asks for. Without a CA that can be read no endpoint is the right one. The certificate is
// asked for at every handshake in which an endpoint asks for ours; nil is for having none.
func NewSecurity(of *config.BackendTLS, certificate func() *tls.Certificate) *Security {
	s := &Security{certificate: certificate, config: &tls.Config{MinVersion: tls.VersionTLS12, ServerName: of.Hostname}}
	if of.CA != "" {
		s.config.RootCAs = x509.NewCertPool() // nil would be the CAs of the system
		s.config.RootCAs.AppendCertsFromPEM([]byte(of.CA))
	}
	s.config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		if own := certificate(); own != nil {
			return own, nil
		}
		return &tls.Certificate{}, nil
	}
	if len(of.Names) > 0 {
		// The hostname is not to be looked for in the certificate, so crypto/tls cannot be the one who looks.
		s.config.InsecureSkipVerify = true
		roots, names := s.config.RootCAs, of.Names
		s.config.VerifyConnection = func(state tls.ConnectionState) error {
			return verify(state.PeerCertificates, roots, names)
		}
	}
	return s
}

// verify says why certificates do not prove one of the names. It is asked for resumed sessions too.
func verify(chain []*x509.Certificate, roots *x509.CertPool, names []config.SubjectName) error {
	if len(chain) == 0 {
		return &tls.CertificateVerificationError{Err: errors.New("no certificate")}
	}
	options := x509.VerifyOptions{Roots: roots, Intermediates: x509.NewCertPool()}
	for _, issuer := range chain[1:] {
		options.Intermediates.AddCert(issuer)
	}
	_, err := chain[0].Verify(options)
	if err == nil && !named(chain[0], names) {
		err = fmt.Errorf("the certificate has none of the names %v", names)
	}
	if err != nil {
		return &tls.CertificateVerificationError{UnverifiedCertificates: chain, Err: err}
	}
	return nil
}

// named says whether a certificate is for one of the names.
func named(leaf *x509.Certificate, names []config.SubjectName) bool {
	for _, name := range names {
		if name.Hostname != "" && leaf.VerifyHostname(name.Hostname) == nil {
			return true
		}
		for _, uri := range leaf.URIs {
			if name.URI != "" && uri.String() == name.URI {
				return true
			}
		}
	}
	return false
}

// Secure puts TLS around a connection to the endpoint, or gives it as it is when its pool asks for none. The
// protocols are offered by ALPN; for what is no HTTP, none. The connection is closed when there is an error,
// which is an ErrHandshake unless the context ended.
func (e *Endpoint) Secure(ctx context.Context, conn *socket.Conn, protocols ...string) (*socket.Conn, error) {
	if e.security == nil {
		return conn, nil
	}
	own := e.security.config.Clone()
	own.NextProtos = protocols
	own.ClientSessionCache = &e.sessions
	e.sessions.hold(e.security.certificate())
	secured := tls.Client(conn, own)
	if err := secured.HandshakeContext(ctx); err != nil {
		_ = conn.Close() // nobody uses it
		if ended := context.Cause(ctx); ended != nil {
			return nil, ended
		}
		return nil, fmt.Errorf("%w: %w", ErrHandshake, err)
	}
	return socket.NewSecured(secured, conn), nil
}

// sessions is the last TLS session with an endpoint. Others know nothing of it, and other pools ask for other proofs.
type sessions struct {
	mutex sync.Mutex
	kept  *tls.ClientSessionState
	// shown is the certificate of ours that the session began with.
	shown *tls.Certificate
}

// hold forgets a session that began with another certificate of ours: it would go on as who we were.
func (s *sessions) hold(certificate *tls.Certificate) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.shown != certificate {
		s.shown, s.kept = certificate, nil
	}
}

// Get implements tls.ClientSessionCache.
func (s *sessions) Get(string) (*tls.ClientSessionState, bool) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.kept, s.kept != nil
}

// Put implements tls.ClientSessionCache.
func (s *sessions) Put(_ string, session *tls.ClientSessionState) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.kept = session
}
