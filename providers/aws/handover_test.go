package aws_test

import (
	"testing"
	"time"

	"github.com/fleetgate/fleetgate/providers"
	"github.com/fleetgate/fleetgate/providers/aws"
)

// TestAHandoverLeavesNothingBehind has an operator make a front that lost the lead a moment ago, while the one that took over
// believes what it listed before that; then the Gateway is deleted.
func TestAHandoverLeavesNothingBehind(t *testing.T) {
	c, front := startEmulator(t, nil), testFront(t)
	believing := c.open(t, func(o *aws.Options) { o.CacheTTL = time.Hour })
	if _, _, err := providers.Plan(t.Context(), believing, front); err != nil {
		t.Fatal(err)
	}
	settle(t, c.open(t, nil), front)
	front.Ports, front.Members = nil, nil
	destroy(t, believing, front)
	if left := c.owned(t, front.Owner); len(left) > 0 {
		t.Errorf("left after destroying: %v", left)
	}
}
