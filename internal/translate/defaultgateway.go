package translate

import (
	"slices"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/internal/ir"
)

// defaultsOf are the keys of the default Gateways (GEP-3793) among Gateways, in their order.
func defaultsOf(gateways []*ir.Gateway) []ir.Key {
	var out []ir.Key
	for _, gateway := range gateways {
		if gateway.Default {
			out = append(out, gateway.Key())
		}
	}
	return out
}

// defaultGateways attaches a route that asks for it to all default Gateways, as a parentRef to each of them would. One that a
// parentRef of the route names as a whole has its answer.
func (r *routeContext) defaultGateways(out *ir.Route) {
	if r.source.defaults != gatewayv1.GatewayDefaultScopeAll {
		return
	}
	r.deps.onDefaultGateways()
	for i, key := range r.t.defaults {
		if slices.ContainsFunc(r.source.parentRefs, func(ref gatewayv1.ParentReference) bool { return r.namesWhole(&ref, key) }) {
			continue
		}
		before := len(out.Parents)
		ref := gatewayv1.ParentReference{Namespace: new(gatewayv1.Namespace(key.Namespace)), Name: gatewayv1.ObjectName(key.Name)}
		r.parentRef(out, &ref, len(r.source.parentRefs)+i)
		for j := before; j < len(out.Parents); j++ {
			out.Parents[j].Default = true
		}
	}
}

// namesWhole says whether a parentRef names a Gateway with all its listeners.
func (r *routeContext) namesWhole(ref *gatewayv1.ParentReference, key ir.Key) bool {
	return derefOr(ref.Group, gatewayv1.GroupName) == gatewayv1.GroupName && derefOr(ref.Kind, kindGateway) == kindGateway &&
		string(derefOr(ref.Namespace, gatewayv1.Namespace(r.name.Namespace))) == key.Namespace && string(ref.Name) == key.Name &&
		deref(ref.SectionName) == "" && ref.Port == nil
}
