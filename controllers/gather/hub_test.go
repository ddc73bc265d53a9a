package gather

import (
	"context"
	"reflect"
	"testing"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllertest"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	gatewayv1beta1 "sigs.k8s.io/gateway-api/apis/v1beta1"
	gatewayxv1alpha1 "sigs.k8s.io/gateway-api/apisx/v1alpha1"

	"github.com/fleetgate/fleetgate/internal/world"
)

// bundle is a cache of a cluster that lacks some kinds.
type bundle struct {
	cache.Cache
	lacks     map[reflect.Type]bool
	informers map[reflect.Type]*controllertest.FakeInformer
}

func (b *bundle) GetInformer(_ context.Context, object client.Object, _ ...cache.InformerGetOption) (cache.Informer, error) {
	kind := reflect.TypeOf(object)
	if b.lacks[kind] {
		return nil, &meta.NoKindMatchError{}
	}
	made := controllertest.NewFakeInformer(controllertest.Synced)
	b.informers[kind] = made
	return made, nil
}

// elder is a Hub on a cluster that lacks some kinds.
type elder struct {
	hub    *Hub
	kinds  *bundle
	reader client.Client
	inbox  *Inbox
}

func older(version string, lacks ...client.Object) elder {
	scheme := runtime.NewScheme()
	gvk := schema.GroupVersionKind{Group: "apiextensions.k8s.io", Version: "v1", Kind: "CustomResourceDefinition"}
	scheme.AddKnownTypeWithName(gvk, &metav1.PartialObjectMetadata{})
	crd := &metav1.PartialObjectMetadata{}
	crd.SetGroupVersionKind(gvk)
	crd.Name, crd.Annotations = "gatewayclasses.gateway.networking.k8s.io", map[string]string{bundleVersion: version}
	hub := fake.NewClientBuilder().WithScheme(scheme).WithObjects(crd).Build()
	kinds := &bundle{lacks: map[reflect.Type]bool{}, informers: map[reflect.Type]*controllertest.FakeInformer{}}
	for _, object := range lacks {
		kinds.lacks[reflect.TypeOf(object)] = true
	}
	inbox := NewInbox()
	return elder{NewHub(HubOptions{Cache: kinds, Reader: hub, Inbox: inbox, Log: logr.Discard()}), kinds, hub, inbox}
}

func TestAnOlderBundleIsWatchedAsFarAsItGoes(t *testing.T) {
	old := older("v1.4.1",
		&gatewayv1.ListenerSet{}, &gatewayv1.TLSRoute{}, &gatewayv1.TCPRoute{}, &gatewayv1.UDPRoute{}, &gatewayv1.ReferenceGrant{},
		&gatewayxv1alpha1.XBackendTrafficPolicy{}) // experimental: not told of as absent
	hub, kinds, reader, inbox := old.hub, old.kinds, old.reader, old.inbox
	if err := hub.Watch(t.Context()); err != nil {
		t.Fatal(err)
	}
	key := Key{Kind: world.KindGatewayAPI}
	want := Installed{Version: "v1.4.1", Absent: []world.Kind{world.KindListenerSet, world.KindTCPRoute, world.KindTLSRoute, world.KindUDPRoute}}
	if got := inbox.Take()[key]; !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	kinds.informers[reflect.TypeFor[*gatewayv1beta1.ReferenceGrant]()].Add(
		&gatewayv1beta1.ReferenceGrant{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "grant"}})
	grant, ok := inbox.Take()[Key{Kind: world.KindReferenceGrant, Name: world.Name{Namespace: "ns", Name: "grant"}}].(*gatewayv1.ReferenceGrant)
	if !ok || grant.Name != "grant" {
		t.Errorf("a ReferenceGrant of the older version became %+v", grant)
	}

	hub.recheck(t.Context())
	if taken := inbox.Take(); len(taken) > 0 {
		t.Errorf("nothing was installed, and yet %v", taken)
	}
	delete(kinds.lacks, reflect.TypeFor[*gatewayv1.ListenerSet]())
	crd := &metav1.PartialObjectMetadata{}
	crd.SetGroupVersionKind(schema.GroupVersionKind{Group: "apiextensions.k8s.io", Version: "v1", Kind: "CustomResourceDefinition"})
	if err := reader.Get(t.Context(), client.ObjectKey{Name: "gatewayclasses.gateway.networking.k8s.io"}, crd); err != nil {
		t.Fatal(err)
	}
	crd.Annotations[bundleVersion], crd.Annotations[bundleChannel] = "v1.7.0", "experimental"
	if err := reader.Update(t.Context(), crd); err != nil {
		t.Fatal(err)
	}
	hub.recheck(t.Context())
	want = Installed{Version: "v1.7.0", Experimental: true, Absent: []world.Kind{world.KindTCPRoute, world.KindTLSRoute, world.KindUDPRoute}}
	if got := inbox.Take()[key]; !reflect.DeepEqual(got, want) {
		t.Errorf("after an installation: got %+v, want %+v", got, want)
	}
	w, _ := NewAssembler(world.World{}).Apply(map[Key]any{key: want})
	if w.GatewayAPI != want.Version || !w.Experimental || !reflect.DeepEqual(w.Absent, want.Absent) {
		t.Errorf("the World has %s and %v", w.GatewayAPI, w.Absent)
	}
}

func TestAHubWithoutGatewaysIsRefused(t *testing.T) {
	if err := older("", &gatewayv1.Gateway{}).hub.Watch(t.Context()); err == nil {
		t.Error("the hub is watched without the kind Gateway")
	}
}
