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

// parent is a Gateway as routes see it.
type parent struct {
	gateway *ir.Gateway
	members []*world.Member
	// allowed by listener index.
	allowed []namespaceFilter
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
	switch from := derefOr(allowed.Namespaces.From, gatewayv1.NamespacesFromSame); from {
	case gatewayv1.NamespacesFromSame:
		return namespaceFilter{same: true}, nil
	case gatewayv1.NamespacesFromAll:
		return namespaceFilter{selector: labels.Everything()}, nil
	case gatewayv1.NamespacesFromNone:
		return namespaceFilter{selector: labels.Nothing()}, nil
	case gatewayv1.NamespacesFromSelector:
		if allowed.Namespaces.Selector == nil {
			return namespaceFilter{selector: labels.Nothing()}, fmt.Errorf("from: Selector needs a selector")
		}
		selector, err := metav1.LabelSelectorAsSelector(allowed.Namespaces.Selector)
		if err != nil {
			return namespaceFilter{selector: labels.Nothing()}, fmt.Errorf("selector: %w", err)
		}
		return namespaceFilter{selector: selector}, nil
	default:
		return namespaceFilter{selector: labels.Nothing()}, fmt.Errorf("from: %q is not All, Same or Selector", from)
	}
}

// parent is the Gateway that a parentRef names; nil if that is not ours.
func (t *translator) parent(key ir.Key) *parent {
	if known, found := t.parents[key]; found {
		return known
	}
	gateway := t.gateways[key]
	if gateway == nil || gateway.Deleting {
		t.parents[key] = nil
		return nil
	}
	made := &parent{gateway: gateway, members: t.placedMembers(gateway)}
	for _, listener := range t.w.Gateways[world.Name(key)].Spec.Listeners {
		filter, err := allowedNamespaces(listener.AllowedRoutes)
		if err != nil {
			filter = namespaceFilter{selector: labels.Nothing()}
		}
		made.allowed = append(made.allowed, filter)
	}
	t.parents[key] = made
	return made
}

// admits says whether routes of a namespace may attach to a listener.
func (p *parent) admits(listener int, namespace string, set labels.Set) bool {
	filter := p.allowed[listener]
	if filter.same {
		return namespace == p.gateway.Namespace
	}
	return filter.selector.Matches(set)
}

// namespaceLabels are the labels of a namespace; those that every namespace has, if it is not known.
func (t *translator) namespaceLabels(name string) labels.Set {
	if namespace := t.w.Namespaces[name]; namespace != nil && len(namespace.Labels) > 0 {
		return namespace.Labels
	}
	return labels.Set{"kubernetes.io/metadata.name": name}
}

// attach finds the listeners that a parentRef leads to, and the hostnames there. Without any, the Problem says why.
func (r *routeContext) attach(p *parent, ref *gatewayv1.ParentReference) ([]ir.RouteHost, []string, *ir.Problem) {
	candidates := p.candidates(ref)
	if len(candidates) == 0 {
		problem := r.problem(ir.NoMatchingParent, "Gateway %s has no listener %s: it has %s",
			p.gateway.Key(), describe(ref), p.listenerNames())
		return nil, nil, &problem
	}
	admitted := make([]int, 0, len(candidates))
	for _, index := range candidates {
		if len(p.gateway.Listeners[index].Kinds) > 0 && p.admits(index, r.name.Namespace, r.labels) {
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
	for i, listener := range p.gateway.Listeners {
		if section := deref(ref.SectionName); section != "" && string(section) != listener.Name {
			continue
		}
		if ref.Port != nil && *ref.Port != listener.Port {
			continue
		}
		out = append(out, i)
	}
	return out
}

func (p *parent) listenerNames() string {
	names := make([]string, 0, len(p.gateway.Listeners))
	for _, listener := range p.gateway.Listeners {
		names = append(names, fmt.Sprintf("%s (port %d)", listener.Name, listener.Port))
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
	for _, index := range candidates {
		listener := p.gateway.Listeners[index]
		reason := fmt.Sprintf("namespace %s lacks labels that it selects (%s)", r.name.Namespace, p.allowed[index].selector)
		switch {
		case len(listener.Kinds) == 0:
			reason = "it takes no HTTPRoute"
		case p.allowed[index].same:
			reason = fmt.Sprintf("it takes routes of namespace %s only", p.gateway.Namespace)
		}
		reasons = append(reasons, fmt.Sprintf("listener %s: %s", listener.Name, reason))
	}
	return "no listener takes this route: " + strings.Join(reasons, "; ") +
		": label the namespace, or change allowedRoutes of the listener"
}

func (r *routeContext) whyNoHostname(p *parent, admitted []int) string {
	offers := make([]string, 0, len(admitted))
	for _, index := range admitted {
		listener := p.gateway.Listeners[index]
		offers = append(offers, fmt.Sprintf("%s (%s)", listener.Name, orAnyHostname(listener.Hostname)))
	}
	return fmt.Sprintf("no listener has %s: the listeners that this route may use are %s: correct hostnames, or add a listener with that hostname to Gateway %s",
		strings.Join(r.hostnames, ", "), strings.Join(offers, ", "), p.gateway.Key())
}

// hosts are the intersections of the route's hostnames with those of the admitted listeners.
func (r *routeContext) hosts(p *parent, admitted []int) ([]ir.RouteHost, []string) {
	var hosts []ir.RouteHost
	var listeners []string
	for _, index := range admitted {
		listener := p.gateway.Listeners[index]
		found := map[string]int{}
		for _, own := range r.hostnames {
			both, overlap := intersect(listener.Hostname, own)
			if !overlap {
				continue
			}
			r.served[own] = true
			if best, seen := found[both]; !seen || tier(own, both) < best {
				found[both] = tier(own, both)
			}
		}
		for hostname, rank := range found {
			hosts = append(hosts, ir.RouteHost{Listener: listener.Name, Hostname: hostname, Tier: rank})
		}
		if len(found) > 0 {
			listeners = append(listeners, listener.Name)
		}
	}
	return hosts, listeners
}
