package fleet

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync/atomic"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/fleetgate/fleetgate/providers"
)

// Services reads and writes the Services of all members, past their caches: it is what a provider of fronts that
// are Services works on. The zero value has no members until Bind, since providers are made before the fleet.
type Services struct {
	fleet atomic.Pointer[Fleet]
}

// fieldOwner is who we are in server-side apply.
const fieldOwner = client.FieldOwner("fleetgate")

// Bind says whose members these are.
func (s *Services) Bind(f *Fleet) { s.fleet.Store(f) }

// Names of all members, in no order.
func (s *Services) Names() []string {
	if f := s.fleet.Load(); f != nil {
		return f.Names()
	}
	return nil
}

// client of a member; a providers.PendingError if it cannot be asked now.
func (s *Services) client(member string) (client.Client, error) {
	if f := s.fleet.Load(); f != nil {
		if connection, reachable := f.Connection(member); reachable {
			return connection.Client, nil
		}
	}
	return nil, providers.Pending("member "+member+" to be reachable", nil)
}

// Services of a namespace of a member that have all these labels.
func (s *Services) Services(ctx context.Context, member, namespace string, labels map[string]string) ([]corev1.Service, error) {
	api, err := s.client(member)
	if err != nil {
		return nil, err
	}
	list := &corev1.ServiceList{}
	if err := api.List(ctx, list, client.InNamespace(namespace), client.MatchingLabels(labels)); err != nil {
		return nil, fmt.Errorf("list Services: %w", err)
	}
	return list.Items, nil
}

// ApplyService makes the fields that are set in service what they are, and removes ports that it does not have. A
// UID that is set must be that of the Service. Unless take is set, a field that is somebody else's is a conflict.
func (s *Services) ApplyService(ctx context.Context, member string, service *corev1.Service, take bool) (*corev1.Service, error) {
	api, err := s.client(member)
	if err != nil {
		return nil, err
	}
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(service)
	if err != nil {
		return nil, fmt.Errorf("convert a Service: %w", err)
	}
	delete(fields, "status")
	unstructured.RemoveNestedField(fields, "metadata", "creationTimestamp")
	sent := &unstructured.Unstructured{Object: fields}
	options := []client.ApplyOption{fieldOwner}
	if take {
		options = append(options, client.ForceOwnership)
	}
	if err := api.Apply(ctx, client.ApplyConfigurationFromUnstructured(sent), options...); err != nil {
		return nil, fmt.Errorf("apply a Service: %w", err)
	}
	got := &corev1.Service{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(sent.Object, got); err != nil {
		return nil, fmt.Errorf("read what was applied: %w", err)
	}
	return got, dropPorts(ctx, api, got, service.Spec.Ports)
}

// dropPorts removes the ports of a Service that are not wanted: apply leaves those alone that others added.
func dropPorts(ctx context.Context, api client.Client, got *corev1.Service, want []corev1.ServicePort) error {
	kept := slices.DeleteFunc(slices.Clone(got.Spec.Ports), func(port corev1.ServicePort) bool {
		return !slices.ContainsFunc(want, func(w corev1.ServicePort) bool {
			return w.Port == port.Port && w.Protocol == port.Protocol
		})
	})
	if len(kept) == len(got.Spec.Ports) {
		return nil
	}
	patch, err := json.Marshal(map[string]any{
		"metadata": map[string]any{"resourceVersion": got.ResourceVersion},
		"spec":     map[string]any{"ports": kept},
	})
	if err != nil {
		return fmt.Errorf("encode ports: %w", err)
	}
	if err := api.Patch(ctx, got, client.RawPatch(types.MergePatchType, patch), fieldOwner); err != nil {
		return fmt.Errorf("remove ports of a Service: %w", err)
	}
	return nil
}

// DeleteService deletes the Service of that name, if it has that UID.
func (s *Services) DeleteService(ctx context.Context, member, namespace, name, uid string) error {
	api, err := s.client(member)
	if err != nil {
		return err
	}
	same := types.UID(uid)
	gone := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	if err := api.Delete(ctx, gone, client.Preconditions{UID: &same}); err != nil {
		return fmt.Errorf("delete a Service: %w", err)
	}
	return nil
}
