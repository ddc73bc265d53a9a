package translate_test

import (
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/translate"
	"github.com/fleetgate/fleetgate/internal/world"
	"github.com/fleetgate/fleetgate/internal/world/worldtest"
)

// TestPoolsOfOneKeyAreTheSame holds that whatever routes lead to a pool, of whatever kind, say the same of it: proxies
// keep one pool of a key.
func TestPoolsOfOneKeyAreTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pools := map[string]ir.Pool{}
		check := func(gateway string, some []ir.Pool) {
			for _, pool := range some {
				key := gateway + " " + pool.Key
				if known, found := pools[key]; found && !reflect.DeepEqual(known, pool) {
					t.Fatalf("%s: %+v\n%+v", key, known, pool)
				}
				pools[key] = pool
			}
		}
		meant := translate.All(worldtest.Random(t))
		for _, gateway := range meant.Gateways {
			check(gateway.Key().String(), gateway.Pools)
		}
		for route := range meant.Routes.All() {
			for _, part := range route.Gateways {
				check(part.Gateway, part.Pools)
			}
		}
	})
}

// TestListenersWithFiltersHaveThem holds that no listener loses one that was asked for: proxies would let everybody in.
func TestListenersWithFiltersHaveThem(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := worldtest.Random(t)
		meant := translate.All(w)
		for _, gateway := range meant.Gateways {
			for i, spec := range w.Gateways[world.Name(gateway.Key())].Spec.Listeners {
				listener := &gateway.Listeners[i]
				if spec.Filters == nil || !listener.Proxied {
					continue
				}
				if len(listener.Filters) != len(spec.Filters.Requests) {
					t.Fatalf("listener %s of %s has %d filters, and should have %d", listener.Name, gateway.Key(), len(listener.Filters), len(spec.Filters.Requests))
				}
				for _, filter := range listener.Filters {
					if (filter.Auth == nil) == (filter.Broken == "") {
						t.Fatalf("listener %s of %s: filter %+v", listener.Name, gateway.Key(), filter)
					}
				}
			}
		}
	})
}

// TestNothingInTheClear holds that no request goes in the clear to a port that a BackendTLSPolicy is for.
func TestNothingInTheClear(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		meant := translate.All(worldtest.Random(t))
		for route := range meant.Routes.All() {
			for _, part := range route.Gateways {
				for _, pool := range part.Pools {
					if pool.TLS != nil || pool.Transport != "" || len(part.Passed) > 0 {
						continue
					}
					for _, policy := range meant.Policies {
						for _, target := range policy.Targets {
							if policy.Kind == ir.BackendTLSPolicy && policy.Namespace == pool.Namespace && target.Service == pool.Service && target.Section == "" {
								t.Fatalf("route %s: pool %+v is in the clear in spite of policy %s", route.Key(), pool, policy.Key())
							}
						}
					}
				}
			}
		}
	})
}
