package filter

import "sync/atomic"

// Sample takes exactly Numerator of every Denominator requests, spread evenly.
type Sample struct {
	numerator, denominator uint64
	count                  atomic.Uint64
}

// NewSample makes a sample; without a positive denominator it takes every request.
func NewSample(numerator, denominator int32) *Sample {
	if denominator <= 0 {
		return &Sample{numerator: 1, denominator: 1}
	}
	return &Sample{numerator: uint64(max(numerator, 0)), denominator: uint64(denominator)}
}

// Take says whether the next request is in the sample.
func (s *Sample) Take() bool {
	if s.numerator >= s.denominator {
		return true
	}
	n := s.count.Add(1) % s.denominator
	return n*s.numerator%s.denominator < s.numerator
}
