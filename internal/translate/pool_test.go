package translate_test

import (
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/translate"
	"github.com/fleetgate/fleetgate/internal/world/worldtest"
)

// TestPoolsOfOneKeyAreTheSame holds that whatever routes lead to a pool, of whatever kind, say the same of it: proxies
// keep one pool of a key.
func TestPoolsOfOneKeyAreTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pools := map[string]ir.Pool{}
		for _, route := range translate.All(worldtest.Random(t)).Routes {
			for _, part := range route.Gateways {
				for _, pool := range part.Pools {
					key := part.Gateway + " " + pool.Key
					if known, found := pools[key]; found && !reflect.DeepEqual(known, pool) {
						t.Fatalf("%s: %+v\n%+v", key, known, pool)
					}
					pools[key] = pool
				}
			}
		}
	})
}

// TestNothingInTheClear holds that no request goes in the clear to a port that a BackendTLSPolicy is for.
func TestNothingInTheClear(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		meant := translate.All(worldtest.Random(t))
		for _, route := range meant.Routes {
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
