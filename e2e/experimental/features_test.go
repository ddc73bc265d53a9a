package experimental

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fleetgate/fleetgate/e2e/ground"
)

// claimed are the features that need the experimental channel.
var claimed = []string{
	"ClusterTrustBundle", "GatewayAddressRoutability", "GatewayAddressRoutabilityCluster", "GatewayListenerFilters", "HTTPRouteExternalAuth", "HTTPRouteExternalAuthForwardBody", "HTTPRouteExternalAuthGRPC", "HTTPRouteExternalAuthHTTP",
}

// supportedFeatures waits until the GatewayClass claims them.
func supportedFeatures(t *testing.T, g *ground.Ground) {
	deadline := time.Now().Add(patience)
	for {
		out, err := g.Kubectl(t.Context(), nil, "get", "gatewayclass", ground.Class, "-o", "jsonpath={.status.supportedFeatures[*].name}")
		if err != nil {
			t.Fatal(err)
		}
		missing := without(claimed, strings.Fields(out))
		if len(missing) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%v are not claimed: %s", missing, out)
		}
		time.Sleep(time.Second)
	}
}

// without are the names of a list that another one lacks.
func without(list, other []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(name string) bool { return slices.Contains(other, name) })
}
