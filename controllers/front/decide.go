// Package front makes the fronts of Gateways what the IR wants, through providers, and takes them away again.
package front

import (
	"encoding/json"
	"reflect"
	"slices"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/controllers/proxies"
	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/world"
)

// AnnotationParameters is on a Gateway that has a front. It keeps what is needed to find the front again and
// to delete it, whatever became of the GatewayClass and its parameters.
const AnnotationParameters = "gateway.company.com/front-parameters"

// action is what to do about a front.
type action int

const (
	// idle leaves the front alone.
	idle action = iota
	// reconcile makes it what is wanted.
	reconcile
	// destroy takes it away, then the proxies, then our finalizer.
	destroy
)

// wish is what the latest World wants of one Gateway's front.
type wish struct {
	action     action
	controller string
	generation int64
	front      ir.Front
	// left are fronts at other places that go together with this one, for destroy.
	left []recorded
	// orphan says that the Gateway itself is not there any more.
	orphan bool
}

func (w wish) same(other wish) bool { return reflect.DeepEqual(w, other) }

// decide says what to do about the front of a Gateway.
//
//	Gateway                                        | front
//	ours, accepted                                 | reconcile
//	ours, frozen since its parameters are gone     | reconcile with those that were last good
//	ours, frozen for another reason                | idle
//	ours, lacks a certificate that can be read     | reconcile with what the front has; idle without our finalizer
//	ours, names a Secret that is unread            | idle
//	being deleted, with our finalizer              | destroy
//	class names another controller, our finalizer  | destroy
//	class is missing, our finalizer                | idle
//	without our finalizer, not ours                | idle
func decide(w *world.World, r ir.IR, name world.Name) wish {
	gateway := w.Gateways[name]
	meant := r.Gateway(name.Namespace, name.Name)
	held := slices.Contains(gateway.Finalizers, proxies.FinalizerFront)
	out := wish{generation: gateway.Generation}
	before := readRecorded(gateway)
	switch {
	case gateway.DeletionTimestamp != nil && held, held && meant == nil && taken(w, gateway):
		out.action = destroy
		out.controller, out.front = lastKnown(w.Hub, gateway, meant, before)
		out.left = succeed(before, recorded{}).Left
	case gateway.DeletionTimestamp != nil, meant == nil, meant.Deleting, meant.Unread:
	case meant.Frozen && held && lastGoodServes(meant, before):
		out.action, out.controller, out.front = reconcile, meant.Controller, meant.Front
		out.front.ALB, out.front.Service = before.ALB, before.Service
	case meant.Frozen, !meant.Accepted && !held:
	default:
		out.action, out.controller, out.front = reconcile, meant.Controller, meant.Front
	}
	return out
}

// lastGoodServes says that a front can go on with the parameters that were last good: without passes, proxies
// that replace others would never get traffic.
func lastGoodServes(meant *ir.Gateway, before recorded) bool {
	lost := meant.Front.ALB == nil && meant.Front.Service == nil && (before.ALB != nil || before.Service != nil)
	return lost && before.Controller == meant.Controller && len(meant.Front.Ports) > 0
}

// taken says that the Gateway's class exists and belongs to somebody else.
func taken(w *world.World, gateway *gatewayv1.Gateway) bool {
	class := w.Classes[string(gateway.Spec.GatewayClassName)]
	if class == nil {
		return false
	}
	_, ours := w.Providers[string(class.Spec.ControllerName)]
	return !ours
}

// lastKnown is the front to destroy: the parameters as they are now, or else as they were when it was made. Those of another
// controller than the one that made it are not about it.
func lastKnown(hub string, gateway *gatewayv1.Gateway, meant *ir.Gateway, before recorded) (string, ir.Front) {
	front := ir.Front{Owner: ir.Owner{
		Hub: hub, UID: string(gateway.UID), Namespace: gateway.Namespace, Name: gateway.Name,
	}}
	if meant != nil && (before.Controller == "" || before.Controller == meant.Controller) {
		front.ALB, front.Service = meant.Front.ALB, meant.Front.Service
	}
	if front.ALB == nil && front.Service == nil {
		front.ALB, front.Service = before.ALB, before.Service
	}
	if before.Controller == "" && meant != nil {
		return meant.Controller, front
	}
	return before.Controller, front
}

func readRecorded(gateway *gatewayv1.Gateway) recorded {
	var out recorded
	// Somebody may have broken the annotation; then there is nothing recorded.
	if json.Unmarshal([]byte(gateway.Annotations[AnnotationParameters]), &out) != nil {
		return recorded{}
	}
	return out
}
