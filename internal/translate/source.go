package translate

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/world"
)

// source is what routes of all kinds have in common.
type source struct {
	*metav1.ObjectMeta
	parentRefs []gatewayv1.ParentReference
	// defaults says which default Gateways the route attaches to besides.
	defaults  gatewayv1.GatewayDefaultScope
	hostnames []gatewayv1.Hostname
	rules     []ruleSource
}

// ruleSource is a rule of any kind of route. Kinds lack different parts of it.
type ruleSource struct {
	name     *gatewayv1.SectionName
	matches  []gatewayv1.HTTPRouteMatch
	calls    []gatewayv1.GRPCRouteMatch
	filters  []gatewayv1.HTTPRouteFilter
	backends []gatewayv1.HTTPBackendRef
	timeouts *gatewayv1.HTTPRouteTimeouts
	retry    *gatewayv1.HTTPRouteRetry
	session  *gatewayv1.SessionPersistence
}

// routeKeys are all routes of a World, sorted.
func routeKeys(w *world.World) []ir.RouteKey {
	out := make([]ir.RouteKey, 0, w.HTTPRoutes.Len()+w.GRPCRoutes.Len()+w.TLSRoutes.Len()+w.TCPRoutes.Len()+w.UDPRoutes.Len())
	out = appendKeys(out, ir.HTTPRoute, w.HTTPRoutes)
	out = appendKeys(out, ir.GRPCRoute, w.GRPCRoutes)
	out = appendKeys(out, ir.TLSRoute, w.TLSRoutes)
	out = appendKeys(out, ir.TCPRoute, w.TCPRoutes)
	out = appendKeys(out, ir.UDPRoute, w.UDPRoutes)
	slices.SortFunc(out, ir.RouteKey.Compare)
	return out
}

func appendKeys[V any](out []ir.RouteKey, kind string, objects world.Objects[V]) []ir.RouteKey {
	for name := range objects.All() {
		out = append(out, ir.RouteKey{Key: ir.Key(name), Kind: kind})
	}
	return out
}

// isRoute says whether a kind is one of routes.
func isRoute(kind world.Kind) bool {
	switch kind {
	case world.KindHTTPRoute, world.KindGRPCRoute, world.KindTLSRoute, world.KindTCPRoute, world.KindUDPRoute:
		return true
	default:
		return false
	}
}

// sourceOf reads a route; nil if there is none.
func sourceOf(w *world.World, key ir.RouteKey) *source {
	name := world.Name(key.Key)
	switch key.Kind {
	case ir.HTTPRoute:
		return made(w.HTTPRoutes.Get(name), httpSource)
	case ir.GRPCRoute:
		return made(w.GRPCRoutes.Get(name), grpcSource)
	case ir.TLSRoute:
		return made(w.TLSRoutes.Get(name), tlsSource)
	case ir.TCPRoute:
		return made(w.TCPRoutes.Get(name), tcpSource)
	case ir.UDPRoute:
		return made(w.UDPRoutes.Get(name), udpSource)
	}
	return nil
}

func made[T any](object *T, read func(*T) *source) *source {
	if object == nil {
		return nil
	}
	return read(object)
}

func sourceOfCommon(object *metav1.ObjectMeta, spec *gatewayv1.CommonRouteSpec) *source {
	return &source{ObjectMeta: object, parentRefs: spec.ParentRefs, defaults: spec.UseDefaultGateways}
}

func httpSource(object *gatewayv1.HTTPRoute) *source {
	out := sourceOfCommon(&object.ObjectMeta, &object.Spec.CommonRouteSpec)
	out.hostnames = object.Spec.Hostnames
	out.rules = make([]ruleSource, len(object.Spec.Rules))
	for i := range object.Spec.Rules {
		rule := &object.Spec.Rules[i]
		out.rules[i] = ruleSource{
			name: rule.Name, matches: rule.Matches, filters: rule.Filters, backends: rule.BackendRefs,
			timeouts: rule.Timeouts, retry: rule.Retry,
			session: rule.SessionPersistence, //nolint:staticcheck // what will take its place is not there yet
		}
	}
	return out
}

func grpcSource(object *gatewayv1.GRPCRoute) *source {
	out := sourceOfCommon(&object.ObjectMeta, &object.Spec.CommonRouteSpec)
	out.hostnames = object.Spec.Hostnames
	out.rules = make([]ruleSource, len(object.Spec.Rules))
	for i := range object.Spec.Rules {
		rule := &object.Spec.Rules[i]
		read := ruleSource{
			name: rule.Name, calls: rule.Matches, filters: grpcFilters(rule.Filters),
			session: rule.SessionPersistence, //nolint:staticcheck // what will take its place is not there yet
		}
		for _, ref := range rule.BackendRefs {
			read.backends = append(read.backends, gatewayv1.HTTPBackendRef{BackendRef: ref.BackendRef, Filters: grpcFilters(ref.Filters)})
		}
		out.rules[i] = read
	}
	return out
}

// grpcFilters are those of a GRPCRoute, which has the same ones but fewer.
func grpcFilters(specs []gatewayv1.GRPCRouteFilter) []gatewayv1.HTTPRouteFilter {
	var out []gatewayv1.HTTPRouteFilter
	for i := range specs {
		out = append(out, gatewayv1.HTTPRouteFilter{
			Type:                   gatewayv1.HTTPRouteFilterType(specs[i].Type),
			RequestHeaderModifier:  specs[i].RequestHeaderModifier,
			ResponseHeaderModifier: specs[i].ResponseHeaderModifier,
			RequestMirror:          specs[i].RequestMirror,
			ExtensionRef:           specs[i].ExtensionRef,
		})
	}
	return out
}

func tlsSource(object *gatewayv1.TLSRoute) *source {
	out := sourceOfCommon(&object.ObjectMeta, &object.Spec.CommonRouteSpec)
	out.hostnames = object.Spec.Hostnames
	for i := range object.Spec.Rules {
		out.rules = append(out.rules, passingRule(object.Spec.Rules[i].Name, object.Spec.Rules[i].BackendRefs))
	}
	return out
}

func tcpSource(object *gatewayv1.TCPRoute) *source {
	out := sourceOfCommon(&object.ObjectMeta, &object.Spec.CommonRouteSpec)
	for i := range object.Spec.Rules {
		out.rules = append(out.rules, passingRule(object.Spec.Rules[i].Name, object.Spec.Rules[i].BackendRefs))
	}
	return out
}

func udpSource(object *gatewayv1.UDPRoute) *source {
	out := sourceOfCommon(&object.ObjectMeta, &object.Spec.CommonRouteSpec)
	for i := range object.Spec.Rules {
		out.rules = append(out.rules, passingRule(object.Spec.Rules[i].Name, object.Spec.Rules[i].BackendRefs))
	}
	return out
}

// passingRule is a rule that passes everything on.
func passingRule(name *gatewayv1.SectionName, refs []gatewayv1.BackendRef) ruleSource {
	out := ruleSource{name: name}
	for _, ref := range refs {
		out.backends = append(out.backends, gatewayv1.HTTPBackendRef{BackendRef: ref})
	}
	return out
}

// created is when the route was made, in Unix seconds; 0 if that is not known.
func (s *source) created() int64 {
	if s.CreationTimestamp.IsZero() {
		return 0
	}
	return s.CreationTimestamp.Unix()
}
