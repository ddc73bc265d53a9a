package translate

import (
	"maps"
	"slices"
	"sync"

	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/world"
)

// Change translates what changed since prev, and what depends on it, and shares the rest with prev. It
// equals All(w), if changed names everything in which w differs from the World of prev. Hub and Providers have no
// Key: when one of them changes, use All.
func Change(prev ir.IR, w *world.World, changed []world.Key) ir.IR {
	if slices.ContainsFunc(changed, func(key world.Key) bool { return key.Kind == world.KindGatewayAPI }) {
		return All(w)
	}
	t := newTranslator(w)
	marks := dirty{}
	for _, key := range changed {
		marks.mark(key)
		if set := w.ListenerSets.Get(key.Name); key.Kind == world.KindListenerSet && set != nil {
			if gateway, ok := setParent(key.Name, set); ok {
				marks.mark(setsOf(world.Name(gateway)))
			}
		}
	}
	t.before = sync.OnceValue(func() map[string]*ir.Certificate { return certificatesOf(prev.Gateways) })
	out := ir.IR{Parameters: t.allParameters(), Classes: t.allClasses()}
	out.Policies = t.changedPolicies(prev, marks, changed)
	t.seePolicies(out.Policies)
	out.Gateways = t.changedGateways(prev, marks, changed)
	if !slices.Equal(defaultsOf(prev.Gateways), defaultsOf(out.Gateways)) {
		marks.mark(defaultGateways)
	}
	t.see(out.Gateways)
	fresh := t.changedRoutes(prev, marks, changed)
	out.Routes = prev.Routes.With(fresh)
	recount(prev, &out, fresh)
	t.recountAncestors(prev, out, fresh)
	return out
}

// changedGateways are all Gateways, those of prev where nothing that they depend on changed. A Gateway that
// routes see otherwise than before is marked as changed for them; one that they see the same is not.
func (t *translator) changedGateways(prev ir.IR, marks dirty, changed []world.Key) []*ir.Gateway {
	if len(marks) == 0 {
		return slices.Clone(prev.Gateways)
	}
	var out []*ir.Gateway
	classes, members, sets := classesTouched(changed), membersTouched(changed), setsTouched(changed)
	for _, name := range sortedNames(t.w.Gateways) {
		before := prev.Gateway(name.Namespace, name.Name)
		key := world.Key{Kind: world.KindGateway, Name: name}
		after := before
		if classes || touchedGateway(before, key, marks) {
			after = t.gateway(name, t.w.Gateways[name], knownOf(before, classes, marks, sets))
			delete(marks, key.Hash())
			if members || !sameShape(before, after) {
				marks.mark(key)
			}
			marks.sets(before, after)
		}
		if after != nil {
			out = append(out, after)
		}
	}
	for _, before := range prev.Gateways {
		if t.w.Gateways[world.Name(before.Key())] == nil {
			marks.mark(world.Key{Kind: world.KindGateway, Name: world.Name(before.Key())})
		}
	}
	return out
}

// touchedGateway says whether something that a Gateway depends on changed. One that is not ours depends on itself alone.
func touchedGateway(before *ir.Gateway, key world.Key, marks dirty) bool {
	if before == nil {
		return marks.touches([]uint64{key.Hash()})
	}
	touched := marks.toucher()
	return touched(before.Deps) || slices.ContainsFunc(before.Sets, func(set *ir.ListenerSet) bool { return touched(set.Deps) })
}

func sameShape(before, after *ir.Gateway) bool {
	if before == nil || after == nil {
		return before == after
	}
	return before.Shape == after.Shape
}

// sets marks the ListenerSets that routes see otherwise than before.
func (d dirty) sets(before, after *ir.Gateway) {
	for old, now := range ir.DiffSets(before, after) {
		if old != nil && now != nil && old.Shape == now.Shape {
			continue
		}
		changed := now
		if now == nil {
			changed = old
		}
		d.mark(world.Key{Kind: world.KindListenerSet, Name: world.Name(changed.Key())})
	}
}

// classesTouched says that Gateways may be of other classes, or have other parameters.
func classesTouched(changed []world.Key) bool {
	return slices.ContainsFunc(changed, func(key world.Key) bool {
		return key.Kind == world.KindGatewayClass || key.Kind == world.KindALBConfig || key.Kind == world.KindServiceConfig
	})
}

// membersTouched says that what members hold may be another as a whole.
func membersTouched(changed []world.Key) bool {
	return slices.ContainsFunc(changed, func(key world.Key) bool { return key.Kind == world.KindMember })
}

// setsTouched are the ListenerSets that changed.
func setsTouched(changed []world.Key) map[world.Name]bool {
	out := map[world.Name]bool{}
	for _, key := range changed {
		if key.Kind == world.KindListenerSet {
			out[key.Name] = true
		}
	}
	return out
}

// changedRoutes translates the routes that changed, or that depend on what did. A route that is gone is nil.
func (t *translator) changedRoutes(prev ir.IR, marks dirty, changed []world.Key) map[ir.RouteKey]*ir.Route {
	fresh := map[ir.RouteKey]*ir.Route{}
	translate := func(key ir.RouteKey) {
		if _, done := fresh[key]; !done {
			fresh[key] = t.route(key)
		}
	}
	for _, key := range changed {
		if isRoute(key.Kind) {
			translate(ir.RouteKey{Key: ir.Key(key.Name), Kind: string(key.Kind)})
		}
	}
	if len(marks) == 0 {
		return fresh
	}
	touched := marks.toucher()
	for route := range prev.Routes.All() {
		if touched(route.Deps) {
			translate(route.Key())
		}
	}
	return fresh
}

// recount takes the old routes off their listeners' counts and puts the fresh ones on. A Gateway of prev is copied
// before a count of it changes; one that was made since is written to.
func recount(prev ir.IR, next *ir.IR, fresh map[ir.RouteKey]*ir.Route) {
	delta := attachments{}
	for key, route := range fresh {
		if before := prev.Route(key); before != nil {
			delta.add(before, -1)
		}
		if route != nil {
			delta.add(route, 1)
		}
	}
	maps.DeleteFunc(delta, func(_ attachment, by int32) bool { return by == 0 })
	touched := map[string]bool{}
	for at := range delta {
		touched[at.gateway] = true
	}
	for i, gateway := range next.Gateways {
		before := prev.Gateway(gateway.Namespace, gateway.Name)
		if before == gateway && !touched[gateway.Key().String()] {
			continue
		}
		if before == gateway {
			copied := *gateway
			copied.Listeners = slices.Clone(gateway.Listeners)
			gateway = &copied
			next.Gateways[i] = gateway
		}
		count(gateway, before, delta)
	}
}

// count sets the counts of a Gateway to those that it had before, which may be nil, and what came to them.
func count(gateway, before *ir.Gateway, delta attachments) {
	had := attachedBefore(before)
	key := gateway.Key().String()
	for i := range gateway.Listeners {
		listener := &gateway.Listeners[i]
		listener.Attached = had(listener.Name) + delta[attachment{key, listener.Name}]
	}
}

// attachedBefore are the counts of a Gateway by listener. Most listeners are asked for in the order that they had.
func attachedBefore(gateway *ir.Gateway) func(name string) int32 {
	if gateway == nil {
		return func(string) int32 { return 0 }
	}
	listeners, next := gateway.Listeners, 0
	places := sync.OnceValue(func() map[string]int {
		out := make(map[string]int, len(listeners))
		for i := range listeners {
			out[listeners[i].Name] = i
		}
		return out
	})
	return func(name string) int32 {
		if next >= len(listeners) || listeners[next].Name != name {
			at, found := places()[name]
			if !found {
				return 0
			}
			next = at
		}
		next++
		return listeners[next-1].Attached
	}
}
