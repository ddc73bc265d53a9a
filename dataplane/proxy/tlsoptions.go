package proxy

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"

	"github.com/fleetgate/fleetgate/dataplane/config"
)

// Application protocols (ALPN).
const (
	alpnHTTP2 = "h2"
	alpnHTTP1 = "http/1.1"
)

// tlsConfigOf makes what a listener asks for. An error names a value that is not understood: what
// it is of keeps its default, which for client certificates is that nobody has a good one.
func tlsConfigOf(t *config.TLS) (*tls.Config, []error) {
	made := &tls.Config{MinVersion: tls.VersionTLS12}
	errs := errorsOf(
		setVersions(made, t.Options),
		setCipherSuites(made, t.Options.CipherSuites),
		setALPN(made, t.Options.ALPN),
		setClientAuth(made, t.ClientAuth),
	)
	return made, errs
}

func errorsOf(all ...error) []error {
	return slices.DeleteFunc(all, func(err error) bool { return err == nil })
}

func sameOptions(a, b config.TLSOptions) bool {
	return a.MinVersion == b.MinVersion && a.MaxVersion == b.MaxVersion &&
		slices.Equal(a.CipherSuites, b.CipherSuites) && slices.Equal(a.ALPN, b.ALPN)
}

var tlsVersions = map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13}

func setVersions(made *tls.Config, o config.TLSOptions) error {
	least, most := uint16(tls.VersionTLS12), uint16(tls.VersionTLS13)
	var errs [2]error
	if o.MinVersion != "" {
		least, errs[0] = tlsVersion("minimum", o.MinVersion, least)
	}
	if o.MaxVersion != "" {
		most, errs[1] = tlsVersion("maximum", o.MaxVersion, most)
	}
	if least > most {
		return fmt.Errorf("no TLS version is at least %s and at most %s", o.MinVersion, o.MaxVersion)
	}
	made.MinVersion, made.MaxVersion = least, most
	return errors.Join(errs[:]...)
}

func tlsVersion(which, name string, otherwise uint16) (uint16, error) {
	if version, ok := tlsVersions[name]; ok {
		return version, nil
	}
	return otherwise, fmt.Errorf("%s TLS version %q is not 1.2 or 1.3", which, name)
}

func setCipherSuites(made *tls.Config, names []string) error {
	var ids []uint16
	for _, name := range names {
		i := slices.IndexFunc(tls.CipherSuites(), func(suite *tls.CipherSuite) bool {
			return suite.Name == name && slices.Contains(suite.SupportedVersions, tls.VersionTLS12)
		})
		if i < 0 {
			return fmt.Errorf("cipher suite %q is unknown, broken, or none of TLS 1.2", name)
		}
		ids = append(ids, tls.CipherSuites()[i].ID)
	}
	made.CipherSuites = ids
	return nil
}

func setALPN(made *tls.Config, protocols []string) error {
	made.NextProtos = []string{alpnHTTP2, alpnHTTP1}
	for _, protocol := range protocols {
		if !slices.Contains(made.NextProtos, protocol) {
			return fmt.Errorf("application protocol %q is not h2 or http/1.1", protocol)
		}
	}
	if len(protocols) > 0 {
		made.NextProtos = slices.Clone(protocols)
	}
	return nil
}

// setClientAuth asks for certificates. Without a CA that can be read, or with a mode that is not
// known, no certificate is good, so that nothing fails open.
func setClientAuth(made *tls.Config, a config.ClientAuth) error {
	if a.Mode == config.ClientAuthNone {
		return nil
	}
	made.ClientAuth = tls.RequireAndVerifyClientCert
	made.ClientCAs = x509.NewCertPool() // nil would be the CAs of the system
	switch {
	case a.Mode == config.ClientAuthAny:
		made.ClientAuth = tls.RequestClientCert
		made.ClientCAs.AppendCertsFromPEM([]byte(a.CA)) // a hint for clients which one to show
	case a.Mode != config.ClientAuthOptional && a.Mode != config.ClientAuthRequired:
		return fmt.Errorf("client certificates: mode %q is not Optional, Required or Any", a.Mode)
	case !made.ClientCAs.AppendCertsFromPEM([]byte(a.CA)):
		return errors.New("client certificates: no CA can be read")
	case a.Mode == config.ClientAuthOptional:
		made.ClientAuth = tls.VerifyClientCertIfGiven
	}
	return nil
}
