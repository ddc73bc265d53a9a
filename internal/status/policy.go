package status

import (
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/world"
)

// maxAncestors is how many entries the API takes.
const maxAncestors = 16

// policy is the status of a policy: our Gateways among its ancestors. The second answer is false for
// a policy that has none of ours and needs none.
func policy(w *world.World, p *ir.Policy, ours []gatewayv1.GatewayController) (Patch, bool) {
	have, found := ancestorsOf(w, p.Key())
	if !found {
		return Patch{}, false
	}
	patch := Patch{Key: world.Key{Kind: world.Kind(p.Kind), Name: world.Name(p.Key().Key)}, Controllers: ours}
	for _, ancestor := range p.Ancestors {
		if len(patch.Ancestors) == maxAncestors {
			break
		}
		patch.Ancestors = append(patch.Ancestors, ancestorStatus(p, ancestor))
	}
	stale := slices.ContainsFunc(have, func(a gatewayv1.PolicyAncestorStatus) bool {
		return slices.Contains(ours, a.ControllerName)
	})
	return patch, stale || len(patch.Ancestors) > 0
}

// ancestorsOf are the entries in the status of a policy, and whether there is such a policy.
func ancestorsOf(w *world.World, key ir.PolicyKey) ([]gatewayv1.PolicyAncestorStatus, bool) {
	name := world.Name(key.Key)
	if object := w.BackendTLS[name]; key.Kind == ir.BackendTLSPolicy && object != nil {
		return object.Status.Ancestors, true
	}
	if object := w.BackendTraffic[name]; key.Kind == ir.BackendTrafficPolicy && object != nil {
		return object.Status.Ancestors, true
	}
	return nil, false
}

func ancestorStatus(p *ir.Policy, ancestor ir.PolicyAncestor) gatewayv1.PolicyAncestorStatus {
	out := gatewayv1.PolicyAncestorStatus{
		AncestorRef:    gatewayRef(ancestor.Gateway),
		ControllerName: gatewayv1.GatewayController(ancestor.Controller),
		Conditions:     []metav1.Condition{policyAccepted.unless(p.Problems, p.Generation), refsResolved.unless(p.Problems, p.Generation)},
	}
	if reason, message, found := of(p.Problems, ir.AdviceType); found {
		out.Conditions = append(out.Conditions, condition(ir.AdviceType, metav1.ConditionTrue, reason, message, p.Generation))
	}
	return out
}

// gatewayRef names a Gateway, given as "namespace/name", in full.
func gatewayRef(key string) gatewayv1.ParentReference {
	namespace, name, _ := strings.Cut(key, "/")
	return gatewayv1.ParentReference{
		Group: new(gatewayv1.Group(gatewayv1.GroupName)), Kind: new(gatewayv1.Kind("Gateway")),
		Namespace: new(gatewayv1.Namespace(namespace)), Name: gatewayv1.ObjectName(name),
	}
}
