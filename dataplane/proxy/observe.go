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
}

// Observer is told what happens. Its methods are called by many goroutines and must not block.
type Observer interface {
	// Exchanged is called at the end of every request; record must not be kept.
	Exchanged(record *Record)
	// Mirrored is called for every request that a mirror was due for, and says what became of it:
	// one of the Mirror constants.
	Mirrored(route, outcome string)
	// Applied is called when a configuration is in force.
	Applied(generation int64, revision uint64, names Names)
}

// Names are all names that records of a configuration can have.
type Names struct {
	Routes, Backends map[string]bool
}

// What becomes of a mirrored request.
const (
	MirrorSent    = "sent"
	MirrorFailed  = "failed"
	MirrorDropped = "dropped" // too many under way, no endpoint, or a body too large to keep
)

type nobody struct{}

func (nobody) Exchanged(*Record)            {}
func (nobody) Mirrored(string, string)      {}
func (nobody) Applied(int64, uint64, Names) {}

// Reasons for responses of the proxy itself, and for exchanges that ended early.
const (
	ReasonBadHost         = "bad_host"
	ReasonBadPath         = "bad_path"
	ReasonBadHeader       = "bad_header"
	ReasonBadMethod       = "bad_method"
	ReasonMisdirected     = "misdirected"
	ReasonNoListener      = "no_listener"
	ReasonNoRoute         = "no_route"
	ReasonNoBackend       = "no_backend"
	ReasonUnknownPool     = "unknown_pool"
	ReasonNoEndpoint      = "no_endpoint"
	ReasonConnectFailed   = "connect_failed"
	ReasonUpstreamReset   = "upstream_reset"
	ReasonUpstreamAborted = "upstream_aborted"
	ReasonRequestTimeout  = "request_timeout"
	ReasonBackendTimeout  = "backend_timeout"
	ReasonClientGone      = "client_gone"
	ReasonRedirect        = "redirect"
	ReasonRewriteFailed   = "rewrite_failed"
	ReasonBadUpgrade      = "bad_upgrade"
	ReasonNoUpgrade       = "upgrade_unsupported" // the backend's HTTP/2 has no extended CONNECT (RFC 8441)
	ReasonBadBody         = "bad_body"
	ReasonBadResponse     = "bad_response"
	ReasonBodyTooLarge    = "body_too_large"
	ReasonOverload        = "overload"

	ReasonTooManyConnections = "too_many_connections"
)
