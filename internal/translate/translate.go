// Package translate turns a World into the IR: what users meant, with a Problem for every fault.
package translate

import (
	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/world"
)

// All translates everything.
func All(w *world.World) ir.IR {
	return ir.IR{}
}

// Change translates what changed since prev, and what depends on it, and shares the rest with prev. It
// equals All(w), if changed names everything in which w differs from the World of prev.
func Change(prev ir.IR, w *world.World, changed []world.Key) ir.IR {
	return All(w)
}
