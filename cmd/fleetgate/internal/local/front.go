package local

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/fleetgate/fleetgate/cmd/fleetgate/internal/cloud"
	"github.com/fleetgate/fleetgate/cmd/fleetgate/internal/selfsigned"
	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/world"
	"github.com/fleetgate/fleetgate/providers"
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

// clouded are fronts in the emulated AWS.
type clouded struct {
	aws    *cloud.Emulated
	wallet *selfsigned.Wallet
	// discover are the hostnames for which ACM is given a certificate.
	discover []string

	now   map[world.Name]world.Front
	owned map[world.Name]ir.Front
}

func newClouded(aws *cloud.Emulated, wallet *selfsigned.Wallet) *clouded {
	return &clouded{aws: aws, wallet: wallet, now: map[world.Name]world.Front{}, owned: map[world.Name]ir.Front{}}
}

func (c *clouded) follow(ctx context.Context, r ir.IR) bool {
	settled := true
	for _, g := range r.Gateways {
		name := world.Name{Namespace: g.Namespace, Name: g.Name}
		if g.Frozen {
			continue
		}
		c.owned[name] = g.Front
		front := c.pass(ctx, g)
		settled = settled && front.Pending == "" && front.Error == "" && same(front, c.now[name])
		c.now[name] = front
	}
	for name, front := range c.owned {
		if r.Gateway(name.Namespace, name.Name) == nil {
			settled = c.destroy(ctx, name, front) && settled
		}
	}
	return settled
}

// pass brings one front on.
func (c *clouded) pass(ctx context.Context, g *ir.Gateway) world.Front {
	out := world.Front{Generation: g.Generation, Subnets: []string{"127.0.0.0/8"}}
	if err := c.certify(ctx, g.Front); err != nil {
		out.Error = err.Error()
		return out
	}
	result, err := providers.Reconcile(ctx, c.aws.Provider, g.Front)
	out.Active, out.Pending, out.Problems = result.Active, result.Pending, result.Problems
	for _, a := range result.Addresses {
		out.Addresses = append(out.Addresses, world.Address(a))
	}
	if err != nil {
		out.Error = err.Error()
		_, out.Invalid = providers.AsTerminal(err)
	}
	return out
}

// certify gives ACM the certificates that a demonstration expects there.
func (c *clouded) certify(ctx context.Context, front ir.Front) error {
	region := ""
	if front.ALB != nil {
		region = front.ALB.Region
	}
	var errs []error
	for _, p := range front.Ports {
		for _, d := range p.DiscoverHostnames {
			if slices.Contains(c.discover, d.Hostname) {
				errs = append(errs, c.aws.Import(ctx, c.wallet, region, d.Hostname))
			}
		}
	}
	return errors.Join(errs...)
}

// destroy says whether the front of a Gateway that is gone is gone too.
func (c *clouded) destroy(ctx context.Context, name world.Name, front ir.Front) bool {
	delete(c.now, name)
	done, _, err := providers.Destroy(ctx, c.aws.Provider, front)
	if err != nil || !done {
		return false
	}
	delete(c.owned, name)
	return true
}

func (c *clouded) state() map[world.Name]world.Front { return maps.Clone(c.now) }

func (c *clouded) address(gateway world.Name) string {
	for _, a := range c.now[gateway].Addresses {
		if ip, ok := c.aws.Resolve(a.Hostname); ok {
			return ip
		}
	}
	return ""
}

func (c *clouded) close() { c.aws.Close() }

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

func same(a, b world.Front) bool {
	return a.Generation == b.Generation && a.Active == b.Active && a.Pending == b.Pending && a.Error == b.Error &&
		slices.Equal(a.Addresses, b.Addresses) && slices.Equal(a.Problems, b.Problems)
}
