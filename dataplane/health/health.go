// Package health sets endpoints aside that keep failing, by what requests themselves meet. It
// belongs to the endpoints of a Service, whatever route a request came by.
package health

import "time"

// Kind is how an endpoint failed. What is further down the list got further.
type Kind uint8

// Kinds of failure.
const (
	// Connect says that no connection could be made, a failed TLS handshake included.
	Connect Kind = iota
	// Gateway says that a connection gave no response: it was reset, broke the protocol, or took too long.
	Gateway
	// Server says that the response was a 5xx.
	Server

	kinds
)

// Policy says when an endpoint is ejected, and for how long. Each kind of failure is counted by
// itself: one that is rare does not add to another that is allowed to happen.
type Policy struct {
	// Failures is how many failures to connect in a row eject an endpoint, up to 65535; 0 for none.
	Failures int
	// Gateway and Server are the same for failures of those kinds. An answer to a request ends a
	// row of failures, but an answer of 5xx does not end a row of 5xx.
	Gateway, Server int
	// For is how long an ejection lasts. Each further one doubles it, up to Longest, unless the
	// endpoint served as long as it had been ejected.
	For, Longest time.Duration
	// MaxShare is the largest share of a pool's endpoints that may be ejected, 0 to 1. One
	// endpoint of several may always be; the only one never.
	MaxShare float64
}

// Default is the policy of pools that ask for none. It leaves 5xx to the application.
var Default = Policy{Failures: 3, Gateway: 5, For: 5 * time.Second, Longest: time.Minute, MaxShare: 0.5}

// Failed notes a failure, and says whether it is one too many: the endpoint is then to be ejected,
// if Eject allows it.
func (p Policy) Failed(s *State, kind Kind, now time.Time) bool {
	most := p.threshold(kind)
	return s.count(kind) >= most && most > 0 && !s.Ejected(now)
}

func (p Policy) threshold(kind Kind) int {
	switch kind {
	case Connect:
		return min(p.Failures, most)
	case Gateway:
		return min(p.Gateway, most)
	case Server:
		return min(p.Server, most)
	}
	return 0
}

// Eject sets an endpoint aside and says whether it did: not when it is already, and not when too
// many of its pool are, since all endpoints are better than a few that get everything. ejected and
// size are how many of the pool's endpoints are ejected, and how many there are. Calls for
// endpoints of one pool must not overlap.
func (p Policy) Eject(s *State, now time.Time, ejected, size int) bool {
	if s.Ejected(now) || ejected >= p.allowed(size) {
		return false
	}
	if s.recovered(now) {
		s.ejections.Store(0)
	}
	wait := p.For << min(s.ejections.Add(1)-1, 16)
	if wait > p.Longest || wait <= 0 {
		wait = p.Longest
	}
	s.eject(now, wait)
	return true
}

// allowed is how many of a pool's endpoints may be ejected at a time.
func (p Policy) allowed(size int) int {
	if size < 2 {
		return 0
	}
	return min(max(int(p.MaxShare*float64(size)), 1), size-1)
}
