package balance_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/fleetgate/fleetgate/dataplane/balance"
)

var limits = balance.Limits{Share: 0.2, PerSecond: 2, Window: 10 * time.Second}

// allowed tries so many retries and gives how many the budget allows.
func allowed(b *balance.Budget, at time.Time, n int) (count int) {
	for range n {
		if b.Retry(at) {
			count++
		}
	}
	return count
}

func TestBudget(t *testing.T) {
	cases := []struct {
		name, reason string
		requests     int
		wait         time.Duration // between requests and retries
		want         int
	}{
		{"no requests", "a few retries are allowed in any case", 0, 0, 20},
		{"some requests", "a fifth of them more", 1000, 0, 220},
		{"a while ago", "they are still in the window", 1000, 9 * time.Second, 220},
		{"long ago", "they are not", 1000, 10 * time.Second, 20},
		{"very long ago", "", 1000, time.Hour, 20},
		{"behind", "clocks are read before they are used", 1000, -5 * time.Second, 20},
		{"far behind", "what is too late to count is not allowed", 1000, -time.Minute, 20},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			b := balance.NewBudget(limits)
			for range c.requests {
				b.Request(now)
			}
			if got := allowed(b, now.Add(c.wait), 1000); got != c.want {
				t.Fatalf("%s: %d retries allowed, want %d", c.reason, got, c.want)
			}
		})
	}
}

func TestBudgetDefault(t *testing.T) {
	if got := allowed(balance.NewBudget(balance.Limits{}), now, 1000); got != 100 {
		t.Fatalf("%d retries allowed without requests, want 10 a second", got)
	}
	if got := allowed(balance.NewBudget(balance.Limits{Window: time.Second}), now, 100); got != 0 {
		t.Fatalf("%d retries allowed by limits of 0", got)
	}
}

func TestBudgetComesBack(t *testing.T) {
	b := balance.NewBudget(limits)
	allowed(b, now, 100)
	if got := allowed(b, now.Add(9*time.Second), 100); got != 0 {
		t.Fatalf("%d retries allowed while all of the window's are spent", got)
	}
	if got := allowed(b, now.Add(10*time.Second), 100); got != 20 {
		t.Fatalf("%d retries allowed after the window, want 20", got)
	}
}

func TestBudgetIsNeverExceeded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := balance.NewBudget(limits)
		var requests, retries [60]int
		at := now.Truncate(time.Second)
		for second := range rapid.IntRange(1, 60).Draw(t, "seconds") {
			for range rapid.IntRange(0, 50).Draw(t, "requests") {
				b.Request(at)
				requests[second]++
			}
			retries[second] = allowed(b, at, rapid.IntRange(0, 30).Draw(t, "retries"))
			sumRequests, sumRetries := 0, 0
			for i := max(second-9, 0); i <= second; i++ {
				sumRequests += requests[i]
				sumRetries += retries[i]
			}
			if retries[second] > 0 && float64(sumRetries) > 0.2*float64(sumRequests)+20 {
				t.Fatalf("second %d: %d retries for %d requests", second, sumRetries, sumRequests)
			}
			at = at.Add(time.Second)
		}
	})
}

func TestBudgetIsNotExceededUnderContention(t *testing.T) {
	b := balance.NewBudget(limits)
	var group sync.WaitGroup
	var retries atomic.Int64
	for range 8 {
		group.Go(func() {
			for range 1000 {
				b.Request(now)
				retries.Add(int64(allowed(b, now, 1)))
			}
		})
	}
	group.Wait()
	// Those that were refused at the same moment can be had once nobody contends.
	if got := retries.Load() + int64(allowed(b, now, 10_000)); got != 8000/5+20 {
		t.Fatalf("%d retries for 8000 requests, want %d", got, 8000/5+20)
	}
}

func TestBudgetDoesNotAllocate(t *testing.T) {
	b := balance.NewBudget(limits)
	if n := testing.AllocsPerRun(100, func() { b.Request(now); b.Retry(now) }); n != 0 {
		t.Fatalf("%v allocations", n)
	}
}

func BenchmarkBudgetRequest(b *testing.B) {
	budget := balance.NewBudget(limits)
	for b.Loop() {
		budget.Request(now)
	}
}
