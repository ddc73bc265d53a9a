package front

import (
	"context"
	"errors"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	awsv1alpha1 "github.com/fleetgate/fleetgate/apis/aws/v1alpha1"
	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/world"
	"github.com/fleetgate/fleetgate/providers/memory"
)

// late is a client whose reads still have a Gateway that is gone, as a cache has for a moment.
type late struct {
	client.Client
	gateway *gatewayv1.Gateway
}

func (l late) Get(_ context.Context, _ client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	l.gateway.DeepCopyInto(into.(*gatewayv1.Gateway))
	return nil
}

// TestNothingIsMadeForAGatewayThatIsGone deletes a Gateway before the finalizer is on it: nobody would ever delete its front.
func TestNothingIsMadeForAGatewayThatIsGone(t *testing.T) {
	clouds := regions{"eu": memory.NewCloud(memory.Options{})}
	w := mover(t, clouds)
	gateway := gatewayOf(t, w)
	if err := w.options.Client.Delete(t.Context(), gateway); err != nil {
		t.Fatal(err)
	}
	w.options.Reader = late{w.options.Client, gateway}
	got := w.reconcile(t.Context(), name, wish{controller: "ours", front: ir.Front{
		Owner: ir.Owner{Hub: "hub", UID: "uid", Namespace: "ns", Name: "gw"}, Members: []string{"a"},
		ALB:   &awsv1alpha1.ALBConfigSpec{Region: "eu"},
		Ports: []ir.FrontPort{{Port: 80, Protocol: ir.FrontHTTP, Targets: []ir.TargetSet{{Member: "a", Weight: 1}}}},
	}}, world.Front{})
	if owned := clouds["eu"].Owned(ir.Owner{Hub: "hub", UID: "uid"}); len(owned) > 0 || !got.over {
		t.Errorf("over: %t, error: %v, in the cloud: %v", got.over, got.err, owned)
	}
}

// racing is a client of an API server that goes on with a deletion which it began before a Gateway got its finalizer.
type racing struct{ client.Client }

func (r racing) Patch(ctx context.Context, object client.Object, patch client.Patch, options ...client.PatchOption) error {
	if err := r.Client.Patch(ctx, object, patch, options...); err != nil {
		return err
	}
	gone, ok := object.DeepCopyObject().(client.Object)
	if !ok {
		return nil
	}
	gone.SetFinalizers(nil)
	return errors.Join(r.Update(ctx, gone), r.Delete(ctx, gone))
}

// TestNothingIsLeftOfAGatewayThatGoesPastItsFinalizer has the Gateway go before the cloud is asked, and later, while it is.
func TestNothingIsLeftOfAGatewayThatGoesPastItsFinalizer(t *testing.T) {
	for _, c := range []struct {
		reason string
		// stale says that the Gateway is still read for a moment, latest that the latest World has it when the pass ends.
		stale, latest bool
	}{
		{"its going is seen at once", false, true},
		{"the latest World knows first", false, false},
		{"it goes after it was read again", true, true},
		{"it goes after it was read again, and the latest World knows first", true, false},
	} {
		clouds := regions{"eu": memory.NewCloud(memory.Options{})}
		w := mover(t, clouds)
		want := frontIn("eu")
		gateway := gatewayOf(t, w)
		there := &world.World{Hub: "hub", Gateways: map[world.Name]*gatewayv1.Gateway{name: gateway}}
		meant := ir.IR{Gateways: []*ir.Gateway{{Namespace: "ns", Name: "gw", Controller: "ours", Accepted: true, Front: want.front}}}
		gone := &world.World{Hub: "hub", Gateways: map[world.Name]*gatewayv1.Gateway{}}
		w.Set(there, meant, nil)
		w.options.Client = racing{w.options.Client}
		if c.stale {
			w.options.Reader = late{w.options.Client, gateway}
		}
		if !c.latest {
			w.seen = gone.Gateways
		}
		w.step(t.Context(), name)
		w.Set(gone, ir.IR{}, nil)
		w.workOff(t)
		if owned := clouds["eu"].Owned(want.front.Owner); len(owned) > 0 {
			t.Errorf("%s: the cloud has %v", c.reason, owned)
		}
	}
}
