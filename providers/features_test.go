package providers_test

import (
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/gateway-api/pkg/features"

	"github.com/fleetgate/fleetgate/providers"
)

// maxFeatures is how many a GatewayClass can list.
const maxFeatures = 64

func TestFeatures(t *testing.T) {
	all := providers.AllFeatures()
	for _, list := range [][]string{all, providers.HTTPFeatures()} {
		if !slices.IsSorted(list) || len(slices.Compact(slices.Clone(list))) != len(list) || len(list) > maxFeatures {
			t.Errorf("%d features are not sorted, repeated, or more than a GatewayClass takes: %v", len(list), list)
		}
		for _, name := range list {
			if !slices.Contains(all, name) {
				t.Errorf("%s is behind a front what it is not without one", name)
			}
		}
	}
	for feature := range features.AllFeatures {
		name := string(feature.Name)
		if !slices.Contains(all, name) && !strings.HasPrefix(name, "Mesh") {
			t.Errorf("%s is not listed", name)
		}
	}
}
