package worldtest

import (
	"pgregory.net/rapid"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/internal/world"
)

func mutateRoute(t *rapid.T, w *world.World) world.Key {
	name := world.Name{Namespace: pick(t, "namespace", namespaces...), Name: pick(t, "name", names...)}
	putObject(t, &w.HTTPRoutes, name, RandomRoute(t, name))
	return world.Key{Kind: world.KindHTTPRoute, Name: name}
}

// RandomRoute is any HTTPRoute of the vocabulary, sound or broken.
func RandomRoute(t *rapid.T, name world.Name) *gatewayv1.HTTPRoute {
	route := &gatewayv1.HTTPRoute{ObjectMeta: meta(t, name.Namespace, name.Name)}
	route.Spec.CommonRouteSpec, route.Spec.Hostnames = randomParents(t), randomHostnames(t)
	for range rapid.IntRange(0, 3).Draw(t, "rules") {
		route.Spec.Rules = append(route.Spec.Rules, randomRule(t))
	}
	return route
}

func randomParents(t *rapid.T) gatewayv1.CommonRouteSpec {
	out := gatewayv1.CommonRouteSpec{UseDefaultGateways: randomScope(t)}
	for range rapid.IntRange(0, 2).Draw(t, "parents") {
		gateway := pick(t, "gateway", gateways...)
		ref := gatewayv1.ParentReference{Name: gatewayv1.ObjectName(gateway.Name), Namespace: new(gatewayv1.Namespace(gateway.Namespace))}
		if chance(t, "set", 30) {
			ref.Kind, ref.Name = new(gatewayv1.Kind("ListenerSet")), gatewayv1.ObjectName(pick(t, "name", names...))
		}
		if chance(t, "section", 30) {
			ref.SectionName = new(pick(t, "listener", sections...))
		}
		if chance(t, "port", 10) {
			ref.Port = new(pick[int32](t, "port", 80, 443, 9999))
		}
		out.ParentRefs = append(out.ParentRefs, ref)
	}
	return out
}

func randomHostnames(t *rapid.T) []gatewayv1.Hostname {
	var out []gatewayv1.Hostname
	for range rapid.IntRange(0, 2).Draw(t, "hostnames") {
		if hostname := pick(t, "hostname", hostnames...); hostname != "" {
			out = append(out, hostname)
		}
	}
	return out
}

func randomRule(t *rapid.T) gatewayv1.HTTPRouteRule {
	var rule gatewayv1.HTTPRouteRule
	for range rapid.IntRange(0, 2).Draw(t, "matches") {
		kind := pick(t, "path type", gatewayv1.PathMatchExact, gatewayv1.PathMatchPathPrefix, gatewayv1.PathMatchRegularExpression)
		match := gatewayv1.HTTPRouteMatch{Path: &gatewayv1.HTTPPathMatch{Type: &kind, Value: new(pick(t, "path", "/", "/a", "/a/", "/b.*", "/(", "c"))}}
		if chance(t, "header", 30) {
			kind := pick(t, "header type", gatewayv1.HeaderMatchExact, gatewayv1.HeaderMatchRegularExpression)
			match.Headers = []gatewayv1.HTTPHeaderMatch{{Type: &kind, Name: "X-A", Value: pick(t, "value", "a", ".*b.*", "[")}}
		}
		rule.Matches = append(rule.Matches, match)
	}
	for range rapid.IntRange(0, 2).Draw(t, "backends") {
		rule.BackendRefs = append(rule.BackendRefs, gatewayv1.HTTPBackendRef{
			BackendObjectReference: randomBackend(t), Weight: new(pick[int32](t, "weight", 0, 1, 9)),
		})
	}
	switch pick(t, "filter", "", "", "mirror", "redirect", "unknown", "auth", "session") {
	case "auth":
		rule.Filters = []gatewayv1.HTTPRouteFilter{{
			Type: gatewayv1.HTTPRouteFilterExternalAuth, ExternalAuth: &gatewayv1.HTTPExternalAuthFilter{
				ExternalAuthProtocol: pick[gatewayv1.HTTPRouteExternalAuthProtocol](t, "auth", "HTTP", "GRPC"), BackendRef: randomBackend(t),
			},
		}}
	case "session":
		rule.SessionPersistence = &gatewayv1.SessionPersistence{} //nolint:staticcheck // it is still read
	case "mirror":
		rule.Filters = []gatewayv1.HTTPRouteFilter{{
			Type: gatewayv1.HTTPRouteFilterRequestMirror, RequestMirror: &gatewayv1.HTTPRequestMirrorFilter{BackendRef: randomBackend(t)},
		}}
	case "redirect":
		rule.Filters = []gatewayv1.HTTPRouteFilter{{
			Type: gatewayv1.HTTPRouteFilterRequestRedirect, RequestRedirect: &gatewayv1.HTTPRequestRedirectFilter{Scheme: new("https")},
		}}
	case "unknown":
		rule.Filters = []gatewayv1.HTTPRouteFilter{{Type: "RequestRetry"}}
	}
	return rule
}

func randomBackend(t *rapid.T) gatewayv1.BackendObjectReference {
	ref := gatewayv1.BackendObjectReference{Name: gatewayv1.ObjectName(pick(t, "name", names...)), Port: new(pick[int32](t, "port", 80, 80, 81))}
	if chance(t, "foreign", 30) {
		ref.Namespace = new(gatewayv1.Namespace(pick(t, "namespace", namespaces...)))
	}
	return ref
}
