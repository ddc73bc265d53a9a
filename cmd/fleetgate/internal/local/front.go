package local

import (
	"context"
	"maps"
	"slices"

	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/world"
)

// fronts makes what stands before the proxies and knows how far it is.
type fronts interface {
	// follow makes one pass for every Gateway of r. settled says that the next pass would do nothing more.
	follow(ctx context.Context, r ir.IR) (settled bool)
	// state by Gateway.
	state() map[world.Name]world.Front
	// address is where clients reach a Gateway; "" while they cannot.
	address(gateway world.Name) string
	close()
}

// byController are the fronts of the Gateways of each controllerName.
type byController map[string]fronts

func (b byController) follow(ctx context.Context, r ir.IR) bool {
	settled := true
	for _, controller := range slices.Sorted(maps.Keys(b)) {
		its := r
		its.Gateways = nil
		for _, g := range r.Gateways {
			if g.Controller == controller {
				its.Gateways = append(its.Gateways, g)
			}
		}
		settled = b[controller].follow(ctx, its) && settled
	}
	return settled
}

func (b byController) state() map[world.Name]world.Front {
	out := map[world.Name]world.Front{}
	for _, one := range b {
		maps.Copy(out, one.state())
	}
	return out
}

func (b byController) address(gateway world.Name) string {
	for _, one := range b {
		if at := one.address(gateway); at != "" {
			return at
		}
	}
	return ""
}

func (b byController) close() {
	for _, one := range b {
		one.close()
	}
}

func same(a, b world.Front) bool {
	return a.Generation == b.Generation && a.Active == b.Active && a.Pending == b.Pending && a.Error == b.Error &&
		slices.Equal(a.Addresses, b.Addresses) && slices.Equal(a.Problems, b.Problems)
}
