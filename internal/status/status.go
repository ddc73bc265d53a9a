package status

import (
	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/world"
)

// Of is what a History that has seen nothing says of everything.
func Of(w *world.World, r ir.IR) []Patch {
	return NewHistory().Of(w, r)
}

// Of is the status of everything that is ours: classes, parameters, Gateways with their ListenerSets, routes, policies, each sorted by name.
func (h *History) Of(w *world.World, r ir.IR) []Patch {
	return h.Changed(w, ir.IR{}, r)
}

// Changed is the status of all that may differ since prev, which was told before: classes and parameters always, ListenerSets when
// they or what serves of them is another, all else when its translation is. It does not see what others wrote into a status; Of does.
func (h *History) Changed(w *world.World, prev, next ir.IR) []Patch {
	h.keep(next)
	out := make([]Patch, 0, len(next.Classes)+len(next.Parameters)+len(next.Gateways))
	for _, c := range next.Classes {
		out = append(out, class(c))
	}
	for _, p := range next.Parameters {
		out = append(out, parameters(p))
	}
	for _, g := range next.Gateways {
		before := prev.Gateway(g.Namespace, g.Name)
		if before == g {
			continue
		}
		now := h.at(w, g)
		if !g.Deleting {
			out = append(out, now.gateway())
		}
		out = append(out, now.changedSets(before)...)
	}
	out = append(out, orphans(w, prev, next)...)
	return append(out, changedAttached(w, prev, next)...)
}

// changedAttached are those of what is attached to others: routes and policies.
func changedAttached(w *world.World, prev, next ir.IR) []Patch {
	var out []Patch
	ours := controllers(w)
	for change := range ir.Diff(prev.Routes, next.Routes) {
		if change.After == nil {
			continue
		}
		if patch, needed := route(w, change.After, ours); needed {
			out = append(out, patch)
		}
	}
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

// Rewritten is the status of Gateways, ListenerSets and routes that somebody wrote into, though they mean what they did.
func (h *History) Rewritten(w *world.World, r ir.IR, keys []world.Key) []Patch {
	var out []Patch
	ours := controllers(w)
	for _, key := range keys {
		if g := r.Gateway(key.Name.Namespace, key.Name.Name); key.Kind == world.KindGateway && g != nil && !g.Deleting {
			out = append(out, h.at(w, g).gateway())
		}
		if key.Kind == world.KindListenerSet {
			out = append(out, h.setNamed(w, r, ir.Key(key.Name))...)
			continue
		}
		found := r.Route(ir.RouteKey{Key: ir.Key(key.Name), Kind: string(key.Kind)})
		if found == nil {
			continue
		}
		if patch, needed := route(w, found, ours); needed {
			out = append(out, patch)
		}
	}
	return out
}
