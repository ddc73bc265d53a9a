package translate

import (
	"maps"
	"slices"

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
				marks.mark(world.Key{Kind: world.KindGateway, Name: world.Name(gateway)})
			}
		}
	}
	out := ir.IR{Parameters: t.allParameters(), Classes: t.allClasses()}
	out.Policies = t.changedPolicies(prev, marks, changed)
	t.seePolicies(out.Policies)
	out.Gateways = t.changedGateways(prev, marks, changed)
	if !slices.Equal(defaultsOf(prev.Gateways), defaultsOf(out.Gateways)) {
		marks.mark(defaultGateways)
	}
	t.see(out.Gateways)
	fresh := t.changedRoutes(prev, marks, changed)
	out.Routes = mergeRoutes(prev.Routes, fresh)
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
	classes := slices.ContainsFunc(changed, func(key world.Key) bool {
		return key.Kind == world.KindGatewayClass || key.Kind == world.KindALBConfig || key.Kind == world.KindServiceConfig
	})
	members := membersTouched(changed)
	for _, name := range sortedNames(t.w.Gateways) {
		before := prev.Gateway(name.Namespace, name.Name)
		key := world.Key{Kind: world.KindGateway, Name: name}
		after := before
		if classes || touchedGateway(before, key, marks) {
			after = t.gateway(name, t.w.Gateways[name])
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
	return marks.touches(before.Deps)
}

func sameShape(before, after *ir.Gateway) bool {
	if before == nil || after == nil {
		return before == after
	}
	return before.Shape == after.Shape
}

// sets marks the ListenerSets that routes see otherwise than before.
func (d dirty) sets(before, after *ir.Gateway) {
	shapes := map[ir.Key]string{}
	if before != nil {
		for _, set := range before.Sets {
			shapes[set.Key()] = set.Shape
		}
	}
	if after != nil {
		for _, set := range after.Sets {
			if shape, known := shapes[set.Key()]; known && shape == set.Shape {
				delete(shapes, set.Key())
				continue
			}
			shapes[set.Key()] = set.Shape
		}
	}
	for key := range shapes {
		d.mark(world.Key{Kind: world.KindListenerSet, Name: world.Name(key)})
	}
}

// membersTouched says that what members hold may be another as a whole.
func membersTouched(changed []world.Key) bool {
	return slices.ContainsFunc(changed, func(key world.Key) bool { return key.Kind == world.KindMember })
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
	for _, route := range prev.Routes {
		if touched(route.Deps) {
			translate(route.Key())
		}
	}
	return fresh
}

// mergeRoutes puts fresh routes in the place of old ones.
func mergeRoutes(old []*ir.Route, fresh map[ir.RouteKey]*ir.Route) []*ir.Route {
	if len(fresh) == 0 {
		return old
	}
	keys := slices.SortedFunc(maps.Keys(fresh), ir.RouteKey.Compare)
	out := make([]*ir.Route, 0, len(old)+len(keys))
	for _, key := range keys {
		at, found := slices.BinarySearchFunc(old, key, func(r *ir.Route, want ir.RouteKey) int { return r.Key().Compare(want) })
		out = append(out, old[:at]...)
		if route := fresh[key]; route != nil {
			out = append(out, route)
		}
		if found {
			at++
		}
		old = old[at:]
	}
	out = append(out, old...)
	if len(out) == 0 {
		return nil
	}
	return out
}

// recount takes the old routes off their listeners' counts and puts the fresh ones on. A Gateway is copied
// before a count of it changes.
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
		counts := attachedBefore(before, gateway)
		key, differs := gateway.Key().String(), false
		for j := range gateway.Listeners {
			counts[j] += delta[attachment{key, gateway.Listeners[j].Name}]
			differs = differs || counts[j] != gateway.Listeners[j].Attached
		}
		if differs {
			next.Gateways[i] = withCounts(gateway, counts)
		}
	}
}

// attachedBefore are the counts that the listeners of a Gateway had.
func attachedBefore(before, now *ir.Gateway) []int32 {
	out := make([]int32, len(now.Listeners))
	if before == nil {
		return out
	}
	if now.Alike(before) {
		for i := range before.Listeners {
			out[i] = before.Listeners[i].Attached
		}
		return out
	}
	known := make(map[string]int32, len(before.Listeners))
	for i := range before.Listeners {
		known[before.Listeners[i].Name] = before.Listeners[i].Attached
	}
	for i := range now.Listeners {
		out[i] = known[now.Listeners[i].Name]
	}
	return out
}

func withCounts(gateway *ir.Gateway, counts []int32) *ir.Gateway {
	copied := *gateway
	copied.Listeners = slices.Clone(gateway.Listeners)
	for i := range copied.Listeners {
		copied.Listeners[i].Attached = counts[i]
	}
	return &copied
}
