package balance

import (
	"sync/atomic"
	"time"
)

const (
	tenths = 10
	// kept is how many tenths are kept: those that count, and some for callers whose time is a bit behind.
	kept = 16
)

// Limits says how many retries a Budget allows.
type Limits struct {
	// Share is retries over requests, 0.2 for one in five.
	Share float64
	// PerSecond is how many retries are allowed beside that, so that a pool with few requests has some.
	PerSecond float64
	// Window is how far back requests and retries count.
	Window time.Duration
}

// DefaultLimits lets retries add a fifth to what a backend in trouble gets (the defaults of GEP-3388).
var DefaultLimits = Limits{Share: 0.2, PerSecond: 10, Window: 10 * time.Second}

// Budget bounds retries by the number of requests, so that retries do not finish off backends that
// are in trouble. It is safe for concurrent use and takes no lock. It counts in tenths of the
// window, of which the last ten count, the current one included.
type Budget struct {
	limits   Limits
	requests [kept]counter
	retries  [kept]counter
}

// NewBudget makes a budget. Limits without a Window are DefaultLimits.
func NewBudget(limits Limits) *Budget {
	if limits.Window <= 0 {
		limits = DefaultLimits
	}
	return &Budget{limits: limits}
}

// Request notes a request, not a retry of one.
func (b *Budget) Request(now time.Time) {
	tick := b.tick(now)
	b.requests[tick%kept].add(tick)
}

// Retry says whether a request may be tried again, and notes the retry if so. It never allows more
// than the limits, and under contention for the last retry may refuse one too many.
func (b *Budget) Retry(now time.Time) bool {
	tick := b.tick(now)
	at := &b.retries[tick%kept]
	if !at.add(tick) {
		return false
	}
	allowed := b.limits.Share*float64(sum(&b.requests, tick)) + b.limits.PerSecond*b.limits.Window.Seconds()
	if float64(sum(&b.retries, tick)) <= allowed {
		return true
	}
	at.takeBack(tick)
	return false
}

// tick is the number of the tenth that a time is in.
func (b *Budget) tick(now time.Time) uint32 {
	return uint32(now.UnixNano() / max(int64(b.limits.Window)/tenths, 1))
}

// sum counts in the tenths of the window that ends with tick.
func sum(counters *[kept]counter, tick uint32) (n int64) {
	for i := range counters {
		at, count := halves(counters[i].Load())
		if tick-at < tenths {
			n += int64(count)
		}
	}
	return n
}

// counter is a number that counts for one tick: the tick in the high half and the number in the low one.
type counter struct{ atomic.Uint64 }

func halves(v uint64) (tick, n uint32) { return uint32(v >> 32), uint32(v) }

// add counts one for a tick. A number for an earlier tick is forgotten; when there is one for a
// later tick, it is too late to count.
func (c *counter) add(tick uint32) bool {
	for {
		v := c.Load()
		at, n := halves(v)
		switch {
		case at == tick:
			c.Add(1) // should the tick change meanwhile, it counts for the next one
			return true
		case n > 0 && int32(at-tick) > 0:
			return false
		case c.CompareAndSwap(v, uint64(tick)<<32|1):
			return true
		}
	}
}

// takeBack undoes an add, unless its tick is forgotten.
func (c *counter) takeBack(tick uint32) {
	for {
		v := c.Load()
		at, n := halves(v)
		if at != tick || n == 0 || c.CompareAndSwap(v, v-1) {
			return
		}
	}
}
