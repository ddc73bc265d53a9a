package translate

import (
	"cmp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/labels"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/world"
)

// setParent is the Gateway that a ListenerSet names. The second answer is false if it names something else.
func setParent(name world.Name, set *gatewayv1.ListenerSet) (ir.Key, bool) {
	ref := set.Spec.ParentRef
	if derefOr(ref.Group, gatewayv1.GroupName) != gatewayv1.GroupName || derefOr(ref.Kind, kindGateway) != kindGateway {
		return ir.Key{}, false
	}
	return ir.Key{Namespace: string(derefOr(ref.Namespace, gatewayv1.Namespace(name.Namespace))), Name: string(ref.Name)}, true
}

// setsByGateway are the names of all ListenerSets by the Gateway that they name, in order of precedence.
func setsByGateway(w *world.World) map[ir.Key][]world.Name {
	type dated struct {
		created int64
		name    world.Name
	}
	found := map[ir.Key][]dated{}
	for name, set := range w.ListenerSets.All() {
		if parent, ok := setParent(name, set); ok {
			found[parent] = append(found[parent], dated{createdAt(set), name})
		}
	}
	out := make(map[ir.Key][]world.Name, len(found))
	for parent, sets := range found {
		slices.SortFunc(sets, func(a, b dated) int { return cmp.Or(cmp.Compare(a.created, b.created), a.name.Compare(b.name)) })
		for _, set := range sets {
			out[parent] = append(out[parent], set.name)
		}
	}
	return out
}

// createdAt is when a ListenerSet was made, in Unix seconds; 0 if that is not known.
func createdAt(set *gatewayv1.ListenerSet) int64 {
	if set.CreationTimestamp.IsZero() {
		return 0
	}
	return set.CreationTimestamp.Unix()
}

// listenerSets declares the listeners of the ListenerSets that name the Gateway and that it allows (GEP-1713).
func (t *translator) listenerSets(c *gatewayContext) {
	filter, err := allowedSets(c.object.Spec.AllowedListeners)
	names := t.setsNaming(c)
	if len(names) == 0 {
		return
	}
	c.out.Sets = make([]*ir.ListenerSet, 0, len(names))
	c.old = make([]*ir.ListenerSet, len(names))
	c.declared = slices.Grow(c.declared, len(names))
	for tier, name := range names {
		object := t.w.ListenerSets.Get(name)
		set := &ir.ListenerSet{
			Namespace: name.Namespace, Name: name.Name, Generation: object.Generation, Created: createdAt(object),
			First: len(c.declared),
		}
		c.out.Sets = append(c.out.Sets, set)
		in := ir.Object{Kind: kindListenerSet, Namespace: name.Namespace, Name: name.Name}
		if old := c.known.set(set, object); old != nil {
			c.old[tier] = old
			c.declareKnown(set, old, object, tier+1)
			continue
		}
		deps := dependencies{}
		deps.on(world.KindListenerSet, name.Namespace, name.Name)
		deps.on(world.KindNamespace, "", name.Namespace)
		c.fresh = append(c.fresh, freshSet{set, deps})
		switch {
		case err != nil:
			set.Problems = append(set.Problems, ir.NotAllowed.Problem(in,
				"Gateway %s allows no ListenerSets, for spec.allowedListeners.namespaces of it is wrong: %v", c.name, err))
			continue
		case !filter.admits(t.w, c.name.Namespace, name.Namespace):
			set.Problems = append(set.Problems, ir.NotAllowed.Problem(in,
				"Gateway %s does not allow ListenerSets of namespace %s: change spec.allowedListeners of the Gateway, or the labels of the namespace",
				c.name, name.Namespace))
			continue
		}
		for _, spec := range entries(object) {
			c.declared = append(c.declared, declared{in: in, spec: spec, tier: tier + 1, deps: deps})
		}
		set.Count = len(c.declared) - set.First
	}
}

// allowedSets reads allowedListeners, which allows nothing by default; after an error it allows nothing either.
func allowedSets(allowed *gatewayv1.AllowedListeners) (namespaceFilter, error) {
	if allowed == nil || allowed.Namespaces == nil {
		return namespaceFilter{selector: labels.Nothing()}, nil
	}
	return readNamespaces(derefOr(allowed.Namespaces.From, gatewayv1.NamespacesFromNone), allowed.Namespaces.Selector)
}

// entries are the listeners of a ListenerSet as if they were a Gateway's.
func entries(set *gatewayv1.ListenerSet) []*gatewayv1.Listener {
	kept := make([]*gatewayv1.Listener, 0, len(set.Spec.Listeners))
	for i := range set.Spec.Listeners {
		spec := (*gatewayv1.Listener)(&set.Spec.Listeners[i])
		if !slices.ContainsFunc(kept, func(have *gatewayv1.Listener) bool { return have.Name == spec.Name }) {
			kept = append(kept, spec)
		}
	}
	return kept
}

// acceptSets decides about each ListenerSet as a whole, once the Gateway is decided about.
func (c *gatewayContext) acceptSets() {
	for _, set := range c.out.Sets {
		if len(set.Problems) > 0 {
			continue
		}
		in := ir.Object{Kind: kindListenerSet, Namespace: set.Namespace, Name: set.Name}
		good, bad := sortOut(c.out.ListenersOf(set))
		switch {
		case c.out.Deleting:
			set.Problems = append(set.Problems, ir.ParentNotAccepted.Problem(in, "Gateway %s is being deleted", c.name))
			continue
		case !c.out.Accepted && len(good) > 0:
			set.Problems = append(set.Problems, ir.ParentNotAccepted.Problem(in, "Gateway %s is not accepted: see its conditions", c.name))
			continue
		}
		set.Accepted = len(good) > 0
		if len(bad) > 0 {
			set.Problems = append(set.Problems, ir.ListenersNotValid.Problem(in,
				"listeners that cannot serve: %s; listeners that serve: %s; see their own conditions", strings.Join(bad, ", "), orNone(good)))
		}
	}
}

// sortOut names the listeners that serve and those that do not.
func sortOut(listeners []ir.Listener) (good, bad []string) {
	for i := range listeners {
		if listeners[i].Serves {
			good = append(good, listeners[i].Section())
		} else {
			bad = append(bad, listeners[i].Section())
		}
	}
	return good, bad
}
