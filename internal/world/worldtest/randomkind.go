package worldtest

import (
	"pgregory.net/rapid"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	gatewayxv1alpha1 "sigs.k8s.io/gateway-api/apisx/v1alpha1"

	"github.com/fleetgate/fleetgate/internal/world"
)

// collection makes the map of objects that Empty leaves out.
func collection[V any](objects *map[world.Name]V) map[world.Name]V {
	if *objects == nil {
		*objects = map[world.Name]V{}
	}
	return *objects
}

func randomName(t *rapid.T) world.Name {
	return world.Name{Namespace: pick(t, "namespace", namespaces...), Name: pick(t, "name", names...)}
}

// mutateOtherRoute changes a route of any kind but HTTPRoute.
func mutateOtherRoute(t *rapid.T, w *world.World) world.Key {
	name := randomName(t)
	switch kind := pick(t, "kind", world.KindGRPCRoute, world.KindTLSRoute, world.KindTCPRoute, world.KindUDPRoute); kind {
	case world.KindGRPCRoute:
		putObject(t, &w.GRPCRoutes, name, randomGRPCRoute(t, name))
		return world.Key{Kind: kind, Name: name}
	case world.KindTLSRoute:
		route := &gatewayv1.TLSRoute{ObjectMeta: meta(t, name.Namespace, name.Name)}
		route.Spec.CommonRouteSpec, route.Spec.Hostnames = randomParents(t), randomHostnames(t)
		route.Spec.Rules = []gatewayv1.TLSRouteRule{{BackendRefs: randomBackends(t)}}
		putObject(t, &w.TLSRoutes, name, route)
		return world.Key{Kind: kind, Name: name}
	case world.KindTCPRoute:
		route := &gatewayv1.TCPRoute{ObjectMeta: meta(t, name.Namespace, name.Name)}
		route.Spec.CommonRouteSpec = randomParents(t)
		route.Spec.Rules = []gatewayv1.TCPRouteRule{{BackendRefs: randomBackends(t)}}
		putObject(t, &w.TCPRoutes, name, route)
		return world.Key{Kind: kind, Name: name}
	default:
		route := &gatewayv1.UDPRoute{ObjectMeta: meta(t, name.Namespace, name.Name)}
		route.Spec.CommonRouteSpec = randomParents(t)
		for range rapid.IntRange(0, 2).Draw(t, "rules") {
			route.Spec.Rules = append(route.Spec.Rules, gatewayv1.UDPRouteRule{BackendRefs: randomBackends(t)})
		}
		putObject(t, &w.UDPRoutes, name, route)
		return world.Key{Kind: kind, Name: name}
	}
}

func randomGRPCRoute(t *rapid.T, name world.Name) *gatewayv1.GRPCRoute {
	route := &gatewayv1.GRPCRoute{ObjectMeta: meta(t, name.Namespace, name.Name)}
	route.Spec.CommonRouteSpec, route.Spec.Hostnames = randomParents(t), randomHostnames(t)
	for range rapid.IntRange(0, 3).Draw(t, "rules") {
		rule := gatewayv1.GRPCRouteRule{}
		for range rapid.IntRange(0, 2).Draw(t, "matches") {
			kind := pick(t, "method type", gatewayv1.GRPCMethodMatchExact, gatewayv1.GRPCMethodMatchRegularExpression, "Other")
			rule.Matches = append(rule.Matches, gatewayv1.GRPCRouteMatch{Method: &gatewayv1.GRPCMethodMatch{
				Type: &kind, Service: new(pick(t, "service", "", "a.Echo", "(")), Method: new(pick(t, "method", "", "Say", ".*")),
			}})
		}
		for _, ref := range randomBackends(t) {
			rule.BackendRefs = append(rule.BackendRefs, gatewayv1.GRPCBackendRef{BackendRef: ref})
		}
		if chance(t, "mirror", 20) {
			rule.Filters = []gatewayv1.GRPCRouteFilter{{
				Type: gatewayv1.GRPCRouteFilterRequestMirror, RequestMirror: &gatewayv1.HTTPRequestMirrorFilter{BackendRef: randomBackend(t)},
			}}
		}
		route.Spec.Rules = append(route.Spec.Rules, rule)
	}
	return route
}

func randomBackends(t *rapid.T) []gatewayv1.BackendRef {
	var out []gatewayv1.BackendRef
	for range rapid.IntRange(0, 2).Draw(t, "backends") {
		out = append(out, gatewayv1.BackendRef{BackendObjectReference: randomBackend(t), Weight: new(pick[int32](t, "weight", 0, 1, 9))})
	}
	return out
}

func mutatePolicy(t *rapid.T, w *world.World) world.Key {
	name := randomName(t)
	policy := &gatewayv1.BackendTLSPolicy{ObjectMeta: meta(t, name.Namespace, name.Name)}
	for range rapid.IntRange(1, 2).Draw(t, "targets") {
		target := gatewayv1.LocalPolicyTargetReferenceWithSectionName{LocalPolicyTargetReference: gatewayv1.LocalPolicyTargetReference{
			Kind: pick[gatewayv1.Kind](t, "kind", kindService, kindService, kindService, "Other"), Name: gatewayv1.ObjectName(pick(t, "service", names...)),
		}}
		if chance(t, "section", 40) {
			target.SectionName = new(pick[gatewayv1.SectionName](t, "port", "http", "none"))
		}
		policy.Spec.TargetRefs = append(policy.Spec.TargetRefs, target)
	}
	policy.Spec.Validation.Hostname = pick[gatewayv1.PreciseHostname](t, "hostname", "a.example.com", "a.example.com", "*.example.com")
	if chance(t, "system", 30) {
		policy.Spec.Validation.WellKnownCACertificates = new(pick[gatewayv1.WellKnownCACertificatesType](t, "set", "System", "other.org/own"))
	} else {
		ref := gatewayv1.LocalObjectReference{Name: gatewayv1.ObjectName(pick(t, "name", names...))}
		ref.Group, ref.Kind = randomAuthority(t)
		policy.Spec.Validation.CACertificateRefs = []gatewayv1.LocalObjectReference{ref}
	}
	put(t, collection(&w.BackendTLS), name, policy)
	return world.Key{Kind: world.KindBackendTLSPolicy, Name: name}
}

func mutateTrafficPolicy(t *rapid.T, w *world.World) world.Key {
	name := randomName(t)
	policy := &gatewayxv1alpha1.XBackendTrafficPolicy{ObjectMeta: meta(t, name.Namespace, name.Name)}
	policy.Spec.TargetRefs = []gatewayv1.LocalPolicyTargetReference{{Kind: kindService, Name: gatewayv1.ObjectName(pick(t, "service", names...))}}
	if chance(t, "constraint", 80) {
		policy.Spec.RetryConstraint = &gatewayxv1alpha1.RetryConstraint{
			Budget: &gatewayxv1alpha1.BudgetDetails{Percent: new(pick(t, "percent", 0, 50, 101))},
		}
	}
	put(t, collection(&w.BackendTraffic), name, policy)
	return world.Key{Kind: world.KindTrafficPolicy, Name: name}
}

const kindService = "Service"
