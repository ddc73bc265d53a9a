package main

import (
	"context"
	"fmt"

	"github.com/fleetgate/fleetgate/cmd/internal/classes"
	"github.com/fleetgate/fleetgate/controllers"
	"github.com/fleetgate/fleetgate/internal/world"
	"github.com/fleetgate/fleetgate/providers"
	"github.com/fleetgate/fleetgate/providers/aws"
	"github.com/fleetgate/fleetgate/providers/memory"
	"github.com/fleetgate/fleetgate/providers/service"
)

// memoryController is the controllerName of classes whose cloud is a map, for tests and demonstrations.
const memoryController = "gateway.company.com/memory"

// registered is the map from controllerName to provider.
func registered(ctx context.Context, s settings, hub string, services service.Members) (map[string]controllers.Provider, error) {
	amazon, err := aws.New(ctx, aws.Options{HubID: hub, Region: s.awsRegion})
	if err != nil {
		return nil, fmt.Errorf("make the provider aws: %w", err)
	}
	facts := classes.Answered()
	out := map[string]controllers.Provider{
		classes.AWS:     register(amazon, facts[classes.AWS]),
		classes.Service: register(service.New(services), facts[classes.Service]),
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
