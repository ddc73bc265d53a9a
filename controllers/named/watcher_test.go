package named_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"go.uber.org/goleak"
	certificatesv1 "k8s.io/api/certificates/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/fleetgate/fleetgate/controllers/named"
	"github.com/fleetgate/fleetgate/internal/world"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// heard is what a Watcher told last, by name; "" for missing.
type heard struct {
	mu   sync.Mutex
	last map[world.Name]string
}

func (h *heard) tell(name world.Name, object *corev1.ConfigMap) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last[name] = ""
	if object != nil {
		h.last[name] = object.Data["ca.crt"]
	}
}

// wait waits until the last word on a name is want.
func (h *heard) wait(t *testing.T, name world.Name, want string) {
	t.Helper()
	for range 3000 {
		h.mu.Lock()
		got, told := h.last[name]
		h.mu.Unlock()
		if told && got == want {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("%s: never told %q, but %v", name, want, h.last)
}

func TestConfigMapsByName(t *testing.T) {
	hub := fake.NewClientBuilder().WithIndex(&corev1.ConfigMap{}, metav1.ObjectNameField, func(o client.Object) []string {
		return []string{o.GetName()}
	}).Build()
	told := &heard{last: map[world.Name]string{}}
	watcher := named.ConfigMaps(hub, logr.Discard(), told.tell)
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = watcher.Start(ctx) })
	defer running.Wait()
	defer cancel()

	name := world.Name{Namespace: "infra", Name: "ca"}
	watcher.Want(map[world.Name]bool{name: true})
	told.wait(t, name, "") // looked for, and missing
	object := &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: name.Namespace, Name: name.Name}, Data: map[string]string{"ca.crt": "one"},
	}
	if err := hub.Create(ctx, object); err != nil {
		t.Fatal(err)
	}
	told.wait(t, name, "one")
	object.Data["ca.crt"] = "two"
	if err := hub.Update(ctx, object); err != nil {
		t.Fatal(err)
	}
	told.wait(t, name, "two")
	if err := hub.Delete(ctx, object); err != nil {
		t.Fatal(err)
	}
	told.wait(t, name, "")
}

func (h *heard) tellBundle(name world.Name, object *certificatesv1.ClusterTrustBundle) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last[name] = ""
	if object != nil {
		h.last[name] = object.Spec.TrustBundle
	}
}

// serving is a hub that serves ClusterTrustBundles in these versions, and an object of the last one of them.
func serving(versions ...string) (client.WithWatch, *unstructured.Unstructured) {
	mapper := meta.NewDefaultRESTMapper(nil)
	builder := fake.NewClientBuilder().WithScheme(runtime.NewScheme()).WithRESTMapper(mapper)
	object := &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{"trustBundle": "pem"}}}
	for _, version := range versions {
		kind := schema.GroupVersionKind{Group: "certificates.k8s.io", Version: version, Kind: "ClusterTrustBundle"}
		mapper.Add(kind, meta.RESTScopeRoot)
		object.SetGroupVersionKind(kind)
		builder = builder.WithIndex(object.DeepCopy(), metav1.ObjectNameField, func(o client.Object) []string { return []string{o.GetName()} })
	}
	object.SetName("roots")
	return builder.Build(), object
}

func TestTrustBundlesOfTheVersionThatIsServed(t *testing.T) {
	cases := []struct {
		name, reason string
		versions     []string
	}{
		{"both", "the newer one is read", []string{"v1beta1", "v1"}},
		{"beta", "older clusters have no other", []string{"v1beta1"}},
		{"neither", "an object does not exist where its kind does not", nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			hub, object := serving(c.versions...)
			told := &heard{last: map[world.Name]string{}}
			watcher := named.TrustBundles(hub, logr.Discard(), told.tellBundle)
			ctx, cancel := context.WithCancel(t.Context())
			var running sync.WaitGroup
			running.Go(func() { _ = watcher.Start(ctx) })
			defer running.Wait()
			defer cancel()
			watcher.Want(map[world.Name]bool{{Name: "roots"}: true})
			told.wait(t, world.Name{Name: "roots"}, "")
			if len(c.versions) == 0 {
				return
			}
			if err := hub.Create(ctx, object); err != nil {
				t.Fatal(err)
			}
			told.wait(t, world.Name{Name: "roots"}, "pem")
			if err := hub.Delete(ctx, object); err != nil {
				t.Fatal(err)
			}
			told.wait(t, world.Name{Name: "roots"}, "")
		})
	}
}
