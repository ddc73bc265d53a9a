package aws_test

import (
	"os"
	"strings"
	"testing"

	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/providers/providertest"
)

// motoDifferences are the tests of the contract that moto's server cannot pass, each with the reason. Of its other
// differences one concerns us (see motoFront); the rest are AWS's refusals that it does not make (deletion protection,
// groups and certificates in use, conflicting creates, throttles), so that it is a lenient judge of our order.
var motoDifferences = map[string]string{
	"LosingAnswers": "moto cannot lose an answer on demand",
}

// motoFront has its targets inside of moto's default VPC: moto forgets a target's AvailabilityZone, so that one
// outside of the VPC is never found as it was registered.
func motoFront(t *testing.T) ir.Front {
	f := testFront(t)
	for _, port := range f.Ports[:1] { // the ports share their targets
		for i := range port.Targets {
			for j, a := range port.Targets[i].Addresses {
				port.Targets[i].Addresses[j] = strings.Replace(a, "10.0.", "172.31.", 1)
			}
		}
	}
	return f
}

// TestIntegration runs the provider's contract against AWS on the wire: always against our emulator, against moto where
// FLEETGATE_MOTO_URL names a server (see hack/moto.sh), and against whatever AWS_ENDPOINT_URL names.
func TestIntegration(t *testing.T) {
	t.Run("emulator", func(t *testing.T) {
		c := startEmulator(t, nil)
		providertest.Run(t, providertest.Suite{
			New:   func(*testing.T) providertest.Cloud { return c },
			Front: testFront,
		})
	})
	t.Run("moto", func(t *testing.T) {
		url := os.Getenv("FLEETGATE_MOTO_URL")
		if url == "" {
			t.Skip("FLEETGATE_MOTO_URL is not set: hack/moto.sh run starts a server")
		}
		c := cloud{inspector: inspect(t, url, testRegion), endpoint: url, region: testRegion}
		c.tagDefaultSubnets(t)
		providertest.Run(t, providertest.Suite{
			New:   func(*testing.T) providertest.Cloud { return c },
			Front: motoFront, Skip: motoDifferences, Stride: 6,
		})
	})
	t.Run("endpoint", func(t *testing.T) {
		if os.Getenv("AWS_ENDPOINT_URL") == "" {
			t.Skip("AWS_ENDPOINT_URL is not set")
		}
		c := cloud{inspector: inspect(t, "", testRegion), region: testRegion}
		providertest.Run(t, providertest.Suite{
			New:   func(*testing.T) providertest.Cloud { return c },
			Front: testFront,
		})
	})
}
