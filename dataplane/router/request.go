// Package router finds the rule for a request: listener by port and hostname, host by hash and
// suffix, path by a tree of segments, then the predicates of that one path. It knows no sockets
// and no protocol engine, and a look-up allocates nothing.
package router

// Request is what the router needs to know of a request.
type Request struct {
	// Host is lower case and without a port, see NormalHost.
	Host   string
	Method string
	// Path is in normal form, see NormalPath.
	Path string
	// RawQuery is what follows the "?", as the client sent it.
	RawQuery string
	Header   Header
}

// Header looks up the header fields of a request.
type Header interface {
	// Value gives the field's values joined with ",", and whether there is any. The name comes in
	// canonical form ("X-Request-Id"), so an implementation may compare it without folding case.
	Value(name string) (string, bool)
}
