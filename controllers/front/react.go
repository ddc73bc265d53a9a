package front

import (
	corev1 "k8s.io/api/core/v1"

	dataplanev1alpha1 "github.com/fleetgate/fleetgate/apis/dataplane/v1alpha1"
	"github.com/fleetgate/fleetgate/controllers/gather"
	"github.com/fleetgate/fleetgate/internal/world"
)

// react looks at a front again at once when something of it changed in a member: a Service was given an address,
// or somebody changed or deleted it. The lock is held.
func (w *Worker) react(key gather.Key, value any) {
	if key.Kind != world.KindService {
		return
	}
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
