package config

// TLS says what a listener does with TLS.
type TLS struct {
	// Secrets are "namespace/name" of Secrets of type kubernetes.io/tls, in order of preference.
	// Without meaning when Passthrough is set.
	Secrets []string `json:"secrets"`
	// Passthrough says that TLS is not ended: connections are passed on as they are, to a backend of
	// the first rule of the host that the client names (SNI). It needs Protocol TLSProtocol.
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
// the handshake, unless the mode is Any.
const (
	ClientAuthNone     ClientAuthMode = ""
	ClientAuthOptional ClientAuthMode = "Optional"
	ClientAuthRequired ClientAuthMode = "Required"
	// ClientAuthAny asks for a certificate and lets in clients that show none, or one that is not good
	// (AllowInsecureFallback of Gateway API): backends have to judge.
	ClientAuthAny ClientAuthMode = "Any"
)

// BackendTLS is how the proxy makes sure that it speaks to the right backend (BackendTLSPolicy of Gateway API).
type BackendTLS struct {
	// Hostname is sent as SNI, and has to be in the backend's certificate if Names is empty.
	Hostname string `json:"hostname"`
	// Names are subject alternative names of which the certificate has to have one. Hostname need not be in it then.
	Names []SubjectName `json:"names,omitempty"`
	// CA is the certificates that the backend's is verified against, in PEM; "" for those of the system.
	CA string `json:"ca,omitempty"`
}

// SubjectName is a subject alternative name: one of the two is set.
type SubjectName struct {
	// Hostname is in lower case; the certificate's wildcards match.
	Hostname string `json:"hostname,omitempty"`
	URI      string `json:"uri,omitempty"`
}
