package proxies

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	dataplanev1alpha1 "github.com/fleetgate/fleetgate/apis/dataplane/v1alpha1"
	"github.com/fleetgate/fleetgate/controllers/fleet"
	"github.com/fleetgate/fleetgate/controllers/gather"
	"github.com/fleetgate/fleetgate/internal/world"
)

// removable are the kinds that we make, in the order in which they go: pods first, for they drain.
func removable() []schema.GroupVersionKind {
	return []schema.GroupVersionKind{
		appsv1.SchemeGroupVersion.WithKind("Deployment"),
		corev1.SchemeGroupVersion.WithKind("Service"),
		policyv1.SchemeGroupVersion.WithKind("PodDisruptionBudget"),
		dataplanev1alpha1.GroupVersion.WithKind("ProxyConfig"),
		rbacv1.SchemeGroupVersion.WithKind("RoleBinding"),
		rbacv1.SchemeGroupVersion.WithKind("Role"),
		corev1.SchemeGroupVersion.WithKind("Secret"),
		corev1.SchemeGroupVersion.WithKind("ServiceAccount"),
	}
}

// remove takes away all that we made for the proxies of that name, and their namespace if we made it and
// nothing of anybody is left in it.
func (w *worker) remove(ctx context.Context, to *fleet.Connection, proxy world.Name) error {
	if w.isClean(proxy) && !w.somethingSeen(ctx, to, proxy) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	for _, kind := range removable() {
		scope := client.InNamespace(proxy.Namespace)
		if kind.Group == rbacv1.GroupName {
			scope = client.InNamespace(metav1.NamespaceAll) // grants are in the backends' namespaces too
		}
		found, err := w.ours(ctx, to, kind, proxy, scope)
		if err != nil {
			return err
		}
		for i := range found {
			if err := deleteOne(ctx, to.Client, &found[i]); err != nil {
				return err
			}
		}
	}
	return w.removeNamespace(ctx, to, proxy.Namespace)
}

// everything is the key for a look at all that this hub made in the member, whatever Gateway it was for.
var everything = world.Name{}

// enqueueSeen looks at all that we made in the member: what lost its Gateway while the member was away is found so, also
// if part of it was taken away before. Grants are not asked for: the ServiceAccount that they are for goes last.
func (w *worker) enqueueSeen(ctx context.Context, to *fleet.Connection) error {
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	for _, kind := range removable() {
		if kind.Group == rbacv1.GroupName {
			continue // those in the backends' namespaces do not tell the Gateway's
		}
		list := &metav1.PartialObjectMetadataList{}
		list.SetGroupVersionKind(kind.GroupVersion().WithKind(kind.Kind + "List"))
		err := to.Client.List(ctx, list, client.MatchingLabels{LabelHub: w.options.Settings.Hub}, client.HasLabels{dataplanev1alpha1.LabelProxy})
		if kind.Kind == "Secret" && apierrors.IsForbidden(err) {
			continue // who may not list them made none
		}
		if err != nil {
			return fmt.Errorf("list what is in the member: %w", err)
		}
		for _, object := range list.Items {
			w.queue.Add(world.Name{Namespace: object.Namespace, Name: object.Labels[dataplanev1alpha1.LabelProxy]})
		}
	}
	return nil
}

// somethingSeen asks the cache alone: it shows what came back after we had cleaned.
func (w *worker) somethingSeen(ctx context.Context, to *fleet.Connection, proxy world.Name) bool {
	selection := []client.ListOption{client.InNamespace(proxy.Namespace), w.selection(proxy)}
	configs := &dataplanev1alpha1.ProxyConfigList{}
	if err := to.Cache.List(ctx, configs, selection...); err != nil || len(configs.Items) > 0 {
		return true
	}
	deployments := &appsv1.DeploymentList{}
	err := to.Cache.List(ctx, deployments, selection...)
	return err != nil || len(deployments.Items) > 0
}

func (w *worker) selection(proxy world.Name) client.MatchingLabels {
	return client.MatchingLabels{LabelHub: w.options.Settings.Hub, dataplanev1alpha1.LabelProxy: proxy.Name}
}

// ours lists what this hub made of a kind for the proxies of that name.
func (w *worker) ours(
	ctx context.Context, to *fleet.Connection, kind schema.GroupVersionKind, proxy world.Name, scope client.InNamespace,
) ([]metav1.PartialObjectMetadata, error) {
	list := &metav1.PartialObjectMetadataList{}
	list.SetGroupVersionKind(kind.GroupVersion().WithKind(kind.Kind + "List"))
	err := to.Client.List(ctx, list, scope, w.selection(proxy))
	if kind.Kind == "Secret" && apierrors.IsForbidden(err) {
		return nil, nil // who may not list them made none
	}
	if err != nil {
		return nil, fmt.Errorf("list %ss: %w", kind.Kind, err)
	}
	var out []metav1.PartialObjectMetadata
	for _, object := range list.Items {
		gateway := world.Name{Namespace: proxy.Namespace, Name: object.Annotations[gather.AnnotationGateway]}
		if object.Namespace == proxy.Namespace || object.Name == accessName(gateway) {
			object.SetGroupVersionKind(kind)
			out = append(out, object)
		}
	}
	return out, nil
}

// revoke takes back grants in namespaces that no route of the Gateway names any more.
func (w *worker) revoke(ctx context.Context, to *fleet.Connection, want deployment) error {
	keep := map[string]bool{want.gateway.Namespace + "/" + want.name: true}
	for _, namespace := range want.elsewhere() {
		keep[namespace+"/"+accessName(want.gateway)] = true
	}
	for _, kind := range []string{"RoleBinding", "Role"} {
		found, err := w.ours(ctx, to, rbacv1.SchemeGroupVersion.WithKind(kind), proxyOf(want.gateway), "")
		if err != nil {
			return err
		}
		for i := range found {
			if keep[found[i].Namespace+"/"+found[i].Name] {
				continue
			}
			if err := deleteOne(ctx, to.Client, &found[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

func deleteOne(ctx context.Context, from client.Client, object *metav1.PartialObjectMetadata) error {
	if object.DeletionTimestamp != nil {
		return nil
	}
	same := object.UID
	err := from.Delete(ctx, object,
		client.Preconditions{UID: &same}, client.PropagationPolicy(metav1.DeletePropagationBackground))
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("delete %s: %w", describe(object), err)
	}
	return nil
}
