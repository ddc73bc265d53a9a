package local

import (
	"context"
	"maps"
	"strings"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/internal/compile"
	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/world"
)

// endpointSource knows the endpoints of a pool in a member.
type endpointSource func(member string, pool config.Pool) []config.Endpoint

type gateKey struct {
	member  string
	gateway world.Name
}

// gates are the proxies of all Gateways in all members. Its methods are called by one goroutine.
type gates struct {
	o         Options
	addresses *addresses
	running   map[gateKey]*gate
	// failed says why a proxy could not be started; it is tried again.
	failed map[gateKey]string
}

func newGates(o Options, a *addresses) *gates {
	return &gates{o: o, addresses: a, running: map[gateKey]*gate{}, failed: map[gateKey]string{}}
}

// follow makes the proxies those that r wants, and says whether what state tells stayed as it was.
func (g *gates) follow(ctx context.Context, r ir.IR, in input) (settled bool) {
	settled = true
	wanted := map[gateKey]bool{}
	for _, gateway := range r.Gateways {
		for _, member := range g.o.Members {
			key := gateKey{member, world.Name{Namespace: gateway.Namespace, Name: gateway.Name}}
			root, chunks := compile.Gateway(r, key.gateway, member)
			if root.Version == 0 {
				continue
			}
			wanted[key] = true
			one, opened := g.open(ctx, key, gateway)
			if one == nil {
				settled = false
				continue
			}
			changed := one.apply(root, chunks, member, in)
			settled = settled && !opened && !changed
		}
	}
	return g.drop(wanted) && settled
}

// drop ends the proxies that are not wanted, and says whether there were none.
func (g *gates) drop(wanted map[gateKey]bool) (none bool) {
	none = true
	for key, one := range g.running {
		if !wanted[key] {
			one.close()
			delete(g.running, key)
			none = false
		}
	}
	maps.DeleteFunc(g.failed, func(key gateKey, _ string) bool { return !wanted[key] })
	return none
}

// open finds a gate, or makes it: a new one for a Gateway that went over to another provider. It is nil when that fails.
func (g *gates) open(ctx context.Context, key gateKey, gateway *ir.Gateway) (one *gate, opened bool) {
	if one := g.running[key]; one != nil {
		if one.controller == gateway.Controller {
			return one, false
		}
		one.close()
		delete(g.running, key)
	}
	delete(g.failed, key)
	address, err := g.addresses.of(key.gateway, key.member)
	if err != nil {
		g.failed[key] = err.Error()
		return nil, false
	}
	one, err = openGate(ctx, g.o, address, gateway)
	if err != nil {
		g.failed[key] = bindProblem(err)
		return nil, false
	}
	g.running[key] = one
	return one, true
}

// state is what a World tells of proxies.
func (g *gates) state() map[string]map[world.Name]world.Proxies {
	out := map[string]map[world.Name]world.Proxies{}
	for _, member := range g.o.Members {
		out[member] = map[world.Name]world.Proxies{}
	}
	for key, problem := range g.failed {
		out[key.member][key.gateway] = world.Proxies{Problem: problem}
	}
	for key, one := range g.running {
		here := []string{one.address.String()}
		p := world.Proxies{Addresses: here, Hosts: here, Revisions: []string{one.revision}, Problem: one.problem}
		if one.proxy.Ready() {
			p.Ready = 1
		}
		out[key.member][key.gateway] = p
	}
	return out
}

func (g *gates) close() {
	for key, one := range g.running {
		one.close()
		delete(g.running, key)
	}
	g.addresses.close()
}

// splitName cuts "namespace/name".
func splitName(text string) (namespace, name string) {
	namespace, name, _ = strings.Cut(text, "/")
	return namespace, name
}
