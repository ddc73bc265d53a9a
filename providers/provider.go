// Package providers holds the one interface that makes fronts, and its kinds of error.
package providers

import (
	"context"

	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/plan"
	"github.com/fleetgate/fleetgate/internal/stack"
)

// Provider makes fronts in one kind of cloud. Implementations are safe for concurrent use, and pass
// the contract in providers/providertest.
type Provider interface {
	// Observe reads what the owner of front owns and the facts that Render needs. It never writes. For a
	// front that is to go away only Owner and the parameters are set.
	Observe(ctx context.Context, front ir.Front) (stack.Observed, error)
	// Render maps intent to this cloud's resources. Pure. Problems tell which listeners cannot be served;
	// the rest of the Stack goes on.
	Render(front ir.Front, have stack.Observed) (stack.Stack, []ir.Problem)
	// Apply performs one step and returns the resource as it now is. It must be safe to repeat: a step
	// whose answer was lost and that runs again leaves one resource.
	Apply(ctx context.Context, front ir.Front, step plan.Step) (stack.Resource, error)
	// Addresses are what Gateway.status.addresses gets, from observed resources; none while not active.
	Addresses(have stack.Observed) []Address
	// Features are the Gateway API features that a front of this kind lets the proxies honour, sorted.
	Features() []string
}

// Placer is a Provider whose fronts can be at places that know nothing of each other, such as regions. A front
// that moves is made at the new place first, and then taken away at the old one.
type Placer interface {
	// Place is where the front is; "" if that cannot be told.
	Place(front ir.Front) string
}

// Address is one address of a front.
type Address struct {
	// Hostname or IP is set.
	Hostname string
	IP       string
}
