package balance_test

import (
	"errors"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/fleetgate/fleetgate/dataplane/balance"
	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/dataplane/health"
)

var policies = []config.Balance{config.BalanceLeast, config.BalanceRoundRobin, config.BalanceHash}

var quick = health.Policy{Failures: 1, For: time.Second, Longest: time.Second, MaxShare: 0.5}

// poolWith makes a pool of n endpoints, "10.0.0.1:80" and so on.
func poolWith(c config.Pool, n int) *balance.Pool {
	pool := balance.NewPool(c, quick)
	pool.Update(listOf(numbered(n)...))
	return pool
}

func numbered(n int) (addresses []string) {
	for i := range n {
		addresses = append(addresses, fmt.Sprintf("10.0.%d.%d", i/250, i%250+1))
	}
	return addresses
}

// picks counts where requests go, each done at once.
func picks(t interface{ Fatal(...any) }, pool *balance.Pool, at time.Time, n int) map[string]int {
	counts := map[string]int{}
	for key := range n {
		e, err := pool.PickBy(at, uint64(key), nil)
		if err != nil {
			t.Fatal(err)
		}
		e.Done()
		counts[e.Address]++
	}
	return counts
}

func TestEveryPolicySharesOut(t *testing.T) {
	for _, c := range []struct {
		policy config.Balance
		within int // of 1000
	}{{config.BalanceLeast, 200}, {config.BalanceRoundRobin, 0}, {config.BalanceHash, 150}} {
		t.Run(string(c.policy), func(t *testing.T) {
			counts := picks(t, poolWith(config.Pool{Balance: c.policy}, 5), now, 5000)
			for address, n := range counts {
				if n < 1000-c.within || n > 1000+c.within || len(counts) != 5 {
					t.Fatalf("%s got %d of 5000 requests to 5 endpoints: %v", address, n, counts)
				}
			}
		})
	}
}

// ejectOne counts a failure of the endpoint with an address, so that it is ejected.
func ejectOne(t *testing.T, pool *balance.Pool, address string) {
	t.Helper()
	for key := range uint64(10_000) {
		e, _ := pool.PickBy(now, key, nil)
		e.Done()
		if e.Address == address {
			if !pool.Failed(e, now) {
				t.Fatal("not ejected")
			}
			return
		}
	}
	t.Fatal("never picked")
}

func TestEveryPolicyPassesOverWhatIsNotGood(t *testing.T) {
	for _, policy := range policies {
		t.Run(string(policy), func(t *testing.T) {
			pool := poolWith(config.Pool{Balance: policy}, 4)
			ejectOne(t, pool, "10.0.0.2:80")
			counts := picks(t, pool, now, 3000)
			if counts["10.0.0.2:80"] != 0 {
				t.Fatalf("an ejected endpoint got requests: %v", counts)
			}
			for address, n := range counts {
				if n < 750 || policy == config.BalanceRoundRobin && n != 1000 {
					t.Fatalf("the others share what it would get, not its neighbour alone: %s got %d, %v", address, n, counts)
				}
			}
			var all []*balance.Endpoint
			for key := uint64(0); len(all) < 3; key++ {
				e, _ := pool.PickBy(now, key, all)
				all = append(all, e)
			}
			if e, err := pool.PickBy(now, 1, all); err != nil || e == nil {
				t.Fatalf("when all are ejected or to be avoided, any is better than none: %v", err)
			}
		})
	}
}

func TestFullAndEmptyAreToldApart(t *testing.T) {
	for _, policy := range policies {
		for _, n := range []int{1, 2, 5} {
			t.Run(fmt.Sprint(policy, n), func(t *testing.T) {
				pool := poolWith(config.Pool{Balance: policy, MaxRequests: 3}, n)
				var taken []*balance.Endpoint
				for range 3 * n {
					e, err := pool.PickBy(now, 7, nil)
					if err != nil {
						t.Fatalf("with %d requests for %d endpoints of 3: %v", len(taken), n, err)
					}
					taken = append(taken, e)
				}
				if e, err := pool.PickBy(now, 7, nil); !errors.Is(err, balance.ErrFull) || e != nil || pool.Pick(now, nil) != nil {
					t.Fatalf("all are full: %v", err)
				}
				taken[0].Done()
				if e, err := pool.PickBy(now, 7, taken); err != nil || e != taken[0] {
					t.Fatalf("there is room again, even if it was to be avoided: %v", err)
				}
				pool.Update(nil)
				if _, err := pool.PickBy(now, 7, nil); !errors.Is(err, balance.ErrEmpty) {
					t.Fatalf("nobody is there: %v", err)
				}
			})
		}
	}
}

func TestLimitHoldsUnderContention(t *testing.T) {
	const limit, endpoints = 4, 3
	for _, policy := range policies {
		t.Run(string(policy), func(t *testing.T) {
			pool := poolWith(config.Pool{Balance: policy, MaxRequests: limit}, endpoints)
			var group sync.WaitGroup
			var over, served atomic.Int64
			for worker := range 8 {
				group.Go(func() {
					for i := range 2000 {
						e, err := pool.PickBy(now, uint64(worker*i), nil)
						if err != nil {
							continue
						}
						if e.Inflight() > limit {
							over.Add(1)
						}
						served.Add(1)
						e.Done()
					}
				})
			}
			group.Wait()
			if over.Load() > 0 || served.Load() < 8000 {
				t.Fatalf("%d times over the limit, %d requests served", over.Load(), served.Load())
			}
		})
	}
}

func TestHashMovesFewKeys(t *testing.T) {
	const keys = 300
	rapid.Check(t, func(t *rapid.T) {
		pool := balance.NewPool(config.Pool{Balance: config.BalanceHash}, quick)
		all := numbered(40)
		some := func(label string) (list []config.Endpoint) {
			for _, a := range rapid.SliceOfNDistinct(rapid.SampledFrom(all), 1, 30, rapid.ID[string]).Draw(t, label) {
				list = append(list, config.Endpoint{Address: a, Port: 80})
			}
			return list
		}
		before, after := some("before"), some("after")
		pool.Update(before)
		was := placed(t, pool, keys)
		pool.Update(after)
		is := placed(t, pool, keys)
		stays, isNew := map[string]bool{}, map[string]bool{}
		for _, e := range after {
			isNew[e.Address+":80"] = true
		}
		for _, e := range before {
			stays[e.Address+":80"] = isNew[e.Address+":80"]
			delete(isNew, e.Address+":80")
		}
		for key := range keys {
			if was[key] != is[key] && stays[was[key]] && !isNew[is[key]] {
				t.Fatalf("key %d went from %s to %s although both were there all the time", key, was[key], is[key])
			}
		}
		other := balance.NewPool(config.Pool{Balance: config.BalanceHash}, quick)
		other.Update(after)
		for key, address := range placed(t, other, keys) {
			if is[key] != address {
				t.Fatalf("key %d is at %s in one proxy and at %s in another", key, is[key], address)
			}
		}
	})
}

func placed(t *rapid.T, pool *balance.Pool, keys int) (addresses []string) {
	for key := range keys {
		e, err := pool.PickBy(now, uint64(key), nil)
		if err != nil {
			t.Fatal(err)
		}
		e.Done()
		addresses = append(addresses, e.Address)
	}
	return addresses
}

func TestHashWithoutAKeyTakesTheLessBusy(t *testing.T) {
	pool := poolWith(config.Pool{Balance: config.BalanceHash}, 2)
	counts := map[string]int{}
	for range 100 {
		counts[pool.Pick(now, nil).Address]++
	}
	if !maps.Equal(counts, map[string]int{"10.0.0.1:80": 50, "10.0.0.2:80": 50}) {
		t.Fatalf("got %v", counts)
	}
}

func TestPickByDoesNotAllocate(t *testing.T) {
	for _, policy := range policies {
		pool := poolWith(config.Pool{Balance: policy, MaxRequests: 5, SlowStart: 1000}, 10)
		avoid := []*balance.Endpoint{pool.Pick(now, nil)}
		if n := testing.AllocsPerRun(100, func() {
			if e, _ := pool.PickBy(now, 9, avoid); e != nil {
				e.Done()
			}
		}); n != 0 {
			t.Errorf("%q: %v allocations", policy, n)
		}
	}
}

func TestEjectionsAreCappedUnderContention(t *testing.T) {
	pool := poolWith(config.Pool{}, 10)
	all := map[*balance.Endpoint]bool{}
	for len(all) < 10 {
		all[pool.Pick(now, nil)] = true
	}
	var group sync.WaitGroup
	var ejected atomic.Int64
	for e := range all {
		group.Go(func() {
			if pool.FailedBy(e, health.Connect, now) {
				ejected.Add(1)
			}
		})
	}
	group.Wait()
	if ejected.Load() != 5 {
		t.Fatalf("%d of 10 endpoints were ejected, half may be", ejected.Load())
	}
}

func BenchmarkPickBy(b *testing.B) {
	for _, policy := range policies {
		for _, n := range []int{4, 100, 1000} {
			b.Run(fmt.Sprintf("%s/%d", policy, n), func(b *testing.B) {
				pool := poolWith(config.Pool{Balance: policy}, n)
				key := uint64(0)
				b.ReportAllocs()
				for b.Loop() {
					key++
					if e, _ := pool.PickBy(now, key, nil); e != nil {
						e.Done()
					}
				}
			})
		}
	}
}
