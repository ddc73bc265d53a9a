package gather

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/go-logr/logr"
	certificatesv1 "k8s.io/api/certificates/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	gatewayv1beta1 "sigs.k8s.io/gateway-api/apis/v1beta1"
	gatewayxv1alpha1 "sigs.k8s.io/gateway-api/apisx/v1alpha1"

	awsv1alpha1 "github.com/fleetgate/fleetgate/apis/aws/v1alpha1"
	gatewayv1alpha1 "github.com/fleetgate/fleetgate/apis/gateway/v1alpha1"
	"github.com/fleetgate/fleetgate/internal/world"
)

// hubKinds are the kinds of the hub that are watched whole, each in the versions that are read, the best first.
// Secrets are not among them.
func hubKinds() map[world.Kind][]client.Object {
	return map[world.Kind][]client.Object{
		world.KindGatewayClass:     {&gatewayv1.GatewayClass{}},
		world.KindALBConfig:        {&awsv1alpha1.ALBConfig{}},
		world.KindServiceConfig:    {&gatewayv1alpha1.ServiceConfig{}},
		world.KindGateway:          {&gatewayv1.Gateway{}},
		world.KindListenerSet:      {&gatewayv1.ListenerSet{}},
		world.KindHTTPRoute:        {&gatewayv1.HTTPRoute{}},
		world.KindGRPCRoute:        {&gatewayv1.GRPCRoute{}},
		world.KindTLSRoute:         {&gatewayv1.TLSRoute{}},
		world.KindTCPRoute:         {&gatewayv1.TCPRoute{}},
		world.KindUDPRoute:         {&gatewayv1.UDPRoute{}},
		world.KindBackendTLSPolicy: {&gatewayv1.BackendTLSPolicy{}},
		world.KindTrafficPolicy:    {&gatewayxv1alpha1.XBackendTrafficPolicy{}},
		world.KindReferenceGrant:   {&gatewayv1.ReferenceGrant{}, &gatewayv1beta1.ReferenceGrant{}},
		world.KindNamespace:        {&corev1.Namespace{}},
	}
}

// optional are the kinds that older bundles of Gateway API lack, at least in the version that we read.
var optional = map[world.Kind]bool{
	world.KindListenerSet: true, world.KindGRPCRoute: true, world.KindTLSRoute: true, world.KindTCPRoute: true,
	world.KindUDPRoute: true, world.KindBackendTLSPolicy: true, world.KindTrafficPolicy: true,
}

// experimental are the optional kinds that no standard bundle has: nobody misses them.
var experimental = map[world.Kind]bool{world.KindTrafficPolicy: true}

// HubOptions of a Hub.
type HubOptions struct {
	// Cache of the hub. Reader reads past it.
	Cache  cache.Cache
	Reader client.Reader
	Inbox  *Inbox
	// Recheck is how often kinds that were not installed are looked for again.
	Recheck time.Duration
	Log     logr.Logger
}

// Hub feeds an Inbox from the hub's cache.
type Hub struct {
	options HubOptions

	mu sync.Mutex
	// absent are the kinds that are not installed; installed is what the Inbox was told last.
	absent    map[world.Kind]bool
	installed *Installed
}

// NewHub gives a Hub that feeds after Watch.
func NewHub(options HubOptions) *Hub {
	return &Hub{options: options, absent: map[world.Kind]bool{}}
}

// Watch registers for all kinds and waits until the Inbox got all that there is. The handlers stay until
// the cache stops.
func (h *Hub) Watch(ctx context.Context) error {
	h.mu.Lock()
	var registered []toolscache.InformerSynced
	for kind := range hubKinds() {
		synced, err := h.register(ctx, kind)
		if err != nil {
			h.mu.Unlock()
			return err
		}
		if synced == nil {
			h.options.Log.Info("a kind of Gateway API is not installed here and is not watched", "kind", kind)
			h.absent[kind] = true
			continue
		}
		registered = append(registered, synced)
	}
	h.tell(ctx)
	h.mu.Unlock()
	if !toolscache.WaitForCacheSync(ctx.Done(), registered...) {
		return fmt.Errorf("wait for the hub's objects: %w", context.Cause(ctx))
	}
	return nil
}

// Start looks for newly installed kinds, and for another version of the installed ones, until ctx ends. A kind
// that is taken away while the operator runs is not noticed.
func (h *Hub) Start(ctx context.Context) error {
	ticker := time.NewTicker(h.options.Recheck)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			h.recheck(ctx)
		}
	}
}

func (h *Hub) recheck(ctx context.Context) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.installed == nil {
		return // Watch has not come so far
	}
	for kind := range h.absent {
		synced, err := h.register(ctx, kind)
		if err != nil {
			h.options.Log.Info("a kind that may be installed by now cannot be watched; trying again", "kind", kind, "reason", err.Error())
			continue
		}
		if synced != nil {
			h.options.Log.Info("a kind of Gateway API was installed and is watched", "kind", kind)
			delete(h.absent, kind)
		}
	}
	h.tell(ctx)
}

// register begins to watch a kind in the best version that there is; nil if there is none and the kind is optional.
func (h *Hub) register(ctx context.Context, kind world.Kind) (toolscache.InformerSynced, error) {
	var err error
	for _, object := range hubKinds()[kind] {
		var informer cache.Informer
		informer, err = h.options.Cache.GetInformer(ctx, object, cache.BlockUntilSynced(false))
		if meta.IsNoMatchError(err) {
			continue
		}
		if err != nil {
			break
		}
		var handler toolscache.ResourceEventHandlerRegistration
		if handler, err = informer.AddEventHandler(h.handler(kind)); err != nil {
			break
		}
		return handler.HasSynced, nil
	}
	if meta.IsNoMatchError(err) && optional[kind] {
		return nil, nil //nolint:nilnil // not installed is an answer
	}
	return nil, fmt.Errorf("watch %s on the hub: %w", kind, err)
}

// tell puts what is installed into the Inbox, if it is not what was told last.
func (h *Hub) tell(ctx context.Context) {
	now := h.bundle(ctx)
	for kind := range h.absent {
		if !experimental[kind] {
			now.Absent = append(now.Absent, kind)
		}
	}
	slices.Sort(now.Absent)
	if h.installed != nil && h.installed.Version == now.Version && h.installed.Experimental == now.Experimental && slices.Equal(h.installed.Absent, now.Absent) {
		return
	}
	h.installed = &now
	h.options.Inbox.Put(Key{Kind: world.KindGatewayAPI}, now)
}

// Annotations of Gateway API's CRDs, and the channel whose experimental fields count.
const (
	bundleVersion       = "gateway.networking.k8s.io/bundle-version"
	bundleChannel       = "gateway.networking.k8s.io/channel"
	experimentalChannel = "experimental"
)

// bundle is version and channel of the installed CRDs; nothing if they cannot be told at first, and as before if they cannot be
// told any more.
func (h *Hub) bundle(ctx context.Context) Installed {
	crd := &metav1.PartialObjectMetadata{}
	crd.SetGroupVersionKind(schema.GroupVersionKind{Group: "apiextensions.k8s.io", Version: "v1", Kind: "CustomResourceDefinition"})
	err := h.options.Reader.Get(ctx, client.ObjectKey{Name: "gatewayclasses.gateway.networking.k8s.io"}, crd)
	switch {
	case err == nil:
		return Installed{Version: crd.Annotations[bundleVersion], Experimental: crd.Annotations[bundleChannel] == experimentalChannel}
	case h.installed != nil:
		return Installed{Version: h.installed.Version, Experimental: h.installed.Experimental}
	}
	h.options.Log.Info("the version of Gateway API's CRDs is not known", "reason", err.Error())
	return Installed{}
}

func (h *Hub) handler(kind world.Kind) toolscache.ResourceEventHandler {
	put := func(in any) {
		if object, ok := in.(client.Object); ok {
			h.options.Inbox.Put(hubKey(kind, object), newest(object))
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
				h.options.Inbox.Put(hubKey(kind, object), nil)
			}
		},
	}
}

// newest is an object in the version that a World has. The fields are those of the older one.
func newest(object client.Object) client.Object {
	if grant, ok := object.(*gatewayv1beta1.ReferenceGrant); ok {
		return (*gatewayv1.ReferenceGrant)(grant)
	}
	return object
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
	putFound(b, world.KindConfigMap, name, found)
}

// PutTrustBundle tells of a ClusterTrustBundle that was looked for; nil says that there is none, or none that may be read.
func (b *Inbox) PutTrustBundle(name world.Name, found *certificatesv1.ClusterTrustBundle) {
	putFound(b, world.KindTrustBundle, name, found)
}

// PutSecret tells of a Secret that was looked for; nil says that there is none, or none that may be read.
func (b *Inbox) PutSecret(name world.Name, found *corev1.Secret) {
	putFound(b, world.KindSecret, name, found)
}

// putFound tells of what was looked for by name: that it is missing differs from not having looked.
func putFound[T any](b *Inbox, kind world.Kind, name world.Name, found *T) {
	key := Key{Kind: kind, Name: name}
	if found == nil {
		b.Put(key, Missing{})
		return
	}
	b.Put(key, found)
}
