package front

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	awsv1alpha1 "github.com/fleetgate/fleetgate/apis/aws/v1alpha1"
	gatewayv1alpha1 "github.com/fleetgate/fleetgate/apis/gateway/v1alpha1"
	"github.com/fleetgate/fleetgate/controllers/proxies"
	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/world"
	"github.com/fleetgate/fleetgate/providers/memory"
)

// frontIn is a wish for a front in a region.
func frontIn(region string) wish {
	return wish{controller: "ours", front: ir.Front{
		Owner: ir.Owner{Hub: "hub", UID: "uid", Namespace: "ns", Name: "gw"}, Members: []string{"a"},
		ALB:   &awsv1alpha1.ALBConfigSpec{Region: region},
		Ports: []ir.FrontPort{{Port: 80, Protocol: ir.FrontHTTP, Targets: []ir.TargetSet{{Member: "a", Weight: 1}}}},
	}}
}

// TestTheFinalizerIsOnBeforeAnythingIsMade reads a Gateway from a cache that still has the finalizer which was just taken off, as
// when a class is somebody else's for a moment.
func TestTheFinalizerIsOnBeforeAnythingIsMade(t *testing.T) {
	clouds := regions{"eu": memory.NewCloud(memory.Options{})}
	w := mover(t, clouds)
	want := frontIn("eu")
	if got := w.reconcile(t.Context(), name, want, world.Front{}); got.err != nil {
		t.Fatal(got.err)
	}
	before := gatewayOf(t, w)
	w.destroyUntilReleased(t)(t.Context(), name, want)
	hub := w.options.Client
	w.options.Client = late{hub, before}
	if got := w.reconcile(t.Context(), name, want, world.Front{}); got.err != nil {
		t.Fatal(got.err)
	}
	w.options.Client = hub
	if owned := clouds["eu"].Owned(want.front.Owner); len(owned) > 0 && len(gatewayOf(t, w).Finalizers) == 0 {
		t.Errorf("nobody will delete %v", owned)
	}
}

// TestAFrontThatNobodyCanFindIsNotForgotten deletes a Gateway whose annotation somebody took away, after its class.
func TestAFrontThatNobodyCanFindIsNotForgotten(t *testing.T) {
	clouds := regions{"eu": memory.NewCloud(memory.Options{})}
	w := mover(t, clouds)
	if got := w.reconcile(t.Context(), name, frontIn("eu"), world.Front{}); got.err != nil {
		t.Fatal(got.err)
	}
	gateway := gatewayOf(t, w)
	gateway.Annotations = nil
	if err := w.options.Client.Update(t.Context(), gateway); err != nil {
		t.Fatal(err)
	}
	deleted := metav1.Now()
	gateway.DeletionTimestamp = &deleted
	want := decide(&world.World{Hub: "hub", Gateways: map[world.Name]*gatewayv1.Gateway{name: gateway}}, ir.IR{}, name)
	got := w.destroy(t.Context(), name, want)
	if got.err == nil || !strings.Contains(got.err.Error(), AnnotationParameters) || len(gatewayOf(t, w).Finalizers) == 0 {
		t.Errorf("over: %t, error: %v, finalizers: %v", got.over, got.err, gatewayOf(t, w).Finalizers)
	}
}

// TestTheParametersAreThoseOfTheFrontsOwnController deletes a Gateway whose class was given to another of our controllers a moment before.
func TestTheParametersAreThoseOfTheFrontsOwnController(t *testing.T) {
	deleted := metav1.Now()
	gateway := &gatewayv1.Gateway{ObjectMeta: metav1.ObjectMeta{
		Namespace: "ns", Name: "gw", UID: "uid", DeletionTimestamp: &deleted, Finalizers: []string{proxies.FinalizerFront},
		Annotations: map[string]string{AnnotationParameters: `{"controller":"ours","alb":{"region":"eu","deletionPolicy":"Retain"}}`},
	}}
	got := decide(
		&world.World{Hub: "hub", Gateways: map[world.Name]*gatewayv1.Gateway{name: gateway}},
		ir.IR{Gateways: []*ir.Gateway{{
			Namespace: "ns", Name: "gw", Controller: "others", Deleting: true,
			Front: ir.Front{Service: &gatewayv1alpha1.ServiceConfigSpec{}},
		}}}, name)
	if got.controller != "ours" || got.front.ALB == nil || got.front.ALB.Region != "eu" || got.front.Service != nil {
		t.Errorf("got %s, %+v, %+v", got.controller, got.front.ALB, got.front.Service)
	}
}

// TestAMoveWaitsForMembersThatCannotBeAsked holds that what they have of the old front is not forgotten: it can be taken away only
// when they are back.
func TestAMoveWaitsForMembersThatCannotBeAsked(t *testing.T) {
	clouds := regions{"eu": memory.NewCloud(memory.Options{}), "us": memory.NewCloud(memory.Options{})}
	w := mover(t, clouds)
	for _, c := range []struct {
		region  string
		unknown bool
		left    int
	}{{"eu", false, 0}, {"us", true, 1}, {"us", false, 0}} {
		want := frontIn(c.region)
		want.front.Ports[0].Targets[0].Unknown = c.unknown
		if got := w.reconcile(t.Context(), name, want, world.Front{}); got.err != nil {
			t.Fatal(got.err)
		}
		if left := readRecorded(gatewayOf(t, w)).Left; len(left) != c.left {
			t.Errorf("in %s, unknown %t: %d places are recorded, want %d", c.region, c.unknown, len(left), c.left)
		}
	}
}
