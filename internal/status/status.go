package status

import (
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/world"
)

// Of is the status of everything that is ours: classes, parameters, Gateways with their ListenerSets, routes, policies, each sorted by name.
func Of(w *world.World, r ir.IR) []Patch {
	return Changed(w, ir.IR{}, r)
}

// Changed is the status of all that may differ since prev: classes, parameters and Gateways always, ListenerSets,
// routes and policies when their translation is another. It does not see what others wrote into a status; Of does.
func Changed(w *world.World, prev, next ir.IR) []Patch {
	out := make([]Patch, 0, len(next.Classes)+len(next.Parameters)+len(next.Gateways))
	for _, c := range next.Classes {
		out = append(out, class(c))
	}
	for _, p := range next.Parameters {
		out = append(out, parameters(p))
	}
	for _, g := range next.Gateways {
		if !g.Deleting {
			out = append(out, gateway(w, g))
		}
		out = append(out, changedSets(w, prev.Gateway(g.Namespace, g.Name), g)...)
	}
	out = append(out, orphans(w, prev, next)...)
	ours := controllers(w)
	out = append(out, changedRoutes(w, prev, next, ours)...)
	for _, p := range next.Policies {
		if prev.Policy(p.Key()) == p {
			continue
		}
		if patch, needed := policy(w, p, ours); needed {
			out = append(out, patch)
		}
	}
	return out
}

// changedRoutes walks two sorted lists side by side; equal pointers are equal routes.
func changedRoutes(w *world.World, prev, next ir.IR, ours []gatewayv1.GatewayController) []Patch {
	var out []Patch
	before := prev.Routes
	for _, r := range next.Routes {
		for len(before) > 0 && before[0] != r && before[0].Key().Compare(r.Key()) < 0 {
			before = before[1:]
		}
		if len(before) > 0 && before[0] == r {
			before = before[1:]
			continue
		}
		if patch, needed := route(w, r, ours); needed {
			out = append(out, patch)
		}
	}
	return out
}
