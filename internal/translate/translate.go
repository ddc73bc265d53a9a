// Package translate turns a World into the IR: what users meant, with a Problem for every fault.
package translate

import (
	"maps"
	"slices"
	"sync"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/world"
)

// All translates everything.
func All(w *world.World) ir.IR {
	t := newTranslator(w)
	out := ir.IR{Parameters: t.allParameters(), Classes: t.allClasses(), Policies: t.allPolicies()}
	t.seePolicies(out.Policies)
	for _, name := range sortedNames(w.Gateways) {
		if gateway := t.gateway(name, w.Gateways[name], known{}); gateway != nil {
			out.Gateways = append(out.Gateways, gateway)
		}
	}
	t.see(out.Gateways)
	keys := routeKeys(w)
	routes := make([]*ir.Route, 0, len(keys))
	for _, key := range keys {
		routes = append(routes, t.route(key))
	}
	out.Routes = ir.RoutesOf(routes)
	countAttached(out.Gateways, out.Routes)
	t.countAncestors(out)
	return out
}

// translator holds what one translation has to look up more than once. Its functions make what they give when they are first
// asked: most changes need little of it.
type translator struct {
	w       *world.World
	classes map[string]*ir.Class
	// parameters of all kinds, with their problems.
	parameters map[parameterKey]*ir.Parameters
	grants     func() map[string][]*gatewayv1.ReferenceGrant
	// sets are the ListenerSets by the Gateway that they name, in order of precedence.
	sets func() map[ir.Key][]world.Name
	// certificates that were read already.
	certificates map[world.Name]readSecret
	// before are those of the IR before, by Secret.
	before func() map[string]*ir.Certificate
	// claims are the policies by the Services that they name, policies what became of them.
	claims   func() map[world.Name][]ir.PolicyKey
	policies func() map[world.Name][]policyAt
	// gateways of ours, by key, and what routes can see of them.
	gateways map[ir.Key]*ir.Gateway
	parents  map[parentKey]*parent
	// defaults are the default Gateways among them, sorted.
	defaults []ir.Key
}

func newTranslator(w *world.World) *translator {
	return &translator{
		w:            w,
		classes:      map[string]*ir.Class{},
		parameters:   map[parameterKey]*ir.Parameters{},
		grants:       sync.OnceValue(func() map[string][]*gatewayv1.ReferenceGrant { return grantsByNamespace(w) }),
		sets:         sync.OnceValue(func() map[ir.Key][]world.Name { return setsByGateway(w) }),
		certificates: map[world.Name]readSecret{},
		before:       func() map[string]*ir.Certificate { return nil },
		parents:      map[parentKey]*parent{},
		claims:       sync.OnceValue(func() map[world.Name][]ir.PolicyKey { return policyClaims(w) }),
	}
}

// see makes the Gateways known to the translation of routes.
func (t *translator) see(gateways []*ir.Gateway) {
	t.gateways = make(map[ir.Key]*ir.Gateway, len(gateways))
	t.defaults = defaultsOf(gateways)
	for _, gateway := range gateways {
		t.gateways[gateway.Key()] = gateway
	}
}

// countAttached sets Attached of every listener. The Gateways must be new.
func countAttached(gateways []*ir.Gateway, routes ir.Routes) {
	counts := attachments{}
	for route := range routes.All() {
		counts.add(route, 1)
	}
	for _, gateway := range gateways {
		for i := range gateway.Listeners {
			listener := &gateway.Listeners[i]
			listener.Attached = counts[attachment{gateway.Key().String(), listener.Name}]
		}
	}
}

// attachment is a listener of a Gateway.
type attachment struct {
	gateway  string
	listener string
}

// attachments counts the routes on each listener.
type attachments map[attachment]int32

// add counts a route on each listener that it is attached to, once however many parentRefs name it.
func (a attachments) add(route *ir.Route, by int32) {
	seen := make([]attachment, 0, 4)
	for _, parent := range route.Parents {
		if !parent.Accepted {
			continue
		}
		for _, listener := range parent.Listeners {
			at := attachment{parent.Gateway, listener}
			if !slices.Contains(seen, at) {
				seen = append(seen, at)
				a[at] += by
			}
		}
	}
}

func sortedNames[V any](objects map[world.Name]V) []world.Name {
	return slices.SortedFunc(maps.Keys(objects), world.Name.Compare)
}
