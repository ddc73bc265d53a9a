// Package config is what the operator tells a proxy, on the wire and in memory: listeners,
// hosts, rules, pools. It imports the standard library alone, so both sides can share it.
//
// A Gateway's configuration in one member is one Root and Root.Chunks Chunks. A Host lives in
// one or more Chunks; all matches of a Host, whatever Chunk they come from, form one table.
// Slices are sorted by the writer and equal meaning gives equal bytes.
package config

// Version is the format version of Root and Chunk. A proxy keeps its last good configuration
// when it meets a version that it does not know.
const Version = 1

// Root is the part of a Gateway's configuration that is not routes.
type Root struct {
	Version int `json:"version"`
	// Gateway is "namespace/name" of the Gateway.
	Gateway string `json:"gateway"`
	// Generation is the Gateway's metadata.generation that this Root was made from.
	Generation int64 `json:"generation"`
	// Revision names all of this Root but Chunks: another one where anything in it is another. Proxies report it when the
	// Root is in force. Operators that were made before there were revisions write none.
	Revision string `json:"revision,omitempty"`
	// Listeners are sorted by port, then name. A port may appear several times.
	Listeners []Listener `json:"listeners,omitempty"`
	// TrustedProxies are the networks (CIDR) whose X-Forwarded-* headers are believed: the front's subnets.
	TrustedProxies []string `json:"trustedProxies,omitempty"`
	// Forwarded asks for the field Forwarded (RFC 7239) in requests to backends, beside X-Forwarded-*.
	// What a client says in it counts as what it says in those. Without it, the field is passed on from
	// trusted fronts as it is.
	Forwarded bool `json:"forwarded,omitempty"`
	// BackendSecret is "namespace/name" of the Secret with the certificate that is shown to backends whose
	// Pool has TLS, if they ask for one; "" for none.
	BackendSecret string `json:"backendSecret,omitempty"`
	// Pools are those that filters of Listeners name, by key, sorted by key. Chunks may have them too, then equal.
	Pools []Pool `json:"pools,omitempty"`
	// Chunks is how many Chunks belong to this Root, numbered 0 to Chunks-1.
	Chunks int `json:"chunks"`
}

// Protocol is what a listener speaks to clients of the front.
type Protocol string

// Protocols of listeners.
const (
	HTTP  Protocol = "HTTP"
	HTTPS Protocol = "HTTPS"
	// TLSProtocol is TLS with whatever the client and a backend speak within: passed on as it is
	// (TLS.Passthrough), or ended here and passed on in the clear, or in TLS of ours (Pool.TLS).
	TLSProtocol Protocol = "TLS"
	// TCP and UDP are passed on as they are to a backend of the first rule of the listener's host "".
	TCP Protocol = "TCP"
	UDP Protocol = "UDP"
)

// Listener is one listener of a Gateway. Listeners on one port are told apart by Hostname: those of HTTP by the
// name in the request, those of HTTPS and TLS, which may share a port, by the name that the client asks
// for (SNI). TCP has a port for itself, and so has UDP, beside whatever TCP carries.
type Listener struct {
	// Name is unique in the Gateway. A listener of a ListenerSet is called "namespace/set/listener".
	Name string `json:"name"`
	// Port is the port that clients see and that the proxy binds, 1 to 65535.
	Port     int32    `json:"port"`
	Protocol Protocol `json:"protocol"`
	// Hostname is lower case: "" for any, "*.example.com", or exact.
	Hostname string `json:"hostname,omitempty"`
	// TLS is set when the proxy itself ends TLS or passes it through; nil behind a front that ends it.
	TLS *TLS `json:"tls,omitempty"`
	// ProxyProtocol is set when connections begin with a header of the PROXY protocol. All listeners
	// of a port have to agree: if they do not, the port asks for what any of them asks for.
	ProxyProtocol *ProxyProtocol `json:"proxyProtocol,omitempty"`
	// HTTP3 has the proxy serve HTTP/3 too, on the UDP port of the same number. It needs TLS that ends here.
	HTTP3 bool `json:"http3,omitempty"`
	// Filters are for HTTP and HTTPS: every request that the listener takes goes through them, in this order, before a
	// rule is looked for. Which listener it is for is settled by then.
	Filters []ListenerFilter `json:"filters,omitempty"`
}

// ProxyProtocol asks for a header of the PROXY protocol, version 1 or 2, at the beginning of every
// connection, before TLS. A connection without one is closed.
//
// The address in the header is the client's, as backends learn it. Whether forwarded headers of the
// client's requests are believed needs the trust of both (Root.TrustedProxies): of the connection's peer, since
// anyone who reaches the port can write a header, and of the address in the header, since a front
// that has no part in HTTP passes on what its client wrote. Without an address in the header
// (LOCAL, UNKNOWN) the peer is the client.
type ProxyProtocol struct {
	// From are the networks (CIDR) whose headers are believed: connections of others are closed.
	// None for any network, when nobody but the front can reach the port.
	From []string `json:"from,omitempty"`
}

// Chunk is a part of the routes of a Gateway.
type Chunk struct {
	Version int `json:"version"`
	// Index is this Chunk's number, from 0.
	Index int `json:"index"`
	// Hosts are sorted by listener, hostname, tier.
	Hosts []Host `json:"hosts,omitempty"`
	// Pools are the backends that the rules of this Chunk name, by key, sorted by key.
	Pools []Pool `json:"pools,omitempty"`
}

// Pointers are those to chunks, in their order.
func Pointers(chunks []Chunk) []*Chunk {
	out := make([]*Chunk, len(chunks))
	for i := range chunks {
		out[i] = &chunks[i]
	}
	return out
}

// Host is the rules, or a part of them, for one hostname on one listener.
type Host struct {
	// Listener is the name of the Listener.
	Listener string `json:"listener"`
	// Hostname is the intersection of the listener's and the route's: lower case; "" for any,
	// "*.example.com" (any number of labels), or exact.
	Hostname string `json:"hostname,omitempty"`
	// Tier ranks Hosts of equal Listener and Hostname: the lower tier is asked first, and the next
	// one only when no rule of it matches. It is how a route's own, more specific hostname wins
	// although the intersection is the same (Gateway API 1.7). Tiers of GRPCRoutes are below 0, before all HTTPRoutes.
	Tier int `json:"tier,omitempty"`
	// Rules are in no meaningful order: precedence comes from their content, see Rule.
	Rules []Rule `json:"rules"`
}

// Rule is one rule of a route. Precedence among the matches of a Host: exact path, then regular
// expressions by length, then longest prefix, then method, number of headers, number of query
// parameters, then oldest Created, then Route by alphabet, then Index, then order in Matches.
// Gateway API leaves the rank of expressions open; after prefixes, a plain "/" would hide them all.
type Rule struct {
	// Route is "namespace/name" of an HTTPRoute, and "kind/namespace/name" of any other; it is what metrics and logs name.
	Route string `json:"route"`
	// Created is the route's creation time, Unix seconds.
	Created int64 `json:"created,omitempty"`
	// Index is the rule's number in the route, from 0.
	Index int `json:"index,omitempty"`
	// Name is the rule's name, if it has one.
	Name string `json:"name,omitempty"`
	// Matches is never empty: a rule without matches has the one match of path prefix "/".
	Matches []Match `json:"matches"`
	Filters Filters `json:"filters,omitzero"`
	// Backends share requests by weight. With none, or none of positive weight, and no Redirect, the answer is 500.
	Backends []Backend `json:"backends,omitempty"`
	Timeouts Timeouts  `json:"timeouts,omitzero"`
	Retry    *Retry    `json:"retry,omitempty"`
	// Session keeps the requests of a client at one endpoint of the backend that it was given first.
	Session *Session `json:"session,omitempty"`
	// Broken, if not empty, makes the rule answer 500 and is the reason that the access log tells.
	Broken string `json:"broken,omitempty"`
}

// PathKind is how a path is compared.
type PathKind string

// Kinds of path match. Prefix compares whole segments: "/a" matches "/a" and "/a/b", not "/ab".
// Regex (RE2) must match the whole path. Method compares the second of exactly two segments, which is the method
// of a gRPC call whatever its service is: "Echo" matches "/a.Service/Echo"; it ranks after Prefix, but before the prefix "/".
const (
	PathExact  PathKind = "Exact"
	PathPrefix PathKind = "Prefix"
	PathRegex  PathKind = "Regex"
	PathMethod PathKind = "Method"
)

// Match is a conjunction of predicates.
type Match struct {
	PathKind PathKind `json:"pathKind"`
	Path     string   `json:"path"`
	// Method is upper case; "" for any.
	Method string `json:"method,omitempty"`
	// Headers have lower-case names, each once.
	Headers []ValueMatch `json:"headers,omitempty"`
	Query   []ValueMatch `json:"query,omitempty"`
}

// ValueMatch compares the value of a header or of a query parameter. A header given several times
// is compared as its values joined with ",". A query parameter given several times: the first value.
type ValueMatch struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	// Regex says that Value is a regular expression (RE2) which must match the whole value.
	Regex bool `json:"regex,omitempty"`
}

// Backend is one target of a rule.
type Backend struct {
	// Pool is the key of the Pool; "" when the reference is invalid.
	Pool string `json:"pool,omitempty"`
	// Weight is 0 to 1,000,000; its share is Weight over the sum.
	Weight  int32   `json:"weight"`
	Filters Filters `json:"filters,omitzero"`
	// Invalid, if not empty, makes this backend's share of requests answer 500; it is the reason.
	Invalid string `json:"invalid,omitempty"`
}

// Pool is a port of a Service, whose EndpointSlices in the proxy's own cluster are its endpoints.
type Pool struct {
	// Key is "namespace/service:port". Behind it comes "/udp" for UDP; "/h2c" for HTTP/2 to a port that does not
	// say what it speaks, since a GRPCRoute leads there; "/passthrough" for TLS of clients to a port whose TLS
	// would otherwise be the proxy's. It names the pool, and is not to be taken apart.
	Key       string `json:"key"`
	Namespace string `json:"namespace"`
	Service   string `json:"service"`
	// Port is the Service's port number.
	Port int32 `json:"port"`
	// PortName is the name of that port, by which EndpointSlices tell ports apart; often "".
	PortName string `json:"portName,omitempty"`
	// Transport is TCP or UDP; "" for TCP.
	Transport Transport `json:"transport,omitempty"`
	// Protocol is the port's appProtocol: "kubernetes.io/h2c" for HTTP/2; "", "http", "kubernetes.io/ws"
	// and any other for HTTP/1.1.
	Protocol string `json:"protocol,omitempty"`
	// TLS has the proxy speak TLS to the endpoints; nil for in the clear.
	TLS *BackendTLS `json:"tls,omitempty"`
	// RetryBudget bounds the retries of all rules that use the pool; nil for the proxy's default.
	RetryBudget *RetryBudget `json:"retryBudget,omitempty"`
	// Balance is how requests are shared out among the endpoints.
	Balance Balance `json:"balance,omitempty"`
	// HashOn is what requests have in common that BalanceHash sends to one endpoint.
	HashOn HashOn `json:"hashOn,omitzero"`
	// SlowStart is for how many milliseconds the share of a new endpoint, or of one that comes back
	// after it failed, grows to a full one; 0 for a full one at once.
	SlowStart int64 `json:"slowStart,omitempty"`
	// MaxRequests is how many requests an endpoint may have at a time from one proxy; 0 for any number.
	MaxRequests int32 `json:"maxRequests,omitempty"`
	// Eject says when endpoints that fail are set aside, where the proxy's defaults are not to hold.
	Eject Eject `json:"eject,omitzero"`
}

// Transport is what carries the bytes of a pool.
type Transport string

// Transports.
const (
	TransportTCP Transport = ""
	TransportUDP Transport = "UDP"
)

// HashOn names what a request is known by: one of them, or neither for the client's address. A
// request that lacks it goes where BalanceLeast would send it.
type HashOn struct {
	// Header is the name of a field, compared without case. The first one counts.
	Header string `json:"header,omitempty"`
	// Cookie is the name of a cookie.
	Cookie string `json:"cookie,omitempty"`
}

// Eject bounds what an endpoint may fail before it is set aside for a while. What is 0 is as the
// proxy's defaults have it.
type Eject struct {
	// Connect, Gateway and Server are how many times in a row it may refuse to be connected to, break
	// a connection instead of answering or take too long, and answer 5xx; -1 for any number of times.
	Connect int32 `json:"connect,omitempty"`
	Gateway int32 `json:"gateway,omitempty"`
	Server  int32 `json:"server,omitempty"`
	// For is how long it is set aside in milliseconds; each further time twice as long, up to Longest.
	For     int64 `json:"for,omitempty"`
	Longest int64 `json:"longest,omitempty"`
	// MaxPercent is how many of a hundred endpoints may be set aside at a time, 1 to 100.
	MaxPercent int32 `json:"maxPercent,omitempty"`
}

// Balance is a way to share out requests among endpoints.
type Balance string

// Ways to share out requests.
const (
	// BalanceLeast takes the less busy of two endpoints taken at random.
	BalanceLeast Balance = ""
	// BalanceRoundRobin takes one after another.
	BalanceRoundRobin Balance = "RoundRobin"
	// BalanceHash sends requests that have something in common to one endpoint.
	BalanceHash Balance = "Hash"
)

// Endpoint is one address of a Pool.
type Endpoint struct {
	// Address is an IP address and Port the port of the pod.
	Address string `json:"address"`
	Port    int32  `json:"port"`
	// Terminating endpoints that still serve are used only when no other is ready.
	Terminating bool `json:"terminating,omitempty"`
}
