package translate

import (
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/world"
)

// parentKey names what a parentRef may lead to: a Gateway or a ListenerSet.
type parentKey struct {
	kind string
	key  ir.Key
}

// String is like "Gateway infra/web".
func (k parentKey) String() string { return k.kind + " " + k.key.String() }

// parent is a Gateway, or a ListenerSet of one, as routes see it.
type parent struct {
	parentKey
	gateway *ir.Gateway
	members []*world.Member
	// first is the index of its first listener among those of the Gateway. It has as many as allowed has filters.
	first   int
	allowed []namespaceFilter
	// detached says that the Gateway does not take the ListenerSet.
	detached bool
}

// namespaceFilter says from which namespaces a listener takes routes.
type namespaceFilter struct {
	same     bool
	selector labels.Selector
}

// allowedNamespaces reads allowedRoutes; after an error it allows nothing.
func allowedNamespaces(allowed *gatewayv1.AllowedRoutes) (namespaceFilter, error) {
	if allowed == nil || allowed.Namespaces == nil {
		return namespaceFilter{same: true}, nil
	}
	return readNamespaces(derefOr(allowed.Namespaces.From, gatewayv1.NamespacesFromSame), allowed.Namespaces.Selector)
}

// readNamespaces reads which namespaces are allowed; after an error none is.
func readNamespaces(from gatewayv1.FromNamespaces, set *metav1.LabelSelector) (namespaceFilter, error) {
	switch from {
	case gatewayv1.NamespacesFromSame:
		return namespaceFilter{same: true}, nil
	case gatewayv1.NamespacesFromAll:
		return namespaceFilter{selector: labels.Everything()}, nil
	case gatewayv1.NamespacesFromNone:
		return namespaceFilter{selector: labels.Nothing()}, nil
	case gatewayv1.NamespacesFromSelector:
		if set == nil {
			return namespaceFilter{selector: labels.Nothing()}, fmt.Errorf("from: Selector needs a selector")
		}
		selector, err := metav1.LabelSelectorAsSelector(set)
		if err != nil {
			return namespaceFilter{selector: labels.Nothing()}, fmt.Errorf("selector: %w", err)
		}
		return namespaceFilter{selector: selector}, nil
	default:
		return namespaceFilter{selector: labels.Nothing()}, fmt.Errorf("from: %q is not All, Same, Selector or None", from)
	}
}

// parentOf is what a parentRef of a route names; nil if that is not ours.
func (r *routeContext) parentOf(ref *gatewayv1.ParentReference) *parent {
	kind := string(derefOr(ref.Kind, kindGateway))
	if derefOr(ref.Group, gatewayv1.GroupName) != gatewayv1.GroupName {
		return nil
	}
	key := ir.Key{Namespace: string(derefOr(ref.Namespace, gatewayv1.Namespace(r.name.Namespace))), Name: string(ref.Name)}
	gateway := key
	switch kind {
	case kindGateway:
	case kindListenerSet:
		r.deps.on(world.KindListenerSet, key.Namespace, key.Name)
		set := r.t.w.ListenerSets.Get(world.Name(key))
		if set == nil {
			return nil
		}
		named, ok := setParent(world.Name(key), set)
		if !ok {
			return nil
		}
		gateway = named
	default:
		return nil
	}
	r.deps.on(world.KindGateway, gateway.Namespace, gateway.Name)
	return r.t.parent(parentKey{kind, key}, gateway)
}

// parent is the Gateway, or the ListenerSet of that Gateway; nil if it is not ours.
func (t *translator) parent(name parentKey, key ir.Key) *parent {
	if known, found := t.parents[name]; found {
		return known
	}
	t.parents[name] = nil
	gateway := t.gateways[key]
	if gateway == nil || gateway.Deleting {
		return nil
	}
	made := &parent{parentKey: name, gateway: gateway, members: t.placedMembers(gateway)}
	switch name.kind {
	case kindListenerSet:
		object := t.w.ListenerSets.Get(world.Name(name.key))
		set := gateway.Set(createdAt(object), name.key)
		if set == nil {
			return nil
		}
		made.first, made.detached = set.First, set.Count == 0
		if !made.detached {
			made.allow(entries(object))
		}
	default:
		own, _ := unique(t.w.Gateways[world.Name(key)].Spec.Listeners)
		made.allow(own)
	}
	t.parents[name] = made
	return made
}

// allow reads the filters of the parent's listeners. What cannot be read allows nothing.
func (p *parent) allow(listeners []*gatewayv1.Listener) {
	for _, listener := range listeners {
		filter, err := allowedNamespaces(listener.AllowedRoutes)
		if err != nil {
			filter = namespaceFilter{selector: labels.Nothing()}
		}
		p.allowed = append(p.allowed, filter)
	}
}

// filter of the listener of that index.
func (p *parent) filter(listener int) namespaceFilter { return p.allowed[listener-p.first] }

// listeners are those of the parent itself.
func (p *parent) listeners() []ir.Listener {
	return p.gateway.Listeners[p.first : p.first+len(p.allowed)]
}

// admits says whether routes of a namespace may attach to a listener.
func (p *parent) admits(listener int, namespace string, set labels.Set) bool {
	filter := p.filter(listener)
	if filter.same {
		return namespace == p.key.Namespace
	}
	return filter.selector.Matches(set)
}

// admits says whether what is in namespace other may attach to what is in namespace own.
func (f namespaceFilter) admits(w *world.World, own, other string) bool {
	if f.same {
		return other == own
	}
	return f.selector.Empty() || f.selector.Matches(namespaceLabels(w, other))
}

// namespaceLabels are the labels of a namespace; those that every namespace has, if it is not known.
func namespaceLabels(w *world.World, name string) labels.Set {
	if namespace := w.Namespaces[name]; namespace != nil && len(namespace.Labels) > 0 {
		return namespace.Labels
	}
	return labels.Set{"kubernetes.io/metadata.name": name}
}

// attach finds the listeners that a parentRef leads to, and the hostnames there. Without any, the Problem says why.
func (r *routeContext) attach(p *parent, ref *gatewayv1.ParentReference) ([]ir.RouteHost, []string, *ir.Problem) {
	if p.detached {
		problem := r.problem(ir.NoMatchingParent, "%s is not attached to Gateway %s: see its conditions", p, p.gateway.Key())
		return nil, nil, &problem
	}
	candidates := p.candidates(ref)
	if len(candidates) == 0 {
		problem := r.problem(ir.NoMatchingParent, "%s has no listener %s: it has %s", p, describe(ref), p.listenerNames())
		return nil, nil, &problem
	}
	admitted := make([]int, 0, len(candidates))
	for _, index := range candidates {
		if takes(&p.gateway.Listeners[index], r.key.Kind) && p.admits(index, r.name.Namespace, r.labels) {
			admitted = append(admitted, index)
		}
	}
	if len(admitted) == 0 {
		problem := r.problem(ir.NotAllowedByListeners, "%s", r.whyNotAllowed(p, candidates))
		return nil, nil, &problem
	}
	hosts, listeners := r.hosts(p, admitted)
	if len(listeners) == 0 {
		problem := r.problem(ir.NoMatchingListenerHostname, "%s", r.whyNoHostname(p, admitted))
		return nil, nil, &problem
	}
	return hosts, listeners, nil
}

// candidates are the indexes of the listeners that a parentRef names.
func (p *parent) candidates(ref *gatewayv1.ParentReference) []int {
	var out []int
	for i, listener := range p.listeners() {
		if section := deref(ref.SectionName); section != "" && string(section) != listener.Section() {
			continue
		}
		if ref.Port != nil && *ref.Port != listener.Port {
			continue
		}
		out = append(out, p.first+i)
	}
	return out
}

func (p *parent) listenerNames() string {
	names := make([]string, 0, len(p.allowed))
	for _, listener := range p.listeners() {
		names = append(names, fmt.Sprintf("%s (port %d)", listener.Section(), listener.Port))
	}
	return orNone(names)
}

func describe(ref *gatewayv1.ParentReference) string {
	var parts []string
	if section := deref(ref.SectionName); section != "" {
		parts = append(parts, fmt.Sprintf("named %q", section))
	}
	if ref.Port != nil {
		parts = append(parts, fmt.Sprintf("on port %d", *ref.Port))
	}
	return strings.Join(parts, " ")
}

func (r *routeContext) whyNotAllowed(p *parent, candidates []int) string {
	reasons := make([]string, 0, len(candidates))
	hint := fmt.Sprintf("name a listener that takes kind %s, or change allowedRoutes of the listener", r.key.Kind)
	for _, index := range candidates {
		listener := p.gateway.Listeners[index]
		if takes(&listener, r.key.Kind) {
			hint = "label the namespace, or change allowedRoutes of the listener"
		}
		reason := fmt.Sprintf("namespace %s lacks labels that it selects (%s)", r.name.Namespace, p.filter(index).selector)
		switch {
		case !takes(&listener, r.key.Kind):
			reason = "it takes no " + r.key.Kind
		case p.filter(index).same:
			reason = fmt.Sprintf("it takes routes of namespace %s only", p.key.Namespace)
		}
		reasons = append(reasons, fmt.Sprintf("listener %s: %s", listener.Section(), reason))
	}
	return "no listener takes this route: " + strings.Join(reasons, "; ") + ": " + hint
}

func (r *routeContext) whyNoHostname(p *parent, admitted []int) string {
	offers := make([]string, 0, len(admitted))
	for _, index := range admitted {
		listener := p.gateway.Listeners[index]
		offers = append(offers, fmt.Sprintf("%s (%s)", listener.Section(), orAnyHostname(listener.Hostname)))
	}
	return fmt.Sprintf("no listener has %s: the listeners that this route may use are %s: correct hostnames, or add a listener with that hostname to %s",
		strings.Join(r.hostnames, ", "), strings.Join(offers, ", "), p)
}

// hosts are the intersections of the route's hostnames with those of the admitted listeners.
func (r *routeContext) hosts(p *parent, admitted []int) ([]ir.RouteHost, []string) {
	var hosts []ir.RouteHost
	var listeners []string
	for _, index := range admitted {
		listener := p.gateway.Listeners[index]
		found := map[string]int{}
		for _, own := range r.hostnames {
			both, overlap := intersect(hostnameOn(&listener), own)
			if !overlap {
				continue
			}
			r.served[own] = true
			if best, seen := found[both]; !seen || r.tier(own, both) < best {
				found[both] = r.tier(own, both)
			}
		}
		for hostname, rank := range found {
			hosts = append(hosts, ir.RouteHost{Listener: listener.Name, Hostname: hostname, Tier: rank, Passthrough: listener.Passthrough})
		}
		if len(found) > 0 {
			listeners = append(listeners, listener.Name)
		}
	}
	return hosts, listeners
}
