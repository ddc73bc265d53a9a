package proxy

import "time"

// Record is what is known of one request when it is over.
type Record struct {
	Start    time.Time
	Duration time.Duration
	// Gateway and Listener are names from the configuration; Listener is "" when none took the request.
	Gateway, Listener string
	// Method, Host and Path are as the client sent them: not to be trusted.
	Method, Host, Path string
	Status             int
	// Route is "namespace/name", Rule the rule's name or number, Backend the key of the pool and
	// Endpoint the address that answered; each is "" when the request did not get that far.
	Route, Rule, Backend, Endpoint string
	// Attempts is how many times an endpoint was tried, Failures how many of these gave no response.
	Attempts, Failures int
	// Reason says why the proxy itself answered, or why the exchange ended early; else "".
	Reason string
	// RequestID is the value of X-Request-Id that the backend saw.
	RequestID string
	// Relayed is set when this is no request but a connection, or a session of UDP, that was passed on: Host is
	// the server name if there was one, and there is no Method, Path or Status.
	Relayed *Relayed
	// Series is what the observer gave for this Route and Backend, nil if it was not asked.
	Series any
}

// Relayed is what was passed on.
type Relayed struct {
	// UDP says that it was a session of UDP.
	UDP bool
	// Up and Down are bytes to and from the backend, DatagramsUp and DatagramsDown the datagrams that had them.
	Up, Down                   int64
	DatagramsUp, DatagramsDown int64
}

// Observer is told what happens. Its methods are called by many goroutines and must not block.
type Observer interface {
	// Series is called once for a rule and one of its backends, and not at every request: what it
	// gives comes with their records. It may be called again for equal names.
	Series(route, backend string) any
	// Exchanged is called at the end of every request, and of every connection that never became one;
	// record must not be kept.
	Exchanged(record *Record)
	// Mirrored is called for every request that a mirror was due for, and says what became of it:
	// one of the Mirror constants.
	Mirrored(route, outcome string)
	// Applied is called when a configuration is in force.
	Applied(generation int64, revision uint64, names Names)
	// LogDropped is called when lines of the access log were not written.
	LogDropped(lines int)
}

// Names says which names records of a configuration can have. It is valid during a call only.
type Names struct {
	Route, Backend func(name string) bool
}

// What becomes of a mirrored request.
const (
	MirrorSent    = "sent"
	MirrorFailed  = "failed"
	MirrorDropped = "dropped" // too many under way, no endpoint, or a body too large to keep
)

type nobody struct{}

func (nobody) Series(string, string) any    { return nil }
func (nobody) Exchanged(*Record)            {}
func (nobody) Mirrored(string, string)      {}
func (nobody) Applied(int64, uint64, Names) {}
func (nobody) LogDropped(int)               {}

// Reasons for responses of the proxy itself, and for exchanges that ended early.
const (
	ReasonBadHost       = "bad_host"
	ReasonBadPath       = "bad_path"
	ReasonBadHeader     = "bad_header"
	ReasonBadMethod     = "bad_method"
	ReasonMisdirected   = "misdirected"
	ReasonNoListener    = "no_listener"
	ReasonNoRoute       = "no_route"
	ReasonNoBackend     = "no_backend"
	ReasonUnknownPool   = "unknown_pool"
	ReasonNoEndpoint    = "no_endpoint"
	ReasonConnectFailed = "connect_failed"
	// ReasonBackendCertificate and ReasonBackendTLS are for endpoints whose certificate does not prove that they
	// are the right ones, and with whom TLS failed otherwise.
	ReasonBackendCertificate = "backend_certificate"
	ReasonBackendTLS         = "backend_tls"
	// ReasonAuthDenied and ReasonAuthUnavailable are for requests that the service of an auth filter refuses, and of which
	// it says nothing.
	ReasonAuthDenied      = "auth_denied"
	ReasonAuthUnavailable = "auth_unavailable"
	ReasonUnknownFilter   = "unknown_filter"
	ReasonUpstreamReset   = "upstream_reset"
	ReasonUpstreamAborted = "upstream_aborted"
	ReasonRequestTimeout  = "request_timeout"
	ReasonBackendTimeout  = "backend_timeout"
	ReasonClientGone      = "client_gone"
	ReasonRedirect        = "redirect"
	ReasonPreflight       = "preflight"
	ReasonRewriteFailed   = "rewrite_failed"
	ReasonBadUpgrade      = "bad_upgrade"
	ReasonNoUpgrade       = "upgrade_unsupported" // the backend's HTTP/2 has no extended CONNECT (RFC 8441)
	ReasonBadBody         = "bad_body"
	ReasonBadResponse     = "bad_response"
	ReasonBodyTooLarge    = "body_too_large"
	ReasonOverload        = "overload"

	ReasonTooManyConnections = "too_many_connections"
)

// Reasons for connections that ended before there was a request, and for those that are passed on.
const (
	ReasonNoProxyHeader   = "no_proxy_header"
	ReasonBadProxyHeader  = "bad_proxy_header"
	ReasonSlowProxyHeader = "slow_proxy_header"
	ReasonUntrustedPeer   = "untrusted_peer"
	ReasonNotTLS          = "not_tls"
	ReasonBadHello        = "bad_hello"
	ReasonSlowHello       = "slow_hello"
	ReasonNoServerName    = "no_server_name"
	ReasonIdle            = "idle"
	ReasonDrained         = "drained"
)

// Reasons for sessions of UDP.
const (
	// ReasonNoAnswer is for sessions whose backend never said anything.
	ReasonNoAnswer = "no_answer"
	// ReasonEvicted is for sessions that had to go for others.
	ReasonEvicted = "evicted"
)
