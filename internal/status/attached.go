package status

import (
	"slices"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	gatewayxv1alpha1 "sigs.k8s.io/gateway-api/apisx/v1alpha1"
)

// RouteStatus is the status of a route of any kind, in its own memory; nil for what is none.
func RouteStatus(object any) *gatewayv1.RouteStatus {
	switch typed := object.(type) {
	case *gatewayv1.HTTPRoute:
		return &typed.Status.RouteStatus
	case *gatewayv1.GRPCRoute:
		return &typed.Status.RouteStatus
	case *gatewayv1.TLSRoute:
		return &typed.Status.RouteStatus
	case *gatewayv1.TCPRoute:
		return &typed.Status.RouteStatus
	case *gatewayv1.UDPRoute:
		return &typed.Status.RouteStatus
	}
	return nil
}

// PolicyStatus is the status of a policy of any kind, in its own memory; nil for what is none.
func PolicyStatus(object any) *gatewayv1.PolicyStatus {
	switch typed := object.(type) {
	case *gatewayv1.BackendTLSPolicy:
		return &typed.Status
	case *gatewayxv1alpha1.XBackendTrafficPolicy:
		return &typed.Status
	}
	return nil
}

// intoAttached is Into for what is attached to others: routes and policies. Most often nothing changed, and nothing is copied.
func (p Patch) intoAttached(existing any, now metav1.Time) (any, bool) {
	object, ok := existing.(runtime.Object)
	if !ok {
		return existing, false
	}
	if route := RouteStatus(existing); route != nil {
		parents := mergeParents(route.Parents, p, now)
		if equality.Semantic.DeepEqual(route.Parents, parents) {
			return existing, false
		}
		want := object.DeepCopyObject()
		RouteStatus(want).Parents = parents
		return want, true
	}
	if policy := PolicyStatus(existing); policy != nil {
		ancestors := mergeAncestors(policy.Ancestors, p, now)
		if equality.Semantic.DeepEqual(policy.Ancestors, ancestors) {
			return existing, false
		}
		want := object.DeepCopyObject()
		PolicyStatus(want).Ancestors = ancestors
		return want, true
	}
	return existing, false
}

// maxParents is how many entries the API takes.
const maxParents = 32

// mergeParents leaves entries of other controllers where they are, updates ours in place, drops ours that
// nobody refers to any more, and puts new ones at the end.
func mergeParents(have []gatewayv1.RouteParentStatus, p Patch, now metav1.Time) []gatewayv1.RouteParentStatus {
	out := make([]gatewayv1.RouteParentStatus, 0, len(have)+len(p.Parents))
	placed := make([]bool, len(p.Parents))
	for _, old := range have {
		if !slices.Contains(p.Controllers, old.ControllerName) {
			out = append(out, old)
			continue
		}
		for i, want := range p.Parents {
			if !placed[i] && sameParent(old, want) {
				placed[i] = true
				want.Conditions = Merge(old.Conditions, want.Conditions, now)
				out = append(out, want)
				break
			}
		}
	}
	for i, want := range p.Parents {
		if !placed[i] && len(out) < maxParents {
			want.Conditions = Merge(nil, want.Conditions, now)
			out = append(out, want)
		}
	}
	return out
}

func sameParent(a, b gatewayv1.RouteParentStatus) bool {
	return a.ControllerName == b.ControllerName && equality.Semantic.DeepEqual(a.ParentRef, b.ParentRef)
}
