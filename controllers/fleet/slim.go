package fleet

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	dataplanev1alpha1 "github.com/fleetgate/fleetgate/apis/dataplane/v1alpha1"
	"github.com/fleetgate/fleetgate/controllers/gather"
)

// slim drops even more than gather.Slim: the memory of a hub grows with all members.
func slim(in any) (any, error) {
	if _, err := gather.Slim(in); err != nil {
		return nil, fmt.Errorf("slim an object: %w", err)
	}
	switch typed := in.(type) {
	case *dataplanev1alpha1.ProxyConfig:
		typed.Spec.Data = nil
	case *appsv1.Deployment:
		typed.Spec, typed.Status = appsv1.DeploymentSpec{}, appsv1.DeploymentStatus{}
	case *unstructured.Unstructured: // a Cluster: its metadata is all we need
		delete(typed.Object, "spec")
		delete(typed.Object, "status")
	case *corev1.Pod:
		typed.Spec = corev1.PodSpec{}
		typed.Status.ContainerStatuses, typed.Status.InitContainerStatuses = nil, nil
	case *corev1.Service:
		typed.Status = corev1.ServiceStatus{}
	}
	return in, nil
}
