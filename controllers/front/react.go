package front

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	dataplanev1alpha1 "github.com/fleetgate/fleetgate/apis/dataplane/v1alpha1"
	"github.com/fleetgate/fleetgate/controllers/gather"
	"github.com/fleetgate/fleetgate/controllers/proxies"
	"github.com/fleetgate/fleetgate/internal/world"
)

// react looks at a front again at once when something of it changed in a member: a Service was given an address,
// or somebody changed or deleted it; and when its Gateway lost our finalizer. The lock is held.
func (w *Worker) react(key gather.Key, value any) {
	switch key.Kind {
	case world.KindService:
		w.reactToService(key, value)
	case world.KindGateway:
		if gateway, there := value.(*gatewayv1.Gateway); there {
			w.holdAgain(key.Name, gateway)
		}
	}
}

// holdAgain makes a pass for a Gateway that has a front and not our finalizer, as when somebody replaced it by a manifest: were it
// deleted so, nobody would tell us to wait.
func (w *Worker) holdAgain(name world.Name, gateway *gatewayv1.Gateway) {
	want, held := w.wishes[name], w.states[name]
	if held == nil || held.done == nil || want.action != reconcile || want.front.Owner.UID != string(gateway.UID) {
		return
	}
	if !slices.Contains(gateway.Finalizers, proxies.FinalizerFront) {
		held.again = true
		w.queue().Add(name)
	}
}

func (w *Worker) reactToService(key gather.Key, value any) {
	gateway, known := w.services[key]
	service, _ := value.(*corev1.Service)
	switch {
	case service == nil:
		delete(w.services, key)
	case service.Labels[dataplanev1alpha1.LabelGatewayUID] != "" && service.Annotations[dataplanev1alpha1.AnnotationGateway] != "":
		gateway = world.Name{Namespace: key.Name.Namespace, Name: service.Annotations[dataplanev1alpha1.AnnotationGateway]}
		w.services[key], known = gateway, true
	}
	held := w.states[gateway]
	if !known || held == nil || w.wishes[gateway].action == idle {
		return
	}
	held.again, held.tries = true, 0
	w.queue().Add(gateway)
}
