package report

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/internal/status"
	"github.com/fleetgate/fleetgate/internal/world"
)

var class = world.Key{Kind: world.KindGatewayClass, Name: world.Name{Name: "c"}}

func refused() status.Patch {
	return status.Patch{Key: class, Conditions: []metav1.Condition{{
		Type: "Accepted", Status: metav1.ConditionFalse, Reason: "InvalidParameters", Message: "spec.scheme is wrong",
	}}}
}

// begin runs a Writer on a fake hub whose status writes go through spy first.
func begin(t *testing.T, spy func(n int) error) (*Writer, client.Client, *events.FakeRecorder) {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := gatewayv1.Install(scheme); err != nil {
		t.Fatal(err)
	}
	writes := 0
	object := &gatewayv1.GatewayClass{ObjectMeta: metav1.ObjectMeta{Name: "c"}}
	object.Status.Conditions = []metav1.Condition{{Type: "example.com/Theirs", Status: "True", Reason: "R"}}
	hub := fake.NewClientBuilder().WithScheme(scheme).WithObjects(object).WithStatusSubresource(object).
		WithInterceptorFuncs(interceptor.Funcs{SubResourcePatch: func(
			ctx context.Context, c client.Client, sub string, o client.Object, p client.Patch, opts ...client.SubResourcePatchOption,
		) error {
			writes++
			if err := spy(writes); err != nil {
				return err
			}
			return c.SubResource(sub).Patch(ctx, o, p, opts...)
		}}).Build()
	recorder := events.NewFakeRecorder(10)
	w := New(Options{Client: hub, Reader: hub, Events: recorder, Parallel: 2, Log: logr.Discard()})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { _ = w.Start(ctx); close(done) }()
	t.Cleanup(func() { cancel(); <-done })
	return w, hub, recorder
}

func current(t *testing.T, hub client.Client) *gatewayv1.GatewayClass {
	t.Helper()
	out := &gatewayv1.GatewayClass{}
	if err := hub.Get(context.Background(), client.ObjectKey{Name: "c"}, out); err != nil {
		t.Fatal(err)
	}
	return out
}

func settle(w *Writer) bool {
	for range 500 {
		w.mu.Lock()
		left := len(w.wanted)
		w.mu.Unlock()
		if left == 0 {
			return true
		}
		time.Sleep(10 * time.Millisecond)
	}
	return false
}

func TestAStatusIsWrittenOnceAndTheirsStays(t *testing.T) {
	writes := 0
	w, hub, recorder := begin(t, func(n int) error { writes = n; return nil })
	for range 3 {
		w.Set(&world.World{Classes: map[string]*gatewayv1.GatewayClass{"c": current(t, hub)}}, []status.Patch{refused()})
		if !settle(w) {
			t.Fatal("the status is not written")
		}
	}
	if got := current(t, hub).Status.Conditions; len(got) != 2 || got[0].Type != "example.com/Theirs" || writes != 1 {
		t.Errorf("%d writes gave %+v", writes, got)
	}
	if event := <-recorder.Events; event != "Warning InvalidParameters spec.scheme is wrong" {
		t.Errorf("got event %q", event)
	}
	if len(recorder.Events) != 0 {
		t.Error("an event is repeated")
	}
}

func TestAConflictIsTriedAgain(t *testing.T) {
	conflict := apierrors.NewConflict(schema.GroupResource{Resource: "gatewayclasses"}, "c", errors.New("changed"))
	w, hub, _ := begin(t, func(n int) error {
		if n < 3 {
			return conflict
		}
		return nil
	})
	w.Set(&world.World{Classes: map[string]*gatewayv1.GatewayClass{"c": current(t, hub)}}, []status.Patch{refused()})
	if !settle(w) || len(current(t, hub).Status.Conditions) != 2 {
		t.Error("the status is not written")
	}
}

func TestWhatIsGoneIsNotWritten(t *testing.T) {
	w, hub, _ := begin(t, func(int) error { return nil })
	have := current(t, hub)
	if err := hub.Delete(t.Context(), have); err != nil {
		t.Fatal(err)
	}
	w.Set(&world.World{Classes: map[string]*gatewayv1.GatewayClass{"c": have}}, []status.Patch{refused()})
	if !settle(w) {
		t.Error("the writer never gives up on an object that is gone")
	}
}

func TestWhatIsNewsAndWhatIsNot(t *testing.T) {
	for _, c := range []struct {
		condition metav1.Condition
		want      bool
	}{
		{metav1.Condition{Type: "Accepted", Status: "False", Reason: "Invalid"}, true},
		{metav1.Condition{Type: "Accepted", Status: "True", Reason: "Accepted"}, false},
		{metav1.Condition{Type: "Programmed", Status: "False", Reason: "Pending"}, false},
		{metav1.Condition{Type: "Programmed", Status: "False", Reason: "Invalid"}, true},
		{metav1.Condition{Type: "Conflicted", Status: "True", Reason: "HostnameConflict"}, true},
		{metav1.Condition{Type: "Conflicted", Status: "False", Reason: "NoConflicts"}, false},
	} {
		if got := bad(c.condition); got != c.want {
			t.Errorf("%+v: got %v", c.condition, got)
		}
	}
}
