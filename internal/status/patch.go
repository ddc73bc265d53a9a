// Package status says which conditions our objects should have, and merges them into those they have. The
// caller writes; nothing here does.
package status

import (
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	awsv1alpha1 "github.com/fleetgate/fleetgate/apis/aws/v1alpha1"
	gatewayv1alpha1 "github.com/fleetgate/fleetgate/apis/gateway/v1alpha1"
	"github.com/fleetgate/fleetgate/internal/world"
)

// Patch is the whole status that we want on one object, as far as it is ours. Only the fields of the
// object's kind are set. Conditions carry no lastTransitionTime: Into sets it.
type Patch struct {
	Key world.Key `json:"key"`
	// Conditions of a GatewayClass, a Gateway, a ListenerSet, an ALBConfig or a ServiceConfig.
	Conditions []metav1.Condition `json:"conditions,omitempty"`
	// Features of a GatewayClass, sorted.
	Features []gatewayv1.SupportedFeature `json:"features,omitempty"`
	// Addresses and Listeners of a Gateway.
	Addresses []gatewayv1.GatewayStatusAddress `json:"addresses,omitempty"`
	Listeners []gatewayv1.ListenerStatus       `json:"listeners,omitempty"`
	// AttachedSets of a Gateway.
	AttachedSets *int32 `json:"attachedSets,omitempty"`
	// Entries are the listeners of a ListenerSet.
	Entries []gatewayv1.ListenerEntryStatus `json:"entries,omitempty"`
	// Parents of a route: all entries that should have one of our controllerNames.
	Parents []gatewayv1.RouteParentStatus `json:"parents,omitempty"`
	// Ancestors of a policy: all entries that should have one of our controllerNames.
	Ancestors []gatewayv1.PolicyAncestorStatus `json:"ancestors,omitempty"`
	// Controllers are our controllerNames, sorted: entries of a route or a policy with one of them that Parents
	// or Ancestors lacks go away.
	Controllers []gatewayv1.GatewayController `json:"controllers,omitempty"`
}

// Changed says whether existing (of a kind that has a Patch) has another status than this Patch wants.
func (p Patch) Changed(existing any) bool {
	_, changed := p.Into(existing, metav1.Time{})
	return changed
}

// Into gives a deep copy of existing (of a kind that has a Patch) with this Patch merged into its status, and whether that
// differs; of a route or a policy whose status does not, existing itself. Conditions whose status changed get now as their time.
func (p Patch) Into(existing any, now metav1.Time) (any, bool) {
	switch have := existing.(type) {
	case *gatewayv1.GatewayClass:
		want := have.DeepCopy()
		want.Status.Conditions = Merge(have.Status.Conditions, p.Conditions, now)
		want.Status.SupportedFeatures = p.Features
		return want, !equality.Semantic.DeepEqual(have.Status, want.Status)
	case *gatewayv1.Gateway:
		want := have.DeepCopy()
		want.Status.Conditions = Merge(have.Status.Conditions, p.Conditions, now)
		want.Status.Addresses = p.Addresses
		want.Status.Listeners = mergeListeners(have.Status.Listeners, p.Listeners, now)
		want.Status.AttachedListenerSets = p.AttachedSets
		return want, !equality.Semantic.DeepEqual(have.Status, want.Status)
	case *gatewayv1.ListenerSet:
		want := have.DeepCopy()
		want.Status.Conditions = Merge(have.Status.Conditions, p.Conditions, now)
		want.Status.Listeners = mergeEntries(have.Status.Listeners, p.Entries, now)
		return want, !equality.Semantic.DeepEqual(have.Status, want.Status)
	case *awsv1alpha1.ALBConfig:
		want := have.DeepCopy()
		want.Status.Conditions = Merge(have.Status.Conditions, p.Conditions, now)
		return want, !equality.Semantic.DeepEqual(have.Status, want.Status)
	case *gatewayv1alpha1.ServiceConfig:
		want := have.DeepCopy()
		want.Status.Conditions = Merge(have.Status.Conditions, p.Conditions, now)
		return want, !equality.Semantic.DeepEqual(have.Status, want.Status)
	}
	return p.intoAttached(existing, now)
}

// mergeListeners keeps the times of listeners that stay.
func mergeListeners(have, want []gatewayv1.ListenerStatus, now metav1.Time) []gatewayv1.ListenerStatus {
	out := make([]gatewayv1.ListenerStatus, 0, len(want))
	for _, listener := range want {
		var old []metav1.Condition
		for _, known := range have {
			if known.Name == listener.Name {
				old = known.Conditions
			}
		}
		listener.Conditions = Merge(old, listener.Conditions, now)
		out = append(out, listener)
	}
	return out
}

// mergeEntries does the same for a ListenerSet.
func mergeEntries(have, want []gatewayv1.ListenerEntryStatus, now metav1.Time) []gatewayv1.ListenerEntryStatus {
	before := make([]gatewayv1.ListenerStatus, 0, len(have))
	for _, entry := range have {
		before = append(before, gatewayv1.ListenerStatus(entry))
	}
	after := make([]gatewayv1.ListenerStatus, 0, len(want))
	for _, entry := range want {
		after = append(after, gatewayv1.ListenerStatus(entry))
	}
	out := make([]gatewayv1.ListenerEntryStatus, 0, len(want))
	for _, listener := range mergeListeners(before, after, now) {
		out = append(out, gatewayv1.ListenerEntryStatus(listener))
	}
	return out
}
