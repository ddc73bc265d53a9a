package front

import (
	"context"
	"testing"

	"github.com/go-logr/logr"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	awsv1alpha1 "github.com/fleetgate/fleetgate/apis/aws/v1alpha1"
	"github.com/fleetgate/fleetgate/controllers/gather"
	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/plan"
	"github.com/fleetgate/fleetgate/internal/stack"
	"github.com/fleetgate/fleetgate/internal/world"
	"github.com/fleetgate/fleetgate/providers"
	"github.com/fleetgate/fleetgate/providers/memory"
)

// regions is a provider with a cloud in each region.
type regions map[string]*memory.Cloud

func (r regions) in(front ir.Front) *memory.Provider {
	return memory.New(r[r.Place(front)])
}

func (r regions) Place(front ir.Front) string { return front.ALB.Region }

func (r regions) Observe(ctx context.Context, front ir.Front) (stack.Observed, error) {
	return r.in(front).Observe(ctx, front)
}

func (r regions) Render(front ir.Front, have stack.Observed) (stack.Stack, []ir.Problem) {
	return r.in(front).Render(front, have)
}

func (r regions) Apply(ctx context.Context, front ir.Front, step plan.Step) (stack.Resource, error) {
	return r.in(front).Apply(ctx, front, step)
}

func (r regions) Addresses(have stack.Observed) []providers.Address {
	return memory.New(r["eu"]).Addresses(have)
}

func (r regions) Features() []string { return nil }

type noProxies struct{}

func (noProxies) Remove(world.Name, string) []string { return nil }

// TestAFrontThatMovesLeavesNothingBehind changes the region of a living front, and deletes it halfway through a move.
func TestAFrontThatMovesLeavesNothingBehind(t *testing.T) {
	clouds := regions{"eu": memory.NewCloud(memory.Options{}), "us": memory.NewCloud(memory.Options{})}
	w := mover(t, clouds)
	pass := func(region string, act func(context.Context, world.Name, wish) outcome) {
		t.Helper()
		want := wish{controller: "ours", front: ir.Front{
			Owner: ir.Owner{Hub: "hub", UID: "uid", Namespace: "ns", Name: "gw"}, Members: []string{"a"},
			ALB:   &awsv1alpha1.ALBConfigSpec{Region: region},
			Ports: []ir.FrontPort{{Port: 80, Protocol: ir.FrontHTTP, Targets: []ir.TargetSet{{Member: "a", Weight: 1}}}},
		}}
		for range 20 {
			want.left = succeed(readRecorded(gatewayOf(t, w)), recorded{}).Left
			got := act(t.Context(), name, want)
			if got.err != nil {
				if _, waits := providers.AsPending(got.err); !waits {
					t.Fatal(got.err)
				}
			} else if got.pending == "" {
				return
			}
		}
		t.Fatalf("not done after 20 passes in %s", region)
	}
	reconcile := func(ctx context.Context, n world.Name, want wish) outcome {
		return w.reconcile(ctx, n, want, world.Front{})
	}
	owned := func(region string) int {
		return len(clouds[region].Owned(ir.Owner{Hub: "hub", UID: "uid"}))
	}
	pass("eu", reconcile)
	if owned("eu") == 0 {
		t.Fatal("nothing was made in eu")
	}
	pass("us", reconcile)
	if owned("us") == 0 || owned("eu") != 0 {
		t.Fatalf("after the move: %d in us, %d left in eu", owned("us"), owned("eu"))
	}
	if left := readRecorded(gatewayOf(t, w)).Left; len(left) != 0 {
		t.Fatalf("still recorded: %+v", left)
	}
	// One pass of a move back, and then the Gateway goes.
	back := wish{controller: "ours", front: ir.Front{
		Owner: ir.Owner{Hub: "hub", UID: "uid", Namespace: "ns", Name: "gw"}, ALB: &awsv1alpha1.ALBConfigSpec{Region: "eu"},
	}}
	if _, err := w.hold(t.Context(), name, back); err != nil {
		t.Fatal(err)
	}
	pass("eu", w.destroyUntilReleased(t))
	if owned("us") != 0 || owned("eu") != 0 {
		t.Fatalf("after deletion: %d left in us, %d in eu", owned("us"), owned("eu"))
	}
}

// TestAMoveWaitsForCertificates holds that the last good certificate is not taken away with the front that has it: the new place
// never had it.
func TestAMoveWaitsForCertificates(t *testing.T) {
	clouds := regions{"eu": memory.NewCloud(memory.Options{}), "us": memory.NewCloud(memory.Options{})}
	w := mover(t, clouds)
	pass := func(region string, certificate ir.Certificate) {
		t.Helper()
		got := w.reconcile(t.Context(), name, wish{controller: "ours", front: ir.Front{
			Owner: ir.Owner{Hub: "hub", UID: "uid", Namespace: "ns", Name: "gw"}, ALB: &awsv1alpha1.ALBConfigSpec{Region: region},
			Ports: []ir.FrontPort{
				{Port: 80, Protocol: ir.FrontHTTP},
				{Port: 443, Protocol: ir.FrontHTTPS, Spoilt: certificate.Spoilt, Certificates: []ir.Certificate{certificate}},
			},
		}}, world.Front{})
		if got.err != nil {
			t.Fatal(got.err)
		}
	}
	good, spoilt := ir.Certificate{Secret: "ns/tls", Fingerprint: "1"}, ir.Certificate{Secret: "ns/tls", Spoilt: true}
	owned := func(region string) int { return len(clouds[region].Owned(ir.Owner{Hub: "hub", UID: "uid"})) }
	pass("eu", good)
	whole := owned("eu")
	pass("us", spoilt)
	if owned("us") == 0 || owned("eu") != whole {
		t.Errorf("with a spoilt certificate: %d in us, %d of %d in eu", owned("us"), owned("eu"), whole)
	}
	pass("us", good)
	if owned("us") != whole || owned("eu") != 0 {
		t.Errorf("mended: %d of %d in us, %d left in eu", owned("us"), whole, owned("eu"))
	}
}

// destroyUntilReleased is destroy, whose end is told by over and not by an empty pending.
func (w *Worker) destroyUntilReleased(t *testing.T) func(context.Context, world.Name, wish) outcome {
	t.Helper()
	return func(ctx context.Context, n world.Name, want wish) outcome {
		got := w.destroy(ctx, n, want)
		if !got.over && got.err == nil && got.pending == "" {
			t.Fatal("neither over nor waiting")
		}
		return got
	}
}

func gatewayScheme(t *testing.T) *runtime.Scheme {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := gatewayv1.Install(scheme); err != nil {
		t.Fatal(err)
	}
	return scheme
}

// workOff makes the passes that are due by now.
func (w *Worker) workOff(t *testing.T) {
	t.Helper()
	for w.queue().Len() > 0 {
		key, _ := w.queue().Get()
		w.step(t.Context(), key)
		w.queue().Done(key)
	}
}

func mover(t *testing.T, clouds regions) *Worker {
	t.Helper()
	hub := fake.NewClientBuilder().WithScheme(gatewayScheme(t)).WithObjects(&gatewayv1.Gateway{
		ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "gw", UID: "uid"},
	}).Build()
	return New(Options{
		Providers: map[string]providers.Provider{"ours": clouds}, Client: hub, Reader: hub,
		Proxies: noProxies{}, Inbox: gather.NewInbox(), Pace: DefaultPace(), Log: logr.Discard(),
	})
}

func gatewayOf(t *testing.T, w *Worker) *gatewayv1.Gateway {
	t.Helper()
	gateway := &gatewayv1.Gateway{}
	if err := w.options.Client.Get(t.Context(), client.ObjectKey(name), gateway); err != nil {
		t.Fatal(err)
	}
	return gateway
}
