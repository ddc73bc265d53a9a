package proxies

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/fleetgate/fleetgate/controllers/fleet"
	"github.com/fleetgate/fleetgate/internal/world"
)

func memberWith(funcs interceptor.Funcs, objects ...client.Object) *fleet.Connection {
	return &fleet.Connection{Client: fake.NewClientBuilder().WithObjects(objects...).WithInterceptorFuncs(funcs).Build()}
}

func workerOf(t *testing.T) *worker {
	t.Helper()
	w := newWorker("m", Options{Settings: Settings{Hub: "h"}, Log: logr.Discard()}, nil)
	t.Cleanup(w.queue.ShutDown)
	return w
}

func certificateNamed(name string) deployment {
	made := deploymentOf(meantGateway(nil), nil, Settings{Hub: "h"})
	made.secrets = []secretCopy{{name: name, source: world.Name{Namespace: "certs", Name: "wild"}, data: map[string][]byte{
		"tls.crt": []byte("chain"), "tls.key": []byte("key"),
	}}}
	return made
}

func secretsIn(t *testing.T, in *fleet.Connection) string {
	t.Helper()
	list := &corev1.SecretList{}
	if err := in.Client.List(t.Context(), list); err != nil {
		t.Fatal(err)
	}
	out := ""
	for _, secret := range list.Items {
		out += secret.Namespace + "/" + secret.Name + " "
	}
	return out
}

func TestACopyStaysUntilNobodyCanNeedIt(t *testing.T) {
	foreign := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "foreign"}}
	in, w := memberWith(interceptor.Funcs{}, foreign), workerOf(t)
	have, err := w.applySecrets(t.Context(), in, certificateNamed("old"), applied{})
	if err != nil {
		t.Fatal(err)
	}
	want := certificateNamed("new")
	if have, err = w.applySecrets(t.Context(), in, want, have); err != nil {
		t.Fatal(err)
	}
	if have, err = w.pruneSecrets(t.Context(), in, want, have); err != nil || have.prune.IsZero() {
		t.Fatalf("too early to prune: %+v, %v", have, err)
	}
	if got := secretsIn(t, in); got != "shop/foreign shop/new shop/old " {
		t.Errorf("got %s", got)
	}
	have.prune = time.Now().Add(-time.Second)
	if have, err = w.pruneSecrets(t.Context(), in, want, have); err != nil || !have.prune.IsZero() {
		t.Fatalf("it was time: %+v, %v", have, err)
	}
	if got := secretsIn(t, in); got != "shop/foreign shop/new " {
		t.Errorf("got %s", got)
	}
}

func TestWithoutTheRightToCopyTheRestGoesOn(t *testing.T) {
	forbidden := apierrors.NewForbidden(schema.GroupResource{Resource: "secrets"}, "", errors.New("no"))
	in, w := memberWith(interceptor.Funcs{
		Apply: func(context.Context, client.WithWatch, runtime.ApplyConfiguration, ...client.ApplyOption) error {
			return forbidden
		},
		List: func(context.Context, client.WithWatch, client.ObjectList, ...client.ListOption) error {
			return forbidden
		},
	}), workerOf(t)
	have, err := w.applySecrets(t.Context(), in, certificateNamed("new"), applied{})
	if !errors.Is(err, errNoSecrets) || have.secrets != nil {
		t.Errorf("got %+v, %v", have, err)
	}
	if text := problem(err); text != errNoSecrets.Error() {
		t.Errorf("users read %q", text)
	}
	have.prune = time.Now().Add(-time.Second)
	if _, err = w.pruneSecrets(t.Context(), in, deployment{gateway: gw}, have); err != nil {
		t.Errorf("who may not list Secrets made none: %v", err)
	}
}
