package balance_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/fleetgate/fleetgate/dataplane/balance"
	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/dataplane/health"
)

var now = time.Unix(1000, 0)

func TestEveryRoundOfASplitIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		weights := rapid.SliceOfN(rapid.Int32Range(0, 40), 1, 6).Draw(t, "weights")
		split := balance.NewWeighted(weights)
		sum := 0
		for _, w := range weights {
			sum += int(w)
		}
		for range rapid.IntRange(0, 50).Draw(t, "requests before") {
			split.Next()
		}
		got := make([]int, len(weights))
		for range sum {
			got[split.Next()]++
		}
		for i, w := range weights {
			if got[i] != int(w) {
				t.Fatalf("weights %v, got %v", weights, got)
			}
		}
	})
}

func TestSplit(t *testing.T) {
	cases := []struct {
		name, reason string
		weights      []int32
		want         int
	}{
		{"none", "there is nobody to answer", nil, -1},
		{"all zero", "weight 0 gets no request", []int32{0, 0}, -1},
		{"one", "", []int32{7}, 0},
		{"zero first", "weight 0 gets no request", []int32{0, 5}, 1},
		{"zeros around", "", []int32{0, 0, 1, 0}, 2},
		{"the largest weights", "sums must not overflow", []int32{0, 1_000_000}, 1},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			split := balance.NewWeighted(c.weights)
			for range 100 {
				if got := split.Next(); got != c.want {
					t.Fatalf("%s: got %d, want %d", c.reason, got, c.want)
				}
			}
		})
	}
}

func TestSplitIsSpreadEvenly(t *testing.T) {
	split := balance.NewWeighted([]int32{999_999, 1_000_001})
	first := 0
	for range 100 {
		if split.Next() == 0 {
			first++
		}
	}
	if first < 45 || first > 55 {
		t.Fatalf("of 100 requests %d went to one of two nearly equal backends", first)
	}
}

func TestPickDoesNotAllocate(t *testing.T) {
	split := balance.NewWeighted([]int32{3, 5, 1})
	pool := poolOf("10.0.0.1", "10.0.0.2", "10.0.0.3")
	if n := testing.AllocsPerRun(1000, func() { split.Next(); pool.Pick(now, nil).Done() }); n != 0 {
		t.Fatalf("%v allocations", n)
	}
}

func poolOf(addresses ...string) *balance.Pool {
	pool := balance.NewPool(config.Pool{}, health.Policy{Failures: 2, For: time.Second, Longest: time.Second, MaxShare: 0.5})
	var list []config.Endpoint
	for _, a := range addresses {
		list = append(list, config.Endpoint{Address: a, Port: 80})
	}
	pool.Update(list)
	return pool
}

func TestPickTakesTheLessBusy(t *testing.T) {
	pool := poolOf("10.0.0.1", "10.0.0.2")
	counts := map[string]int{}
	for range 100 {
		counts[pool.Pick(now, nil).Address]++
	}
	if counts["10.0.0.1:80"] != 50 || counts["10.0.0.2:80"] != 50 {
		t.Fatalf("of two endpoints the less busy one is always among the two choices, got %v", counts)
	}
}

func TestPickAvoids(t *testing.T) {
	pool := poolOf("10.0.0.1", "10.0.0.2", "fd00::1")
	avoid := pool.Pick(now, nil)
	for range 100 {
		if pool.Pick(now, []*balance.Endpoint{avoid}) == avoid {
			t.Fatal("a retry goes to another endpoint while there is one")
		}
	}
	only := poolOf("10.0.0.1")
	avoid = only.Pick(now, nil)
	if only.Pick(now, []*balance.Endpoint{avoid}) != avoid {
		t.Fatal("the only endpoint is better than none")
	}
}

func TestTerminatingEndpointsServeOnlyWhenNoOtherDoes(t *testing.T) {
	pool := poolOf()
	if pool.Pick(now, nil) != nil {
		t.Fatal("an empty pool has nobody")
	}
	leaving := config.Endpoint{Address: "10.0.0.1", Port: 80, Terminating: true}
	pool.Update([]config.Endpoint{leaving, {Address: "10.0.0.2", Port: 80}})
	for range 50 {
		if got := pool.Pick(now, nil).Address; got != "10.0.0.2:80" {
			t.Fatalf("got %s", got)
		}
	}
	pool.Update([]config.Endpoint{leaving})
	if got := pool.Pick(now, nil); got == nil || got.Address != "10.0.0.1:80" {
		t.Fatalf("a terminating endpoint that serves is better than none, got %v", got)
	}
}

func TestUpdateKeepsWhatIsKnownOfAnEndpoint(t *testing.T) {
	pool := poolOf("10.0.0.1")
	busy := pool.Pick(now, nil)
	pool.Update([]config.Endpoint{{Address: "10.0.0.2", Port: 80}, {Address: "10.0.0.1", Port: 80}, {Address: "10.0.0.1", Port: 80}})
	if pool.Size() != 2 {
		t.Fatalf("an address given twice counts once, got %d", pool.Size())
	}
	if got := pool.Pick(now, nil); got == busy || busy.Inflight() != 1 {
		t.Fatalf("the requests in flight must not be forgotten")
	}
}

func TestEjectedEndpointsAreSkippedAndComeBack(t *testing.T) {
	pool := poolOf("10.0.0.1", "10.0.0.2")
	bad := pool.Pick(now, nil)
	pool.Failed(bad, now)
	if !pool.Failed(bad, now) {
		t.Fatal("two failures eject")
	}
	for range 50 {
		e := pool.Pick(now, nil)
		e.Done()
		if e == bad {
			t.Fatal("an ejected endpoint got a request")
		}
	}
	other := pool.Pick(now, []*balance.Endpoint{bad})
	pool.Failed(other, now)
	if pool.Failed(other, now) {
		t.Fatal("the last endpoint must not be ejected")
	}
	seen := false
	for range 200 {
		e := pool.Pick(now.Add(2*time.Second), []*balance.Endpoint{other})
		seen = seen || e == bad
	}
	if !seen {
		t.Fatal("an ejection ends")
	}
}

func BenchmarkPick(b *testing.B) {
	pool := poolOf("10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4")
	b.ReportAllocs()
	for b.Loop() {
		pool.Pick(now, nil).Done()
	}
}

func BenchmarkSplit(b *testing.B) {
	split := balance.NewWeighted([]int32{90, 10})
	for b.Loop() {
		split.Next()
	}
}
