// Package balance decides which backend of a rule and which endpoint of a pool a request goes to.
package balance

import (
	"math/rand/v2"
	"slices"
	"sync/atomic"
)

// Weighted splits requests among choices by weight: of any run of as many requests as the sum of
// the reduced weights, every choice gets exactly its weight, spread evenly. It takes no lock.
type Weighted struct {
	// ends[i] is the sum of the reduced weights up to and with choice i.
	ends []uint64
	// stride has no common divisor with the sum, so its multiples visit every place once a round.
	stride uint64
	count  atomic.Uint64
}

// NewWeighted makes a split. Weights below 1 get nothing.
func NewWeighted(weights []int32) *Weighted {
	divisor := uint64(0)
	for _, w := range weights {
		if w > 0 {
			divisor = gcd(divisor, uint64(w))
		}
	}
	split := &Weighted{ends: make([]uint64, len(weights))}
	sum := uint64(0)
	for i, w := range weights {
		if w > 0 {
			sum += uint64(w) / divisor
		}
		split.ends[i] = sum
	}
	split.stride = strideFor(sum)
	if sum > 0 {
		split.count.Store(rand.Uint64N(sum))
	}
	return split
}

// Next gives the number of the choice for the next request, or -1 when no choice has a positive weight.
func (w *Weighted) Next() int {
	if len(w.ends) == 0 {
		return -1
	}
	sum := w.ends[len(w.ends)-1]
	if sum == 0 {
		return -1
	}
	if w.ends[0] == sum {
		return 0
	}
	place := (w.count.Add(1) % sum) * w.stride % sum
	i, found := slices.BinarySearch(w.ends, place)
	if found {
		// place is the end of choice i, which is outside of it.
		for i++; w.ends[i] == place; i++ {
		}
	}
	return i
}

// strideFor gives a number near the golden section of sum that is coprime to it: multiples of the
// golden section are spread most evenly.
func strideFor(sum uint64) uint64 {
	const golden = 0.6180339887498949
	stride := max(uint64(float64(sum)*golden), 1)
	for gcd(stride, sum) > 1 {
		stride++
	}
	return stride
}

func gcd(a, b uint64) uint64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
