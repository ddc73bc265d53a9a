package translate

import (
	"crypto/tls"
	"maps"
	"slices"
	"strings"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/internal/ir"
)

// optionDomain is the prefix of our own keys of tls.options.
const optionDomain = "gateway.company.com/"

// Keys of tls.options. Lists are separated by commas.
const (
	optionMinVersion   = optionDomain + "tls-min-version"
	optionMaxVersion   = optionDomain + "tls-max-version"
	optionCipherSuites = optionDomain + "tls-cipher-suites"
	optionALPN         = optionDomain + "tls-alpn"
)

// tlsOptions reads our own keys of tls.options; those of other domains are other implementations'.
func (l *listenerContext) tlsOptions() {
	if l.spec.TLS == nil {
		return
	}
	for _, key := range slices.Sorted(maps.Keys(l.spec.TLS.Options)) {
		if !strings.HasPrefix(string(key), optionDomain) {
			continue
		}
		if l.made.Protocol == protocolHTTPS && l.provider.EndsTLS {
			l.refusef(ir.UnsupportedValue, "tls.options: %s has no meaning where the front ends TLS: remove it", key)
			continue
		}
		next := l.made.TLSOptions
		if fault := setOption(&next, l.made.Protocol, key, string(l.spec.TLS.Options[key])); fault != "" {
			l.refusef(ir.UnsupportedValue, "tls.options: %s: %s", key, fault)
			continue
		}
		l.made.TLSOptions = next
	}
	if o := l.made.TLSOptions; o.MinVersion != "" && o.MaxVersion != "" && o.MinVersion > o.MaxVersion {
		l.refusef(ir.UnsupportedValue, "tls.options: %s is above %s: swap them", optionMinVersion, optionMaxVersion)
	}
}

// setOption sets one option, or says what is wrong with it.
func setOption(options *config.TLSOptions, protocol string, key gatewayv1.AnnotationKey, value string) string {
	switch key {
	case optionMinVersion:
		options.MinVersion = value
		return wrongVersion(value)
	case optionMaxVersion:
		options.MaxVersion = value
		return wrongVersion(value)
	case optionCipherSuites:
		options.CipherSuites = listOf(value)
		for _, name := range options.CipherSuites {
			if !knownCipherSuite(name) {
				return "cipher suite " + name + " is unknown, broken, or none of TLS 1.2: use IANA names"
			}
		}
	case optionALPN:
		options.ALPN = listOf(value)
		unknown := slices.ContainsFunc(options.ALPN, func(name string) bool { return name != "h2" && name != "http/1.1" })
		switch {
		case protocol != protocolHTTPS:
			return "only protocol HTTPS has it: remove it"
		case unknown:
			return "use h2, http/1.1, or both"
		}
	default:
		return "no such option: use tls-min-version, tls-max-version, tls-cipher-suites or tls-alpn"
	}
	return ""
}

func wrongVersion(value string) string {
	if value != "1.2" && value != "1.3" {
		return "use 1.2 or 1.3"
	}
	return ""
}

// listOf reads a list with commas between.
func listOf(value string) []string {
	values := strings.Split(value, ",")
	for i := range values {
		values[i] = strings.TrimSpace(values[i])
	}
	return values
}

// knownCipherSuite says whether a name is that of a sound cipher suite of TLS 1.2.
func knownCipherSuite(name string) bool {
	return slices.ContainsFunc(tls.CipherSuites(), func(suite *tls.CipherSuite) bool {
		return suite.Name == name && slices.Contains(suite.SupportedVersions, tls.VersionTLS12)
	})
}
