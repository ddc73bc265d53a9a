package proxy

import (
	"crypto/tls"
	"errors"
	"sync"

	"github.com/fleetgate/fleetgate/dataplane/config"
)

// tlsConfig picks what a listener says by the name that the client asks for. Every listener has a
// tls.Config of its own for as long as the port is open: session tickets are made with keys that
// belong to it and change every day, so that a session of one listener is never resumed on another.
func (p *Proxy) tlsConfig(port int32) *tls.Config {
	byListener := &listenerConfigs{proxy: p, port: port, configs: map[string]*tls.Config{}}
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			listener := p.state.Load().table.Listener(port, hello.ServerName)
			if listener == nil || listener.TLS == nil {
				return nil, errNoCertificate
			}
			return byListener.of(listener), nil
		},
	}
}

// listenerConfigs are the tls.Configs of a port, by listener.
type listenerConfigs struct {
	proxy   *Proxy
	port    int32
	mutex   sync.Mutex
	configs map[string]*tls.Config
}

func (l *listenerConfigs) of(listener *config.Listener) *tls.Config {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if known := l.configs[listener.Name]; known != nil {
		return known
	}
	made := &tls.Config{
		MinVersion: tls.VersionTLS12,
		NextProtos: []string{"h2", "http/1.1"},
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			return l.proxy.state.Load().certificate(l.port, hello)
		},
	}
	l.configs[listener.Name] = made
	return made
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
