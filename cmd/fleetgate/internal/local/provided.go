package local

import (
	"context"
	"maps"

	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/world"
	"github.com/fleetgate/fleetgate/providers"
)

// surroundings are what a provider's fronts are made in.
type surroundings interface {
	// prepare brings what a front expects to find there.
	prepare(ctx context.Context, front ir.Front) error
	// subnets are the networks that fronts send from.
	subnets() []string
	// locate is where an address of a front leads on this machine; "" while it leads nowhere.
	locate(address world.Address) string
	close()
}

// provided are fronts that a provider makes, as it does for the operator.
type provided struct {
	surroundings

	provider providers.Provider
	now      map[world.Name]world.Front
	owned    map[world.Name]ir.Front
}

func newProvided(provider providers.Provider, in surroundings) *provided {
	return &provided{surroundings: in, provider: provider, now: map[world.Name]world.Front{}, owned: map[world.Name]ir.Front{}}
}

func (p *provided) follow(ctx context.Context, r ir.IR) bool {
	settled := true
	for _, g := range r.Gateways {
		name := world.Name{Namespace: g.Namespace, Name: g.Name}
		if g.Frozen {
			continue
		}
		p.owned[name] = g.Front
		front := p.pass(ctx, g)
		settled = settled && front.Pending == "" && front.Error == "" && same(front, p.now[name])
		p.now[name] = front
	}
	for name, front := range p.owned {
		if r.Gateway(name.Namespace, name.Name) == nil {
			settled = p.destroy(ctx, name, front) && settled
		}
	}
	return settled
}

// pass brings one front on.
func (p *provided) pass(ctx context.Context, g *ir.Gateway) world.Front {
	out := world.Front{Generation: g.Generation, Subnets: p.subnets(), Ports: p.now[world.Name(g.Key())].Ports}
	if err := p.prepare(ctx, g.Front); err != nil {
		out.Error = err.Error()
		return out
	}
	result, err := providers.Reconcile(ctx, p.provider, g.Front)
	out.Active, out.Pending, out.Problems = result.Active, result.Pending, result.Problems
	for _, a := range result.Addresses {
		out.Addresses = append(out.Addresses, world.Address(a))
	}
	if result.Whole {
		out.Ports = world.PortsOf(g.Front)
	}
	if err != nil {
		out.Error = err.Error()
		_, out.Invalid = providers.AsTerminal(err)
	}
	return out
}

// destroy says whether the front of a Gateway that is gone is gone too.
func (p *provided) destroy(ctx context.Context, name world.Name, front ir.Front) bool {
	delete(p.now, name)
	done, _, err := providers.Destroy(ctx, p.provider, front)
	if err != nil || !done {
		return false
	}
	delete(p.owned, name)
	return true
}

func (p *provided) state() map[world.Name]world.Front { return maps.Clone(p.now) }

func (p *provided) address(gateway world.Name) string {
	for _, a := range p.now[gateway].Addresses {
		if at := p.locate(a); at != "" {
			return at
		}
	}
	return ""
}
