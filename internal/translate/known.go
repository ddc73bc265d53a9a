package translate

import (
	"bytes"
	"cmp"
	"slices"

	corev1 "k8s.io/api/core/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/world"
)

// known is what an earlier translation of a Gateway knows: the ListenerSets that nothing touched since are as they were, but for
// what other listeners do to them. A Gateway can have thousands. The zero known knows nothing.
type known struct {
	before  *ir.Gateway
	touched func(deps []uint64) bool
	// changed are the ListenerSets that changed, whatever they name.
	changed map[world.Name]bool
	// next is the place of the set that is most likely asked for next.
	next int
}

// knownOf is what is known of a Gateway if nothing that its listeners depend on as a whole was touched; else nothing. classes says
// that it may be of another class.
func knownOf(before *ir.Gateway, classes bool, marks dirty, changed map[world.Name]bool) known {
	if before == nil || classes {
		return known{}
	}
	name := world.Name(before.Key())
	for _, key := range []world.Key{{Kind: world.KindFront, Name: name}, {Kind: world.KindProxies, Name: name}, setsOf(name)} {
		if _, marked := marks[key.Hash()]; marked {
			marks = marks.without(key)
		}
	}
	touched := marks.toucher()
	if touched(before.Deps) {
		return known{}
	}
	return known{before: before, touched: touched, changed: changed}
}

// set is the ListenerSet as it was translated; nil if that is of no use. Filters look at more than their listener.
func (k *known) set(set *ir.ListenerSet, object *gatewayv1.ListenerSet) *ir.ListenerSet {
	if k.before == nil {
		return nil
	}
	at, found := k.next, k.next < len(k.before.Sets) && k.before.Sets[k.next].Compare(set) == 0
	if !found {
		at, found = slices.BinarySearchFunc(k.before.Sets, set, (*ir.ListenerSet).Compare)
	}
	if !found {
		return nil
	}
	k.next = at + 1
	old := k.before.Sets[at]
	if old.Count == 0 || k.touched(old.Deps) {
		return nil
	}
	for i := range object.Spec.Listeners {
		if hasFilters((*gatewayv1.Listener)(&object.Spec.Listeners[i])) {
			return nil
		}
	}
	return old
}

// setsNaming are the ListenerSets that name the Gateway, in order of precedence.
func (t *translator) setsNaming(c *gatewayContext) []world.Name {
	if c.known.before == nil {
		return t.sets()[ir.Key(c.name)]
	}
	names := make([]world.Name, 0, len(c.known.before.Sets)+len(c.known.changed))
	for _, set := range c.known.before.Sets {
		if name := world.Name(set.Key()); !c.known.changed[name] {
			names = append(names, name)
		}
	}
	for name := range c.known.changed {
		object := t.w.ListenerSets.Get(name)
		if object == nil {
			continue
		}
		if parent, ok := setParent(name, object); !ok || parent != ir.Key(c.name) {
			continue
		}
		at, _ := slices.BinarySearchFunc(names, name, func(a, b world.Name) int {
			return cmp.Or(cmp.Compare(createdAt(t.w.ListenerSets.Get(a)), createdAt(object)), a.Compare(b))
		})
		names = slices.Insert(names, at, name)
	}
	return names
}

// declareKnown declares the listeners of a ListenerSet as they were translated.
func (c *gatewayContext) declareKnown(set, old *ir.ListenerSet, object *gatewayv1.ListenerSet, tier int) {
	in := ir.Object{Kind: kindListenerSet, Namespace: set.Namespace, Name: set.Name}
	listeners := c.known.before.ListenersOf(old)
	for i, spec := range entries(object) {
		c.declared = append(c.declared, declared{in: in, spec: spec, tier: tier, before: &listeners[i]})
	}
	set.Count, set.Shape, set.Deps = old.Count, old.Shape, old.Deps
}

// sameRevision keeps the Revision of a ListenerSet, if proxies have the listeners that they had of it.
func (c *gatewayContext) sameRevision(set, old *ir.ListenerSet) {
	now, before := c.out.ListenersOf(set), c.known.before.ListenersOf(old)
	for i := range now {
		if now[i].Proxied != before[i].Proxied {
			return
		}
	}
	set.Revision = old.Revision
}

// alone is a listener as it was translated by itself, before others were looked at.
func alone(before *ir.Listener) ir.Listener {
	out := *before
	out.Overlapping = ""
	ofOthers := func(p ir.Problem) bool {
		return p.Type == ir.HostnameConflict.Type || p.Reason == ir.TooManyListeners.Reason
	}
	if slices.ContainsFunc(out.Problems, ofOthers) {
		out.Problems = slices.DeleteFunc(slices.Clone(out.Problems), ofOthers)
	}
	if out.Problems = slices.Clip(out.Problems); len(out.Problems) == 0 {
		out.Problems = nil
	}
	return out
}

// certificatesOf are all that can be read of those that the listeners of Gateways have, by Secret.
func certificatesOf(gateways []*ir.Gateway) map[string]*ir.Certificate {
	out := map[string]*ir.Certificate{}
	for _, gateway := range gateways {
		for i := range gateway.Listeners {
			for _, certificate := range gateway.Listeners[i].Certificates {
				if !certificate.Spoilt {
					out[certificate.Secret] = certificate
				}
			}
		}
	}
	return out
}

// readBefore is the certificate of a Secret, if it was read before and the Secret still holds it: to parse it takes a hundred times
// as long as to compare it. Else it is nil.
func (t *translator) readBefore(name world.Name, secret *corev1.Secret) *ir.Certificate {
	have := t.before()[name.String()]
	if have == nil || !bytes.Equal(have.CertPEM, secret.Data[corev1.TLSCertKey]) || !bytes.Equal(have.KeyPEM, secret.Data[corev1.TLSPrivateKeyKey]) {
		return nil
	}
	return have
}
