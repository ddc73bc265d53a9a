package scene

import (
	"github.com/fleetgate/fleetgate/internal/world"
	"github.com/fleetgate/fleetgate/providers"
)

// Controller is the controllerName of GatewayClasses that the CLI answers for.
const Controller = "gateway.aws.company.com/controller"

// Providers are those of a Scene. endsTLS says whether there are load balancers that end TLS before the proxies.
func Providers(endsTLS bool) map[string]world.Provider {
	return map[string]world.Provider{
		Controller: {
			Kind: "ALBConfig", Group: "gateway.aws.company.com", EndsTLS: endsTLS,
			Protocols: []string{"HTTP", "HTTPS"}, RouteKinds: []string{"HTTPRoute"}, Features: providers.HTTPFeatures(),
		},
	}
}
