package status

import (
	"slices"

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

// entry is what controllers have one each of in the status of what is attached to something: who wrote it, to what it is attached,
// and how that went.
type entry struct {
	controller gatewayv1.GatewayController
	to         gatewayv1.ParentReference
	conditions *[]metav1.Condition
}

func parentEntry(p *gatewayv1.RouteParentStatus) entry {
	return entry{p.ControllerName, p.ParentRef, &p.Conditions}
}

func ancestorEntry(a *gatewayv1.PolicyAncestorStatus) entry {
	return entry{a.ControllerName, a.AncestorRef, &a.Conditions}
}

// maxParents is how many entries the API takes in the status of a route.
const maxParents = 32

// list is a list of such entries: how many the API takes, and what each of them is.
type list[E any] struct {
	most int
	of   func(*E) entry
}

var (
	parentList   = list[gatewayv1.RouteParentStatus]{maxParents, parentEntry}
	ancestorList = list[gatewayv1.PolicyAncestorStatus]{maxAncestors, ancestorEntry}
)

// intoAttached is Into for what is attached to others: routes and policies. Most often nothing changed, and nothing is copied.
func (p Patch) intoAttached(existing any, now metav1.Time) (any, bool) {
	object, ok := existing.(runtime.Object)
	if !ok {
		return existing, false
	}
	switch {
	case RouteStatus(existing) != nil:
		parents := func(of any) *[]gatewayv1.RouteParentStatus { return &RouteStatus(of).Parents }
		return intoList(object, parents, func(have []gatewayv1.RouteParentStatus) ([]gatewayv1.RouteParentStatus, bool) {
			return merged(have, p.Parents, p.Controllers, parentList, now)
		})
	case PolicyStatus(existing) != nil:
		ancestors := func(of any) *[]gatewayv1.PolicyAncestorStatus { return &PolicyStatus(of).Ancestors }
		return intoList(object, ancestors, func(have []gatewayv1.PolicyAncestorStatus) ([]gatewayv1.PolicyAncestorStatus, bool) {
			return merged(have, p.Ancestors, p.Controllers, ancestorList, now)
		})
	}
	return existing, false
}

// intoList merges entries into a list of the object's status, of a copy if they change anything.
func intoList[E any](object runtime.Object, at func(any) *[]E, merge func(have []E) ([]E, bool)) (any, bool) {
	entries, changed := merge(*at(object))
	if !changed {
		return object, false
	}
	out := object.DeepCopyObject()
	*at(out) = entries
	return out, true
}

// merged leaves entries of other controllers where they are, updates ours in place, drops ours that nothing refers to any more, and
// puts new ones at the end while there is room. It says whether anything is another than in have.
func merged[E any](have, want []E, ours []gatewayv1.GatewayController, in list[E], now metav1.Time) ([]E, bool) {
	out := make([]E, 0, len(have)+len(want))
	placed := make([]bool, len(want))
	for i := range have {
		old := in.of(&have[i])
		if !slices.Contains(ours, old.controller) {
			out = append(out, have[i])
			continue
		}
		for j := range want {
			if !placed[j] && old.same(in.of(&want[j])) {
				placed[j] = true
				out = append(out, want[j])
				into := in.of(&out[len(out)-1])
				*into.conditions = Merge(*old.conditions, *into.conditions, now)
				break
			}
		}
	}
	for j := range want {
		if !placed[j] && len(out) < in.most {
			out = append(out, want[j])
			into := in.of(&out[len(out)-1])
			*into.conditions = Merge(nil, *into.conditions, now)
		}
	}
	return out, !slices.EqualFunc(have, out, func(a, b E) bool { return in.of(&a).equal(in.of(&b)) })
}

// same says whether two entries are of one controller and for one thing.
func (e entry) same(other entry) bool {
	return e.controller == other.controller && sameReference(e.to, other.to)
}

func (e entry) equal(other entry) bool {
	return e.same(other) && slices.EqualFunc(*e.conditions, *other.conditions, func(a, b metav1.Condition) bool {
		sameTime := a.LastTransitionTime.Equal(&b.LastTransitionTime)
		b.LastTransitionTime = a.LastTransitionTime
		return sameTime && a == b
	})
}

func sameReference(a, b gatewayv1.ParentReference) bool {
	return a.Name == b.Name && equalAt(a.Group, b.Group) && equalAt(a.Kind, b.Kind) && equalAt(a.Namespace, b.Namespace) &&
		equalAt(a.SectionName, b.SectionName) && equalAt(a.Port, b.Port)
}

// equalAt says whether two optional values are equal, or both are not there.
func equalAt[T comparable](a, b *T) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}
