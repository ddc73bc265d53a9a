package proxy

import (
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/dataplane/http3"
)

// ending is how one listener ends TLS. It stays the same as long as the listener does, whatever
// certificates come and go.
type ending struct {
	of     config.Listener
	config *tls.Config
	http2  bool
	errs   []error
	tickets
	// quic and its tickets are for HTTP/3, so that a session of TCP is not resumed there.
	quic        *tls.Config
	quicTickets tickets
}

// endings gives what the listeners of a root need to end TLS. Those that did not change are kept.
func (p *Proxy) endings(before *state, root *config.Root) (map[string]*ending, []error) {
	made := map[string]*ending{}
	var errs []error
	for i := range root.Listeners {
		l := &root.Listeners[i]
		if l.TLS == nil || l.TLS.Passthrough || l.Protocol == config.TCP || l.Protocol == config.UDP {
			continue
		}
		var e *ending
		if before != nil {
			e = before.endings[l.Name]
		}
		if e == nil || !e.serves(l) {
			e = p.ending(l)
		}
		made[l.Name] = e
		errs = append(errs, e.errs...)
	}
	return made, errs
}

func (p *Proxy) ending(l *config.Listener) *ending {
	e := &ending{of: *l}
	e.config, e.errs = tlsConfigOf(l.TLS)
	if l.Protocol == config.TLSProtocol && len(l.TLS.Options.ALPN) == 0 {
		e.config.NextProtos = nil // only the backend knows what is within
	}
	for i, err := range e.errs {
		e.errs[i] = fmt.Errorf("listener %s: %w", l.Name, err)
	}
	for _, protocol := range e.config.NextProtos {
		e.http2 = e.http2 || protocol == alpnHTTP2
	}
	e.config.GetCertificate = func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		return p.state.Load().certificate(l.Name, hello), nil
	}
	e.quic = e.config.Clone()
	e.quic.MinVersion, e.quic.NextProtos = tls.VersionTLS13, []string{http3.ALPN}
	return e
}

// serves says whether a listener is the one that this was made for, but for its Secrets.
func (e *ending) serves(l *config.Listener) bool {
	a, b := *e.of.TLS, *l.TLS
	return e.of.Port == l.Port && e.of.Protocol == l.Protocol && e.of.Hostname == l.Hostname && a.ClientAuth == b.ClientAuth && sameOptions(a.Options, b.Options)
}

// tlsConfig picks what a listener says by the name that the client asks for. A name that no listener has, or
// that no route of a listener of TLS has, is refused as unrecognized, since there is no certificate for it.
func (p *Proxy) tlsConfig(port int32) *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		// Tickets made with keys of the port would be taken by all its listeners.
		SessionTicketsDisabled: true,
		GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			s := p.state.Load()
			name := strings.ToLower(hello.ServerName)
			listener := s.table.Listener(port, name)
			if listener == nil || listener.Protocol == config.TLSProtocol && s.table.Layer4(listener.Name, name) == nil {
				return nil, nil
			}
			e := s.endings[listener.Name]
			if e == nil || !s.hasCertificate(listener) {
				return nil, nil
			}
			return e.config, e.renew(e.config, time.Now())
		},
	}
}

// quicConfig is what tlsConfig is, for the listeners with HTTP/3.
func (p *Proxy) quicConfig(port int32) *tls.Config {
	return &tls.Config{
		MinVersion:             tls.VersionTLS13,
		NextProtos:             []string{http3.ALPN},
		SessionTicketsDisabled: true,
		GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			s := p.state.Load()
			listener := s.table.Listener(port, strings.ToLower(hello.ServerName))
			if listener == nil || !servesHTTP3(listener) {
				return nil, nil
			}
			e := s.endings[listener.Name]
			if e == nil || !s.hasCertificate(listener) {
				return nil, nil
			}
			return e.quic, e.quicTickets.renew(e.quic, time.Now())
		},
	}
}

// allowsHTTP2 says whether the listener for a server name speaks HTTP/2 with a client that negotiates nothing.
func (p *Proxy) allowsHTTP2(port int32, serverName string) bool {
	s := p.state.Load()
	listener := s.table.Listener(port, serverName)
	if listener == nil {
		return false
	}
	e := s.endings[listener.Name]
	return e != nil && e.http2
}

// misdirected says whether a connection that was made for one listener asks for what is another's.
func (x *exchange) misdirected() bool {
	c, l := x.client, x.result.Listener
	return c.secure && (x.state.table.Listener(c.server.port, c.serverName) != l || c.http3 != nil && !servesHTTP3(l))
}

// hasCertificate says whether a listener has any: without one, sessions that began with one are not
// resumed either.
func (s *state) hasCertificate(listener *config.Listener) bool {
	for _, secret := range listener.TLS.Secrets {
		if s.snapshot.Certificates[secret] != nil {
			return true
		}
	}
	return false
}

// certificate gives the first certificate of a listener that suits the client, else the first there
// is, else nil.
func (s *state) certificate(name string, hello *tls.ClientHelloInfo) (first *tls.Certificate) {
	listener := s.listeners[name]
	if listener == nil || listener.TLS == nil {
		return nil
	}
	for _, secret := range listener.TLS.Secrets {
		certificate := s.snapshot.Certificates[secret]
		if certificate == nil {
			continue
		}
		if hello.SupportsCertificate(certificate) == nil {
			return certificate
		}
		if first == nil {
			first = certificate
		}
	}
	return first
}

const (
	// ticketTime is for how long one key makes session tickets, ticketKeys how many are remembered: a
	// ticket is good for a week at most (RFC 8446 section 4.6.1).
	ticketTime = 24 * time.Hour
	ticketKeys = 7
)

// tickets are the keys of a listener's session tickets. crypto/tls would take those of the port, by which a
// session of one listener could be resumed on another, past what that asks of its clients.
type tickets struct {
	mutex sync.Mutex
	keys  [][32]byte
	since time.Time
}

// renew gives a tls.Config a new key when it is time for it.
func (t *tickets) renew(c *tls.Config, now time.Time) error {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if len(t.keys) > 0 && now.Sub(t.since) < ticketTime {
		return nil
	}
	var key [32]byte
	if _, err := rand.Read(key[:]); err != nil {
		return errors.New("no randomness for a session ticket key")
	}
	t.keys = append([][32]byte{key}, t.keys[:min(len(t.keys), ticketKeys-1)]...)
	t.since = now
	c.SetSessionTicketKeys(t.keys)
	return nil
}
