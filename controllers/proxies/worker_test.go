package proxies

import (
	"context"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	dataplanev1alpha1 "github.com/fleetgate/fleetgate/apis/dataplane/v1alpha1"
	"github.com/fleetgate/fleetgate/controllers/fleet"
	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/world"
)

// TestANamespaceThatWasTakenAwayIsMadeAgain holds that what was in it is written again too, without waiting for a resync.
func TestANamespaceThatWasTakenAwayIsMadeAgain(t *testing.T) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, dataplanev1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	missing := apierrors.NewNotFound(schema.GroupResource{Resource: "namespaces"}, "shop")
	in := fake.NewClientBuilder().WithScheme(scheme).WithInterceptorFuncs(interceptor.Funcs{
		Apply: func(ctx context.Context, to client.WithWatch, object runtime.ApplyConfiguration, o ...client.ApplyOption) error {
			if err := to.Get(ctx, client.ObjectKey{Name: "shop"}, &corev1.Namespace{}); err != nil {
				return missing
			}
			return to.Apply(ctx, object, o...)
		},
	}).Build()
	to, w := &fleet.Connection{Client: in, Cache: in}, workerOf(t)
	deploy := func(gateway *ir.Gateway) error {
		return w.deploy(t.Context(), to, view{world: &world.World{}, ir: ir.IR{Gateways: []*ir.Gateway{gateway}}}, gateway)
	}
	if err := deploy(meantGateway(nil)); err != nil {
		t.Fatal(err)
	}
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: proxyOf(gw).Name}}
	for _, object := range []client.Object{&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "shop"}}, account} {
		if err := in.Delete(t.Context(), object); err != nil {
			t.Fatal(err)
		}
	}
	changed := meantGateway(func(g *ir.Gateway) { g.Generation++ })
	if err := deploy(changed); !apierrors.IsNotFound(err) {
		t.Fatalf("nothing can be written: %v", err)
	}
	if err := deploy(changed); err != nil {
		t.Fatal(err)
	}
	if err := in.Get(t.Context(), client.ObjectKeyFromObject(account), account); err != nil {
		t.Errorf("what was in the namespace is missing: %v", err)
	}
}
