package front

import (
	"context"
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
