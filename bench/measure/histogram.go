package measure

import (
	"math/bits"
	"time"
)

const (
	// A bucket is 1/64 of a power of two wide: quantiles are off by 1.6 % at most.
	subBits    = 6
	subBuckets = 1 << subBits
)

// Histogram counts durations. Its zero value is empty.
type Histogram struct {
	counts [64 * subBuckets]uint64
	total  uint64
	most   time.Duration
}

// Add counts a duration; negative ones count as 0.
func (h *Histogram) Add(d time.Duration) {
	d = max(d, 0)
	h.counts[bucket(uint64(d))]++
	h.total++
	h.most = max(h.most, d)
}

// Count is how many durations were added.
func (h *Histogram) Count() uint64 { return h.total }

// Max is the longest duration.
func (h *Histogram) Max() time.Duration { return h.most }

// Quantile is the duration that the share q (0 to 1) of all are not longer than; 0 of none.
func (h *Histogram) Quantile(q float64) time.Duration {
	if h.total == 0 {
		return 0
	}
	rank := min(uint64(q*float64(h.total)), h.total-1)
	var seen uint64
	for i, n := range h.counts {
		if seen += n; seen > rank {
			return min(time.Duration(upper(i)), h.most)
		}
	}
	return h.most
}

func bucket(v uint64) int {
	if v < subBuckets {
		return int(v)
	}
	shift := bits.Len64(v) - subBits - 1
	return (shift+1)*subBuckets + int(v>>shift) - subBuckets
}

// upper is the greatest value of a bucket.
func upper(i int) uint64 {
	if i < subBuckets {
		return uint64(i)
	}
	shift := i/subBuckets - 1
	return (uint64(i%subBuckets)+subBuckets+1)<<shift - 1
}
