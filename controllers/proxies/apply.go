package proxies

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/fleetgate/fleetgate/controllers/fleet"
	"github.com/fleetgate/fleetgate/internal/world"
)

// fieldOwner is who we are in server-side apply.
const fieldOwner = client.FieldOwner("fleetgate")

// LabelMadeNamespace is on namespaces that we made; its value is the hub's id.
const LabelMadeNamespace = "gateway.company.com/made-by"

// missingRetry is when a namespace that a member lacks is looked for again.
const missingRetry = 10 * time.Second

func apply(ctx context.Context, to client.Client, object client.Object) (*unstructured.Unstructured, error) {
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		return nil, fmt.Errorf("convert %s: %w", describe(object), err)
	}
	delete(fields, "status")
	out := &unstructured.Unstructured{Object: fields}
	unstructured.RemoveNestedField(fields, "metadata", "creationTimestamp")
	unstructured.RemoveNestedField(fields, "spec", "template", "metadata", "creationTimestamp")
	err = to.Apply(ctx, client.ApplyConfigurationFromUnstructured(out), fieldOwner, client.ForceOwnership)
	if err != nil {
		return nil, fmt.Errorf("apply %s: %w", describe(object), err)
	}
	return out, nil
}

func describe(object client.Object) string {
	return object.GetObjectKind().GroupVersionKind().Kind + " " + object.GetNamespace() + "/" + object.GetName()
}

// ensureNamespace makes the Gateway's namespace where a member lacks it, marked as ours.
func (w *worker) ensureNamespace(ctx context.Context, to *fleet.Connection, name string) error {
	if w.namespaces[name] == to {
		return nil
	}
	found := &corev1.Namespace{}
	err := to.Client.Get(ctx, client.ObjectKey{Name: name}, found)
	if apierrors.IsNotFound(err) {
		found = &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
			Name: name, Labels: map[string]string{LabelMadeNamespace: w.options.Settings.Hub, labelManagedBy: managedBy},
		}}
		err = to.Client.Create(ctx, found)
	}
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("make namespace %s: %w", name, err)
	}
	if found.DeletionTimestamp != nil {
		return fmt.Errorf("namespace %s is being deleted: %w", name, errWaiting)
	}
	w.namespaces[name] = to
	return nil
}

// applyAround writes what differs from what was written last, but for the Deployment.
func (w *worker) applyAround(ctx context.Context, to *fleet.Connection, want deployment, have applied) (applied, error) {
	before := have.around
	have.around = maps.Clone(before)
	if have.around == nil {
		have.around, have.revoke = map[string]string{}, true
	}
	complete := true
	wanted := map[string]bool{}
	for _, object := range want.around() {
		name := describe(object)
		wanted[name] = true
		hash, err := hashOf(object)
		if err != nil {
			return have, err
		}
		if before[name] == hash {
			continue
		}
		delete(have.around, name) // until it is written
		_, err = apply(ctx, to.Client, object)
		if apierrors.IsNotFound(err) && object.GetNamespace() != want.gateway.Namespace {
			complete = false // the member lacks a backend's namespace: there is nothing to read there
			continue
		}
		if err != nil {
			delete(w.namespaces, want.gateway.Namespace)
			return have, err
		}
		have.around[name] = hash
	}
	for name := range before {
		if !wanted[name] {
			delete(have.around, name)
			have.revoke = true
		}
	}
	if have.missing = (time.Time{}); !complete {
		have.missing = time.Now().Add(missingRetry)
		w.queue.AddAfter(proxyOf(want.gateway), missingRetry)
	}
	return have, nil
}

// changedByOthers says whether the Deployment of proxies is not as we wrote it.
func changedByOthers(ctx context.Context, to *fleet.Connection, proxy world.Name, have applied) bool {
	seen := &appsv1.Deployment{}
	err := to.Cache.Get(ctx, client.ObjectKey(proxy), seen)
	return err != nil || seen.Generation > have.generation
}

// applyPods writes the Deployment, when it differs from what was written last or somebody changed it.
func (w *worker) applyPods(ctx context.Context, to *fleet.Connection, want deployment, have applied) (applied, error) {
	object := want.pods()
	hash, err := hashOf(object)
	if err != nil {
		return have, err
	}
	seen := &appsv1.Deployment{}
	err = to.Cache.Get(ctx, client.ObjectKeyFromObject(object), seen)
	if err == nil && hash == have.pods && seen.Generation <= have.generation {
		return have, nil
	}
	if err != nil && !apierrors.IsNotFound(err) {
		return have, fmt.Errorf("look for the proxies: %w", err)
	}
	written, err := apply(ctx, to.Client, object)
	if err != nil {
		return have, err
	}
	have.pods, have.generation = hash, written.GetGeneration()
	return have, nil
}

func hashOf(objects ...client.Object) (string, error) {
	plain, err := json.Marshal(objects)
	if err != nil {
		return "", fmt.Errorf("encode objects: %w", err)
	}
	sum := sha256.Sum256(plain)
	return hex.EncodeToString(sum[:]), nil
}
