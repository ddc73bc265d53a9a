package status

import (
	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/world"
)

// Of is the status of everything that is ours.
func Of(w *world.World, r ir.IR) []Patch {
	return nil
}

// Changed is the status of all that may differ since prev: classes, parameters and Gateways always, routes
// when their translation changed.
func Changed(w *world.World, prev, next ir.IR) []Patch {
	return Of(w, next)
}
