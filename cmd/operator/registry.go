package main

import (
	"context"
	"fmt"

	awsv1alpha1 "github.com/fleetgate/fleetgate/apis/aws/v1alpha1"
	gatewayv1alpha1 "github.com/fleetgate/fleetgate/apis/gateway/v1alpha1"
	"github.com/fleetgate/fleetgate/controllers"
	"github.com/fleetgate/fleetgate/internal/world"
	"github.com/fleetgate/fleetgate/providers"
	"github.com/fleetgate/fleetgate/providers/aws"
	"github.com/fleetgate/fleetgate/providers/memory"
	"github.com/fleetgate/fleetgate/providers/service"
)

// controllerNames that GatewayClasses select providers by.
const (
	awsController     = "gateway.aws.company.com/controller"
	serviceController = "gateway.company.com/service"
	memoryController  = "gateway.company.com/memory"
)

// registered is the map from controllerName to provider.
func registered(ctx context.Context, s settings, hub string, services service.Members) (map[string]controllers.Provider, error) {
	amazon, err := aws.New(ctx, aws.Options{HubID: hub, Region: s.awsRegion})
	if err != nil {
		return nil, fmt.Errorf("make the provider aws: %w", err)
	}
	out := map[string]controllers.Provider{
		awsController: register(amazon, world.Provider{
			Group: awsv1alpha1.GroupVersion.Group, Kind: "ALBConfig", EndsTLS: true,
			Protocols: []string{"HTTP", "HTTPS"}, RouteKinds: []string{"HTTPRoute"},
		}),
		serviceController: register(service.New(services), world.Provider{
			Group: gatewayv1alpha1.GroupVersion.Group, Kind: "ServiceConfig", StaticAddresses: true,
		}),
	}
	if s.memory {
		out[memoryController] = register(memory.New(memory.NewCloud(memory.Options{})), world.Provider{EndsTLS: true})
	}
	return out, nil
}

func register(provider providers.Provider, facts world.Provider) controllers.Provider {
	facts.Features = provider.Features()
	return controllers.Provider{Provider: provider, Facts: facts}
}
