package gather

import (
	"context"
	"fmt"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	awsv1alpha1 "github.com/fleetgate/fleetgate/apis/aws/v1alpha1"
	gatewayv1alpha1 "github.com/fleetgate/fleetgate/apis/gateway/v1alpha1"
	"github.com/fleetgate/fleetgate/internal/world"
)

// HubKinds are the kinds of the hub that are watched whole. Secrets are not among them.
func HubKinds() map[world.Kind]client.Object {
	return map[world.Kind]client.Object{
		world.KindGatewayClass:     &gatewayv1.GatewayClass{},
		world.KindALBConfig:        &awsv1alpha1.ALBConfig{},
		world.KindServiceConfig:    &gatewayv1alpha1.ServiceConfig{},
		world.KindGateway:          &gatewayv1.Gateway{},
		world.KindListenerSet:      &gatewayv1.ListenerSet{},
		world.KindHTTPRoute:        &gatewayv1.HTTPRoute{},
		world.KindGRPCRoute:        &gatewayv1.GRPCRoute{},
		world.KindTLSRoute:         &gatewayv1.TLSRoute{},
		world.KindTCPRoute:         &gatewayv1.TCPRoute{},
		world.KindUDPRoute:         &gatewayv1.UDPRoute{},
		world.KindBackendTLSPolicy: &gatewayv1.BackendTLSPolicy{},
		world.KindReferenceGrant:   &gatewayv1.ReferenceGrant{},
		world.KindNamespace:        &corev1.Namespace{},
	}
}

// optional are the kinds that older bundles of Gateway API lack, at least in the version that we read.
var optional = map[world.Kind]bool{
	world.KindListenerSet: true, world.KindGRPCRoute: true, world.KindTLSRoute: true, world.KindTCPRoute: true,
	world.KindUDPRoute: true, world.KindBackendTLSPolicy: true,
}

// Hub feeds an Inbox from the hub's cache.
type Hub struct {
	Cache cache.Cache
	Inbox *Inbox
	Log   logr.Logger
}

// Watch registers for all kinds and waits until the Inbox got all that there is. The handlers stay until
// the cache stops.
func (h Hub) Watch(ctx context.Context) error {
	var registered []toolscache.InformerSynced
	for kind, object := range HubKinds() {
		informer, err := h.Cache.GetInformer(ctx, object)
		if meta.IsNoMatchError(err) && optional[kind] {
			h.Log.Info("a kind of Gateway API is not installed here and is not watched", "kind", kind)
			continue
		}
		if err != nil {
			return fmt.Errorf("watch %s on the hub: %w", kind, err)
		}
		handler, err := informer.AddEventHandler(h.handler(kind))
		if err != nil {
			return fmt.Errorf("watch %s on the hub: %w", kind, err)
		}
		registered = append(registered, handler.HasSynced)
	}
	if !toolscache.WaitForCacheSync(ctx.Done(), registered...) {
		return fmt.Errorf("wait for the hub's objects: %w", context.Cause(ctx))
	}
	return nil
}

func (h Hub) handler(kind world.Kind) toolscache.ResourceEventHandler {
	put := func(in any) {
		if object, ok := in.(client.Object); ok {
			h.Inbox.Put(hubKey(kind, object), object)
		}
	}
	return toolscache.ResourceEventHandlerFuncs{
		AddFunc: put,
		UpdateFunc: func(before, in any) {
			if !unchanged(before, in) {
				put(in)
			}
		},
		DeleteFunc: func(in any) {
			if tomb, ok := in.(toolscache.DeletedFinalStateUnknown); ok {
				in = tomb.Obj
			}
			if object, ok := in.(client.Object); ok {
				h.Inbox.Put(hubKey(kind, object), nil)
			}
		},
	}
}

// unchanged tells of a periodic resync, which brings nothing new.
func unchanged(before, after any) bool {
	old, isOld := before.(client.Object)
	now, isNow := after.(client.Object)
	return isOld && isNow && old.GetUID() == now.GetUID() && old.GetResourceVersion() == now.GetResourceVersion()
}

func hubKey(kind world.Kind, object client.Object) Key {
	return Key{Kind: kind, Name: world.Name{Namespace: object.GetNamespace(), Name: object.GetName()}}
}

// PutConfigMap tells of a ConfigMap that was looked for; nil says that there is none, or none that may be read.
func (b *Inbox) PutConfigMap(name world.Name, found *corev1.ConfigMap) {
	key := Key{Kind: world.KindConfigMap, Name: name}
	if found == nil {
		b.Put(key, Missing{})
		return
	}
	b.Put(key, found)
}

// PutSecret tells of a Secret that was looked for; nil says that there is none, or none that may be read.
func (b *Inbox) PutSecret(name world.Name, secret *corev1.Secret) {
	key := Key{Kind: world.KindSecret, Name: name}
	if secret == nil {
		b.Put(key, Missing{})
		return
	}
	b.Put(key, secret)
}
