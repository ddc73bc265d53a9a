// Package health sets endpoints aside that keep failing, by what requests themselves meet. It
// belongs to the endpoints of a Service, whatever route a request came by.
package health

import (
	"sync/atomic"
	"time"
)

// Policy says when an endpoint is ejected, and for how long.
type Policy struct {
	// Failures is how many connect failures in a row eject an endpoint; 0 never ejects.
	Failures int
	// For is how long an ejection lasts; every further one in a row doubles it, up to Longest.
	For, Longest time.Duration
	// MaxShare is the largest share of a pool's endpoints that may be ejected, 0 to 1. One
	// endpoint of several may always be; the only one never.
	MaxShare float64
}

// Default is the policy of pools that ask for none.
var Default = Policy{Failures: 3, For: 5 * time.Second, Longest: time.Minute, MaxShare: 0.5}

// State is what is known of one endpoint. Its zero value is healthy; it is safe for concurrent use.
type State struct {
	failures  atomic.Int32
	ejections atomic.Int32
	until     atomic.Int64 // Unix nanoseconds
}

// Ejected says whether the endpoint is set aside at this time.
func (s *State) Ejected(now time.Time) bool {
	until := s.until.Load()
	return until != 0 && now.UnixNano() < until
}

// Succeeded forgets the failures of an endpoint that answered.
func (s *State) Succeeded() {
	if s.failures.Load() != 0 {
		s.failures.Store(0)
		s.ejections.Store(0)
		s.until.Store(0)
	}
}

// Failed notes a failure, and ejects the endpoint when the policy says so and allows it: ejected
// and size are how many endpoints of the pool are ejected already, and how many there are.
func (p Policy) Failed(s *State, now time.Time, ejected, size int) bool {
	failures := int(s.failures.Add(1))
	if p.Failures <= 0 || failures < p.Failures || s.Ejected(now) || ejected >= p.allowed(size) {
		return false
	}
	wait := p.For << min(int(s.ejections.Add(1))-1, 16)
	if wait > p.Longest || wait <= 0 {
		wait = p.Longest
	}
	s.until.Store(now.Add(wait).UnixNano())
	return true
}

// allowed is how many of a pool's endpoints may be ejected at a time.
func (p Policy) allowed(size int) int {
	if size < 2 {
		return 0
	}
	return min(max(int(p.MaxShare*float64(size)), 1), size-1)
}
