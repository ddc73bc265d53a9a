// Package classes is which GatewayClasses are answered for, and what translation has to know of the provider behind
// each: the same for the operator and for the command line, so that both give objects the same conditions.
package classes

import (
	awsv1alpha1 "github.com/fleetgate/fleetgate/apis/aws/v1alpha1"
	gatewayv1alpha1 "github.com/fleetgate/fleetgate/apis/gateway/v1alpha1"
	"github.com/fleetgate/fleetgate/internal/world"
	"github.com/fleetgate/fleetgate/providers"
)

// controllerNames that GatewayClasses select providers by.
const (
	AWS     = "gateway.aws.company.com/controller"
	Service = "gateway.company.com/service"
)

// Answered are the facts of all of them, by controllerName. The caller may change the map.
func Answered() map[string]world.Provider {
	return map[string]world.Provider{
		AWS: {
			Group: awsv1alpha1.GroupVersion.Group, Kind: "ALBConfig", EndsTLS: true,
			Protocols: []string{"HTTP", "HTTPS"}, RouteKinds: []string{"HTTPRoute"}, Features: providers.HTTPFeatures(),
		},
		Service: {
			Group: gatewayv1alpha1.GroupVersion.Group, Kind: "ServiceConfig", StaticAddresses: true,
			Features: providers.AllFeatures(),
		},
	}
}
