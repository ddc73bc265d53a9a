package fleet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	dataplanev1alpha1 "github.com/fleetgate/fleetgate/apis/dataplane/v1alpha1"
	"github.com/fleetgate/fleetgate/controllers/gather"
	"github.com/fleetgate/fleetgate/internal/world"
)

// watched are the kinds of a member that are kept in its cache.
func watched() map[world.Kind]client.Object {
	return map[world.Kind]client.Object{
		world.KindService:      &corev1.Service{},
		gather.KindPod:         &corev1.Pod{},
		gather.KindDeployment:  &appsv1.Deployment{},
		gather.KindProxyConfig: &dataplanev1alpha1.ProxyConfig{},
	}
}

// watching is a handler's registration by kind: it is synced when the handler saw the whole first list.
type watching map[world.Kind]toolscache.ResourceEventHandlerRegistration

func (m *member) watch(ctx context.Context, connection *Connection) (watching, error) {
	out := watching{}
	for kind, object := range watched() {
		informer, err := connection.cache.GetInformer(ctx, object, cache.BlockUntilSynced(false))
		if err != nil {
			return nil, fmt.Errorf("watch %s: %w", kind, err)
		}
		registration, err := informer.AddEventHandler(m.handler(kind))
		if err != nil {
			return nil, fmt.Errorf("watch %s: %w", kind, err)
		}
		out[kind] = registration
	}
	return out, nil
}

func (m *member) handler(kind world.Kind) toolscache.ResourceEventHandler {
	put := func(in any) {
		if object, ok := in.(client.Object); ok {
			m.put(m.key(kind, object), object)
		}
	}
	return toolscache.ResourceEventHandlerFuncs{
		AddFunc:    put,
		UpdateFunc: func(_, in any) { put(in) },
		DeleteFunc: func(in any) {
			if tomb, ok := in.(toolscache.DeletedFinalStateUnknown); ok {
				in = tomb.Obj
			}
			if object, ok := in.(client.Object); ok {
				m.put(m.key(kind, object), nil)
			}
		},
	}
}

func (m *member) key(kind world.Kind, object client.Object) gather.Key {
	return gather.Key{Member: m.name, Kind: kind, Name: world.Name{Namespace: object.GetNamespace(), Name: object.GetName()}}
}

func (m *member) put(key gather.Key, value any) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if value == nil {
		delete(m.held, key)
	} else {
		m.held[key] = true
	}
	m.inbox.Put(key, value)
}

// waitSynced waits until every kind was listed once, at most for the time of the pace.
func (m *member) waitSynced(ctx context.Context, watching watching) error {
	ctx, cancel := context.WithTimeout(ctx, m.pace.Sync)
	defer cancel()
	for kind, registration := range watching {
		for !registration.HasSynced() {
			if apierrors.IsNotFound(m.lastWatchError()) {
				return errors.New("the CRD proxyconfigs.dataplane.gateway.company.com is missing: install the chart fleetgate-crds in the member")
			}
			if sleep(ctx, 20*time.Millisecond) {
				continue
			}
			if err := m.lastWatchError(); err != nil {
				return fmt.Errorf("its objects cannot be listed: %w", err)
			}
			return fmt.Errorf("its %ss were not listed within %s", kind, m.pace.Sync)
		}
	}
	return nil
}

// forgetVanished takes back what an earlier session put in the Inbox and the new cache does not have.
func (m *member) forgetVanished(ctx context.Context, connection *Connection) {
	m.mu.Lock()
	keys := make([]gather.Key, 0, len(m.held))
	for key := range m.held {
		keys = append(keys, key)
	}
	m.mu.Unlock()
	kinds := watched()
	for _, key := range keys {
		object, _ := kinds[key.Kind].DeepCopyObject().(client.Object)
		err := connection.Cache.Get(ctx, client.ObjectKey{Namespace: key.Name.Namespace, Name: key.Name.Name}, object)
		if apierrors.IsNotFound(err) {
			m.put(key, nil)
		}
	}
}

func (m *member) noteWatchError(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.watchError = err
}

func (m *member) lastWatchError() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.watchError
}

func watchErrorHandler(note func(error)) toolscache.WatchErrorHandlerWithContext {
	return func(_ context.Context, _ *toolscache.Reflector, err error) {
		if err == nil || errors.Is(err, io.EOF) || apierrors.IsResourceExpired(err) || apierrors.IsGone(err) {
			return
		}
		note(err)
	}
}
