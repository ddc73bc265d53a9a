package aws

import (
	"context"
	"errors"

	"github.com/fleetgate/fleetgate/providers"
)

// New makes a Provider. It does not call AWS yet.
func New(_ context.Context, o Options) (providers.Provider, error) {
	if o.HubID == "" {
		return nil, errors.New("aws: Options.HubID is required")
	}
	return nil, errors.ErrUnsupported
}
