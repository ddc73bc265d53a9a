package named

import (
	"fmt"

	"github.com/go-logr/logr"
	certificatesv1 "k8s.io/api/certificates/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/fleetgate/fleetgate/internal/world"
)

var trustBundle = schema.GroupKind{Group: certificatesv1.GroupName, Kind: "ClusterTrustBundle"}

// TrustBundles gives a Watcher of ClusterTrustBundles in the same way, in the version of certificates.k8s.io that the cluster serves:
// v1, else v1beta1. Where it serves neither they do not exist.
func TrustBundles(
	c client.WithWatch, log logr.Logger, tell func(world.Name, *certificatesv1.ClusterTrustBundle),
) *Watcher[*unstructured.Unstructured] {
	read := func(name world.Name, object *unstructured.Unstructured) {
		if object == nil {
			tell(name, nil)
			return
		}
		made := &certificatesv1.ClusterTrustBundle{} // the fields of both versions are the same
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, made); err != nil {
			log.Error(err, "read an object", "kind", trustBundle.Kind, "name", name.String())
			made = nil
		}
		tell(name, made)
	}
	list := func() (client.ObjectList, error) {
		mapping, err := c.RESTMapper().RESTMapping(trustBundle, "v1", "v1beta1")
		if err != nil {
			return nil, fmt.Errorf("find the kind %s: %w", trustBundle.Kind, err)
		}
		made := &unstructured.UnstructuredList{}
		made.SetGroupVersionKind(mapping.GroupVersionKind.GroupVersion().WithKind(trustBundle.Kind + "List"))
		return made, nil
	}
	return watcher(c, log, read, kind[*unstructured.Unstructured]{trustBundle.Kind, &unstructured.Unstructured{}, list})
}
