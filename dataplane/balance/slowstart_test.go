package balance_test

import (
	"testing"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/config"
)

const (
	warmUp   = 10 * time.Second
	newcomer = "10.0.0.5:80"
)

func TestSlowStartGrowsLinearly(t *testing.T) {
	for _, policy := range policies {
		t.Run(string(policy), func(t *testing.T) {
			pool := poolWith(config.Pool{Balance: policy, SlowStart: warmUp.Milliseconds()}, 4)
			picks(t, pool, now, 10)
			pool.Update(listOf(numbered(5)...))
			for _, tenths := range []int{0, 2, 5, 8, 10, 15} {
				counts := picks(t, pool, now.Add(time.Duration(tenths)*warmUp/10), 20_000)
				others := float64(20_000-counts[newcomer]) / 4
				got, want := float64(counts[newcomer])/others, min(float64(tenths)/10, 1)
				if got < want-0.1 || got > want+0.1 || tenths == 0 && got > 0 {
					t.Errorf("after %d tenths the new one gets %.2f of what the others get", tenths, got)
				}
			}
		})
	}
}

func TestSlowStartIsForNewcomersAmongOthers(t *testing.T) {
	cases := []struct {
		name, reason string
		slow         time.Duration
		before       int
		want         bool
	}{
		{"the first endpoints", "nobody else could take their share", warmUp, 0, false},
		{"one more", "it is cold", warmUp, 4, true},
		{"off", "the window is 0", 0, 4, false},
	}
	for _, c := range cases {
		for _, policy := range policies {
			t.Run(c.name+string(policy), func(t *testing.T) {
				pool := poolWith(config.Pool{Balance: policy, SlowStart: c.slow.Milliseconds()}, c.before)
				pool.Update(listOf(numbered(5)...))
				if got := picks(t, pool, now, 1000)[newcomer] == 0; got != c.want {
					t.Fatalf("%s: starts slowly: %v", c.reason, got)
				}
			})
		}
	}
}

func TestSlowStartAfterAnEjection(t *testing.T) {
	for _, policy := range policies {
		t.Run(string(policy), func(t *testing.T) {
			pool := poolWith(config.Pool{Balance: policy, SlowStart: warmUp.Milliseconds()}, 5)
			ejectOne(t, pool, newcomer)
			returned := now.Add(time.Second)
			early, late := picks(t, pool, returned.Add(warmUp/10), 5000)[newcomer], picks(t, pool, returned.Add(warmUp), 5000)[newcomer]
			if early < 20 || early > 250 || late < 800 {
				t.Fatalf("an endpoint that comes back gets %d of 5000 requests at first, and %d later", early, late)
			}
		})
	}
}

func TestSlowStartOfAllIsNone(t *testing.T) {
	for _, policy := range policies {
		t.Run(string(policy), func(t *testing.T) {
			pool := poolWith(config.Pool{Balance: policy, SlowStart: warmUp.Milliseconds()}, 1)
			pool.Update(listOf("10.0.1.1", "10.0.1.2"))
			counts := picks(t, pool, now, 1000)
			if counts["10.0.1.1:80"] < 300 || counts["10.0.1.2:80"] < 300 {
				t.Fatalf("two new endpoints in place of all others share alike, got %v", counts)
			}
		})
	}
}

func TestSlowStartMovesEachKeyOnce(t *testing.T) {
	pool := poolWith(config.Pool{Balance: config.BalanceHash, SlowStart: warmUp.Milliseconds()}, 4)
	pool.Update(listOf(numbered(5)...))
	came := map[uint64]bool{}
	for at := time.Duration(0); at <= warmUp; at += warmUp / 20 {
		for key := range uint64(500) {
			e, _ := pool.PickBy(now.Add(at), key, nil)
			e.Done()
			if came[key] && e.Address != newcomer {
				t.Fatalf("key %d went back", key)
			}
			came[key] = e.Address == newcomer
		}
	}
}
