package proxies

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/fleetgate/fleetgate/controllers/fleet"
)

// tenants are the kinds of which a namespace must have none before we remove it.
func tenants() []schema.GroupVersionKind {
	return []schema.GroupVersionKind{
		{Version: "v1", Kind: "Pod"},
		{Version: "v1", Kind: "Service"},
		{Version: "v1", Kind: "ConfigMap"},
		{Version: "v1", Kind: "Secret"},
		{Version: "v1", Kind: "ServiceAccount"},
		{Version: "v1", Kind: "PersistentVolumeClaim"},
		{Group: "apps", Version: "v1", Kind: "Deployment"},
		{Group: "apps", Version: "v1", Kind: "StatefulSet"},
		{Group: "apps", Version: "v1", Kind: "DaemonSet"},
		{Group: "batch", Version: "v1", Kind: "Job"},
		{Group: "batch", Version: "v1", Kind: "CronJob"},
		{Group: "dataplane.gateway.company.com", Version: "v1alpha1", Kind: "ProxyConfig"},
	}
}

// removeNamespace removes a namespace that this hub made, if it can be proved that nobody put anything
// there. Where the operator may not list something, which it may not by default for Secrets, the
// namespace stays: an empty namespace costs nothing, somebody's Secret does.
func (w *worker) removeNamespace(ctx context.Context, to *fleet.Connection, name string) error {
	found := &corev1.Namespace{}
	err := to.Client.Get(ctx, client.ObjectKey{Name: name}, found)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look at namespace %s: %w", name, err)
	}
	if found.Labels[LabelMadeNamespace] != w.options.Settings.Hub || found.DeletionTimestamp != nil {
		return nil
	}
	for _, kind := range tenants() {
		empty, err := w.noneOf(ctx, to, kind, name)
		if apierrors.IsForbidden(err) {
			w.log.Info("a namespace that we made stays, because it cannot be proved to be empty", "namespace", name, "kind", kind.Kind)
			return nil
		}
		if err != nil || !empty {
			return err
		}
	}
	delete(w.namespaces, name)
	same := found.UID
	if err := to.Client.Delete(ctx, found, client.Preconditions{UID: &same}); err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("delete namespace %s: %w", name, err)
	}
	return nil
}

func (w *worker) noneOf(ctx context.Context, to *fleet.Connection, kind schema.GroupVersionKind, namespace string) (bool, error) {
	list := &metav1.PartialObjectMetadataList{}
	list.SetGroupVersionKind(kind.GroupVersion().WithKind(kind.Kind + "List"))
	if err := to.Client.List(ctx, list, client.InNamespace(namespace)); err != nil {
		return false, fmt.Errorf("list %ss: %w", kind.Kind, err)
	}
	for i := range list.Items {
		if !madeByKubernetes(kind.Kind, &list.Items[i]) && !w.leaving(&list.Items[i]) {
			return false, nil
		}
	}
	return true, nil
}

// leaving is what is ours and on its way out: pods of the Deployment that was just deleted among them.
func (w *worker) leaving(object *metav1.PartialObjectMetadata) bool {
	return object.Labels[LabelHub] == w.options.Settings.Hub &&
		(object.DeletionTimestamp != nil || len(object.OwnerReferences) > 0)
}

func madeByKubernetes(kind string, object *metav1.PartialObjectMetadata) bool {
	return kind == "ConfigMap" && object.Name == "kube-root-ca.crt" || kind == "ServiceAccount" && object.Name == "default"
}
