package front

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	dataplanev1alpha1 "github.com/fleetgate/fleetgate/apis/dataplane/v1alpha1"
	"github.com/fleetgate/fleetgate/controllers/gather"
	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/world"
	"github.com/fleetgate/fleetgate/providers/memory"
)

// TestAFinalizerThatSomebodyTookOffIsPutBackAtOnce replaces a Gateway by a manifest without our finalizer: were it deleted now, its
// front would stay.
func TestAFinalizerThatSomebodyTookOffIsPutBackAtOnce(t *testing.T) {
	w := mover(t, regions{"eu": memory.NewCloud(memory.Options{})})
	want := frontIn("eu")
	set := func(gateway *gatewayv1.Gateway) {
		w.Set(&world.World{Hub: "hub", Gateways: map[world.Name]*gatewayv1.Gateway{name: gateway}}, ir.IR{Gateways: []*ir.Gateway{{
			Namespace: "ns", Name: "gw", Controller: "ours", Accepted: true, Front: want.front,
		}}}, map[gather.Key]any{{Kind: world.KindGateway, Name: name}: gateway})
		w.workOff(t)
	}
	set(gatewayOf(t, w))
	replaced := gatewayOf(t, w)
	set(replaced)
	replaced.Finalizers, replaced.Annotations = nil, nil
	if err := w.options.Client.Update(t.Context(), replaced); err != nil {
		t.Fatal(err)
	}
	set(replaced)
	if len(gatewayOf(t, w).Finalizers) == 0 {
		t.Error("the finalizer is not there")
	}
}

func TestAFrontIsLookedAtWhenItsServiceChanges(t *testing.T) {
	ours := &corev1.Service{ObjectMeta: metav1.ObjectMeta{
		Labels:      map[string]string{dataplanev1alpha1.LabelGatewayUID: "u"},
		Annotations: map[string]string{dataplanev1alpha1.AnnotationGateway: "gw"},
	}}
	other := ours.DeepCopy()
	other.Annotations[dataplanev1alpha1.AnnotationGateway] = "other"
	for _, c := range []struct {
		name, reason string
		kind         world.Kind
		values       []any
		want         bool
	}{
		{"it came", "it may have an address", world.KindService, []any{ours}, true},
		{"it went", "it has to come back", world.KindService, []any{ours, nil}, true},
		{"somebody else's went", "nobody knows it", world.KindService, []any{nil}, false},
		{"a backend", "it is no front's", world.KindService, []any{&corev1.Service{}}, false},
		{"of a Gateway without a front", "there is nothing to look at", world.KindService, []any{other}, false},
		{"another kind", "the World tells of it", world.KindGateway, []any{ours}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := New(Options{})
			t.Cleanup(w.queue().ShutDown)
			name := world.Name{Namespace: "shop", Name: "gw"}
			w.wishes[name] = wish{action: reconcile}
			for _, value := range c.values {
				*w.state(name) = state{tries: 3}
				w.react(gather.Key{Member: "m", Kind: c.kind, Name: world.Name{Namespace: "shop", Name: "gw-front"}}, value)
			}
			if got := w.state(name).again; got != c.want || got != (w.queue().Len() == 1) {
				t.Errorf("%s: looked at again %v, %d in the queue", c.reason, got, w.queue().Len())
			}
		})
	}
}
