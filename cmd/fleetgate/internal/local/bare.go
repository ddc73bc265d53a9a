package local

import (
	"context"
	"maps"

	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/world"
)

// bare are no fronts: clients reach the proxies themselves.
type bare struct {
	member    string
	addresses *addresses
	now       map[world.Name]world.Front
}

func (b *bare) follow(_ context.Context, r ir.IR) bool {
	settled := true
	now := map[world.Name]world.Front{}
	for _, g := range r.Gateways {
		name := world.Name{Namespace: g.Namespace, Name: g.Name}
		front := world.Front{Generation: g.Generation}
		if at, err := b.addresses.of(name, b.member); err != nil {
			front.Error, front.Invalid = err.Error(), true
		} else {
			front.Active, front.Addresses = true, []world.Address{{IP: at.String()}}
		}
		settled = settled && same(front, b.now[name])
		now[name] = front
	}
	b.now = now
	return settled
}

func (b *bare) state() map[world.Name]world.Front { return maps.Clone(b.now) }

func (b *bare) address(gateway world.Name) string {
	for _, a := range b.now[gateway].Addresses {
		return a.IP
	}
	return ""
}

func (b *bare) close() {}
