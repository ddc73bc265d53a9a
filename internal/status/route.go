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

// route is the status of a route: our entries among its parents. The second answer is false for a route
// that has none of ours and needs none.
func route(w *world.World, r *ir.Route, ours []gatewayv1.GatewayController) (Patch, bool) {
	refs, have := parentsOf(w, r.Key())
	if have == nil {
		return Patch{}, false
	}
	patch := Patch{Key: world.Key{Kind: world.Kind(r.Kind), Name: world.Name(r.Key().Key)}, Controllers: ours}
	for i := range r.Parents {
		if len(patch.Parents) == maxParents {
			break
		}
		patch.Parents = append(patch.Parents, parent(refs, r, &r.Parents[i]))
	}
	stale := slices.ContainsFunc(have.Parents, func(p gatewayv1.RouteParentStatus) bool {
		return slices.Contains(ours, p.ControllerName)
	})
	return patch, stale || len(patch.Parents) > 0
}

// parentsOf are the parentRefs of a route and its status; nil if there is none.
func parentsOf(w *world.World, key ir.RouteKey) ([]gatewayv1.ParentReference, *gatewayv1.RouteStatus) {
	name := world.Name(key.Key)
	switch key.Kind {
	case ir.HTTPRoute:
		if object := w.HTTPRoutes.Get(name); object != nil {
			return object.Spec.ParentRefs, &object.Status.RouteStatus
		}
	case ir.GRPCRoute:
		if object := w.GRPCRoutes.Get(name); object != nil {
			return object.Spec.ParentRefs, &object.Status.RouteStatus
		}
	case ir.TLSRoute:
		if object := w.TLSRoutes.Get(name); object != nil {
			return object.Spec.ParentRefs, &object.Status.RouteStatus
		}
	case ir.TCPRoute:
		if object := w.TCPRoutes.Get(name); object != nil {
			return object.Spec.ParentRefs, &object.Status.RouteStatus
		}
	case ir.UDPRoute:
		if object := w.UDPRoutes.Get(name); object != nil {
			return object.Spec.ParentRefs, &object.Status.RouteStatus
		}
	}
	return nil, nil
}

func parent(refs []gatewayv1.ParentReference, r *ir.Route, p *ir.RouteParent) gatewayv1.RouteParentStatus {
	out := gatewayv1.RouteParentStatus{ControllerName: gatewayv1.GatewayController(p.Controller)}
	if p.Default {
		out.ParentRef = gatewayRef(p.Gateway)
	} else {
		out.ParentRef = refs[p.Index]
	}
	resolved := refsResolved.unless(p.Problems, r.Generation)
	if resolved.Status == metav1.ConditionTrue && len(p.Notes) > 0 {
		resolved.Message += " " + strings.Join(p.Notes, "; ") + "."
	}
	out.Conditions = []metav1.Condition{routeAccepted.unless(p.Problems, r.Generation), resolved}
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
