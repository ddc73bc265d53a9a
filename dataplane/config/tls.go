package config

// TLS says what a listener does with TLS.
type TLS struct {
	// Secrets are "namespace/name" of Secrets of type kubernetes.io/tls, in order of preference.
	// Without meaning when Passthrough is set.
	Secrets []string `json:"secrets"`
	// Passthrough says that TLS is not ended: connections are passed on as they are, to a backend of
	// the first rule of the host that the client names (SNI). It goes with Protocol TLSProtocol.
	Passthrough bool       `json:"passthrough,omitempty"`
	Options     TLSOptions `json:"options,omitzero"`
	ClientAuth  ClientAuth `json:"clientAuth,omitzero"`
}

// TLSOptions bound what is negotiated with clients. The zero value is a safe default.
type TLSOptions struct {
	// MinVersion and MaxVersion are "1.2" or "1.3"; "" for 1.2 and 1.3.
	MinVersion string `json:"minVersion,omitempty"`
	MaxVersion string `json:"maxVersion,omitempty"`
	// CipherSuites are those of TLS 1.2 by their IANA names; none for a safe default. Order has no
	// meaning, those of TLS 1.3 cannot be chosen, and broken ones are refused.
	CipherSuites []string `json:"cipherSuites,omitempty"`
	// ALPN are the application protocols in order of preference: of "h2" and "http/1.1". None for
	// both; without "h2" the listener speaks no HTTP/2.
	ALPN []string `json:"alpn,omitempty"`
}

// IsZero says that all is default, whether or not lists are nil.
func (o TLSOptions) IsZero() bool {
	return o.MinVersion == "" && o.MaxVersion == "" && len(o.CipherSuites) == 0 && len(o.ALPN) == 0
}

// ClientAuth asks clients for certificates. The zero value does not.
type ClientAuth struct {
	Mode ClientAuthMode `json:"mode,omitempty"`
	// CA is the certificates that clients' are verified against, in PEM.
	CA string `json:"ca,omitempty"`
}

// ClientAuthMode is whether a client needs a certificate.
type ClientAuthMode string

// Whether a client needs a certificate. One that is given is verified; one that is not good ends
// the handshake in either mode.
const (
	ClientAuthNone     ClientAuthMode = ""
	ClientAuthOptional ClientAuthMode = "Optional"
	ClientAuthRequired ClientAuthMode = "Required"
)
