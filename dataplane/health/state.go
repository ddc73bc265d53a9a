package health

import (
	"sync/atomic"
	"time"
)

// State is what is known of one endpoint. Its zero value is healthy; it is safe for concurrent use.
type State struct {
	// failures has the number of failures in a row, 16 bits for each kind.
	failures atomic.Uint64
	// until is when the last ejection ends or ended, in Unix nanoseconds; 0 without one.
	until atomic.Int64
	// lasted is how long that ejection is, in nanoseconds.
	lasted    atomic.Int64
	ejections atomic.Int32
	// answered says that a request was answered since that ejection began.
	answered atomic.Bool
}

const (
	countBits = 16
	most      = 1<<countBits - 1
)

// Ejected says whether the endpoint is set aside at this time.
func (s *State) Ejected(now time.Time) bool { return s.EjectedAt(now.UnixNano()) }

// EjectedAt is Ejected for a time in Unix nanoseconds.
func (s *State) EjectedAt(now int64) bool { return now < s.until.Load() }

// Returned is when the last ejection of the endpoint ends or ended, in Unix nanoseconds; 0 when it
// never was ejected.
func (s *State) Returned() int64 { return s.until.Load() }

// Succeeded ends all rows of failures. It does not end an ejection: requests on connections that
// were made before may still succeed.
func (s *State) Succeeded() {
	if s.failures.Load() != 0 {
		s.failures.Store(0)
	}
	if !s.answered.Load() {
		s.answered.Store(true)
	}
}

// count notes a failure and gives the number of those of its kind in a row.
func (s *State) count(kind Kind) int {
	if kind >= kinds {
		return 0
	}
	shift := countBits * kind
	for {
		was := s.failures.Load()
		next := was
		if was>>shift&most < most {
			next += 1 << shift
		}
		if kind == Server {
			next &= most << shift // it answered
		}
		if s.failures.CompareAndSwap(was, next) {
			return int(next >> shift & most)
		}
	}
}

// eject sets the endpoint aside for a time.
func (s *State) eject(now time.Time, wait time.Duration) {
	s.answered.Store(false)
	s.lasted.Store(int64(wait))
	s.until.Store(now.Add(wait).UnixNano())
}

// recovered says whether the endpoint has served for as long as it had been ejected. One that
// fails again sooner is no better than it was.
func (s *State) recovered(now time.Time) bool {
	return s.answered.Load() && now.UnixNano() >= s.until.Load()+s.lasted.Load()
}
