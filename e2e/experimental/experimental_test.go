package experimental

import (
	"context"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/fleetgate/fleetgate/e2e/ground"
	"github.com/fleetgate/fleetgate/e2e/ground/groundtest"
	"github.com/fleetgate/fleetgate/e2e/testbed"
)

const (
	upTimeout   = 15 * time.Minute
	downTimeout = 2 * time.Minute
	endTimeout  = 6 * time.Minute

	// checked has the product built with the race detector and the check for goroutines that are left, and fails the
	// test for what they say.
	checked = "FLEETGATE_E2E_RACE"
)

// TestExperimental brings a cluster up once; each feature has a namespace and a Gateway of its own on it.
func TestExperimental(t *testing.T) {
	if os.Getenv("FLEETGATE_E2E") == "" {
		t.Skip("needs root and a real cluster: make experimental")
	}
	g := raise(t)
	for name, feature := range map[string]func(*testing.T, *ground.Ground){
		"external authorization": externalAuth,
		"session persistence":    sessionPersistence,
		"retry budget":           retryBudget,
		"listener filters":       listenerFilters,
		"default Gateways":       defaultGateways,
		"ClusterTrustBundle":     clusterTrustBundle,
		"address routability":    addressRoutability,
		"supported features":     supportedFeatures,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			feature(t, g)
		})
	}
}

// raise brings the cluster up, and removes it after the test unless FLEETGATE_E2E is keep.
func raise(t *testing.T) *ground.Ground {
	t.Helper()
	options := testbed.Options{Prefix: "fgexp", Members: []string{}, Network: netip.MustParsePrefix("10.223.0.0/16")}
	if os.Getenv("FLEETGATE_E2E") != "keep" {
		t.Cleanup(func() {
			ctx, cancel := context.WithTimeout(context.Background(), downTimeout)
			defer cancel()
			if err := testbed.Down(ctx, options); err != nil {
				t.Error(err)
			}
		})
	}
	ctx, cancel := context.WithTimeout(t.Context(), upTimeout)
	defer cancel()
	begin := time.Now()
	g, err := ground.Up(ctx, ground.Options{
		Testbed: options, Channel: testbed.Experimental,
		Images: []ground.Image{
			ground.Ours("fleetgate/demo-backend:dev", "e2e/backend"),
			ground.Ours("fleetgate/probe:test", "e2e/testbed/probe"),
			ground.Ours("fleetgate/demo-auth:dev", "e2e/experimental/authserver"),
		},
		// Of two proxies neither knows what the other has seen.
		Values: []string{"proxy.replicas=2"}, Checked: os.Getenv(checked) == "1",
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("up in %s", time.Since(begin).Round(time.Second))
	if os.Getenv(checked) == "1" {
		groundtest.Witness(t, g, endTimeout)
	}
	return g
}
