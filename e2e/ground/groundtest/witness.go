// Package groundtest is for the tests that run on a ground.
package groundtest

import (
	"context"
	"testing"
	"time"

	"github.com/fleetgate/fleetgate/e2e/ground"
)

// Witness follows the product's pods on a ground that is Checked, and when the test has cleaned up fails it for what they did
// wrong. To find that out may take as long as limit.
func Witness(t *testing.T, g *ground.Ground, limit time.Duration) {
	t.Helper()
	seen, err := g.Witness(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), limit)
		defer cancel()
		if err := seen.End(ctx); err != nil {
			t.Error(err)
		}
		t.Logf("goroutines of the operator: %d before, %d after", seen.Before, seen.After)
	})
}
