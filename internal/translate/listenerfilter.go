package translate

import (
	"fmt"
	"slices"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/internal/ir"
)

// hasFilters says whether a listener has filters, an experimental field.
func hasFilters(spec *gatewayv1.Listener) bool {
	return spec.Filters != nil && len(spec.Filters.Requests) > 0
}

// filtersFit refuses filters of a listener that has no requests.
func (l *listenerContext) filtersFit() {
	if hasFilters(l.spec) && l.made.Protocol != protocolHTTP && l.made.Protocol != protocolHTTPS {
		l.refusef(ir.UnsupportedValue, "filters.requests: a listener of protocol %s has no requests: remove filters", l.made.Protocol)
	}
}

// listenerFilters reads the filters of a listener whose protocol is known. A listener with one that cannot be used does not let
// requests past it: it goes on in the proxies and answers 500, since without it a listener for more hostnames would take them.
func (t *translator) listenerFilters(l *listenerContext) {
	if !l.made.Proxied {
		return
	}
	set := &ruleSet{pools: map[string]ir.Pool{}, found: map[backendPort]string{}}
	for i := range l.spec.Filters.Requests {
		l.made.Filters = append(l.made.Filters, t.listenerFilter(l, set, i))
	}
	for _, fault := range set.broken {
		l.refusef(fault.code, "%s", fault.message)
		l.made.Serves = false
	}
	for _, fault := range set.unresolved {
		l.refusef(fault.code, "%s: until then the listener answers 500", fault.message)
	}
	l.made.Notes = slices.Compact(slices.Sorted(slices.Values(set.notes)))
	l.out.Pools = mergePools(l.out.Pools, set.sortedPools())
	l.out.Policies = slices.Compact(slices.Sorted(slices.Values(append(l.out.Policies, set.policies...))))
}

// listenerFilter reads one filter, as the rule of a route would: what it refers to is referred to by the object that has the listener.
func (t *translator) listenerFilter(l *listenerContext, set *ruleSet, index int) config.ListenerFilter {
	spec := &l.spec.Filters.Requests[index]
	at := fmt.Sprintf("filters.requests[%d]", index)
	r := &ruleContext{
		routeContext: &routeContext{
			t: t, key: ir.RouteKey{Key: ir.Key{Namespace: l.in.Namespace, Name: l.in.Name}, Kind: l.in.Kind},
			deps: l.deps,
		},
		set: set, parent: &parent{members: t.placedMembers(l.out)}, index: index,
	}
	r.name.Namespace, r.name.Name = l.in.Namespace, l.in.Name
	faults := len(set.broken)
	var read config.Filters
	switch spec.Type {
	case gatewayv1.ListenerFilterExternalAuth:
		r.auth(at, &gatewayv1.HTTPRouteFilter{ExternalAuth: spec.ExternalAuth}, &read)
	case gatewayv1.ListenerFilterExtensionRef:
		ref := derefOr(spec.ExtensionRef, gatewayv1.LocalObjectReference{})
		r.brokenf(ir.UnsupportedValue, "%s.extensionRef: %s/%s %s: there is no kind of filter to refer to: use ExternalAuth, or remove the filter",
			at, ref.Group, ref.Kind, ref.Name)
	default:
		r.brokenf(ir.UnsupportedValue, "%s.type: %q is not ExternalAuth", at, spec.Type)
	}
	switch {
	case len(set.broken) > faults:
		return config.ListenerFilter{Broken: set.broken[faults].message}
	case r.refusal != "":
		return config.ListenerFilter{Broken: r.refusal}
	}
	return config.ListenerFilter{Auth: read.Auth}
}
