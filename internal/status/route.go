package status

import (
	"maps"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/world"
)

// route is the status of an HTTPRoute: our entries among its parents. The second answer is false for a route
// that has none of ours and needs none.
func route(w *world.World, r *ir.Route, ours []gatewayv1.GatewayController) (Patch, bool) {
	name := world.Name(r.Key())
	object := w.HTTPRoutes[name]
	if object == nil {
		return Patch{}, false
	}
	patch := Patch{Key: world.Key{Kind: world.KindHTTPRoute, Name: name}, Controllers: ours}
	for i := range r.Parents {
		if len(patch.Parents) == maxParents {
			break
		}
		patch.Parents = append(patch.Parents, parent(object, r, &r.Parents[i]))
	}
	stale := slices.ContainsFunc(object.Status.Parents, func(p gatewayv1.RouteParentStatus) bool {
		return slices.Contains(ours, p.ControllerName)
	})
	return patch, stale || len(patch.Parents) > 0
}

func parent(object *gatewayv1.HTTPRoute, r *ir.Route, p *ir.RouteParent) gatewayv1.RouteParentStatus {
	out := gatewayv1.RouteParentStatus{
		ParentRef:      object.Spec.ParentRefs[p.Index],
		ControllerName: gatewayv1.GatewayController(p.Controller),
	}
	refs := refsResolved.unless(p.Problems, r.Generation)
	if refs.Status == metav1.ConditionTrue && len(p.Notes) > 0 {
		refs.Message += " " + strings.Join(p.Notes, "; ") + "."
	}
	out.Conditions = []metav1.Condition{routeAccepted.unless(p.Problems, r.Generation), refs}
	for _, kind := range []string{ir.PartiallyInvalid.Type, ir.AdviceType} {
		if reason, message, found := of(p.Problems, kind); found {
			out.Conditions = append(out.Conditions, condition(kind, metav1.ConditionTrue, reason, message, r.Generation))
		}
	}
	return out
}

// controllers are our controllerNames, sorted.
func controllers(w *world.World) []gatewayv1.GatewayController {
	out := make([]gatewayv1.GatewayController, 0, len(w.Providers))
	for _, name := range slices.Sorted(maps.Keys(w.Providers)) {
		out = append(out, gatewayv1.GatewayController(name))
	}
	return out
}
