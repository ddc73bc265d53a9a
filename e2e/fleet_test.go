package e2e

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/fleetgate/fleetgate/e2e/stage"
	"github.com/fleetgate/fleetgate/e2e/testbed"
)

// production and restricted are the scenario's Gateways.
const (
	gatewayNamespace = "gateway-infra"
	production       = "production-gateway"
	restricted       = "restricted-gateway"
)

// TestFleet brings the stage up once; what follows runs in order, since later parts break things that
// earlier parts need, and the last one removes the Gateways.
func TestFleet(t *testing.T) {
	if os.Getenv("FLEETGATE_E2E") == "" {
		t.Skip("needs root and real clusters: make e2e")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 25*time.Minute)
	defer cancel()
	// A prefix and network of its own: a demo that is up is left alone.
	network := testNetwork(t)
	options := stage.Options{
		Testbed: testbed.Options{Prefix: "fge2e", Network: network}, Bin: "../bin", Manifests: "examples/seed", Log: os.Stderr,
	}
	if os.Getenv("FLEETGATE_E2E") != "keep" {
		t.Cleanup(func() { remove(t, options) })
	}
	begin := time.Now()
	s, err := stage.Up(ctx, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("up in %s", time.Since(begin).Round(time.Second))
	parts := []struct {
		name string
		run  func(context.Context, *testing.T, *stage.Stage)
	}{
		{"cloud as declared", cloudAsDeclared},
		{"routes", routes},
		{"printed lines", printedLines},
		{"canary from both members", canary},
		{"proxies of a member deleted", proxiesDeleted},
		{"API of a member down", memberAPIDown},
		{"operator killed and hub stopped", operatorAndHubDown},
		{"backend rollout with the hub down", rolloutWithHubDown},
		{"deleted Gateways leave nothing", deletedGateways},
	}
	for _, part := range parts {
		if !t.Run(part.name, func(t *testing.T) { part.run(ctx, t, s) }) {
			t.Fatal("what follows builds on this part")
		}
	}
}

// remove takes the testbed down and fails the test where something is left.
func remove(t *testing.T, options stage.Options) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	if err := stage.Down(ctx, options); err != nil {
		t.Error(err)
	}
	nothingLeft(t, options.Testbed.Prefix)
}
