package front

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/go-logr/logr"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	awsv1alpha1 "github.com/fleetgate/fleetgate/apis/aws/v1alpha1"
	"github.com/fleetgate/fleetgate/controllers/gather"
	"github.com/fleetgate/fleetgate/controllers/proxies"
	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/plan"
	"github.com/fleetgate/fleetgate/internal/stack"
	"github.com/fleetgate/fleetgate/internal/world"
	"github.com/fleetgate/fleetgate/providers"
	"github.com/fleetgate/fleetgate/providers/memory"
)

// fault is what becomes of a call, of the cloud or of the hub.
type fault int

const (
	throttled fault = iota + 1
	// lost takes effect, and its answer is lost.
	lost
	// killed takes effect, and ends the operator.
	killed
)

var errKilled = errors.New("killed")

// calls counts all calls of an operator, and makes some go wrong.
type calls struct {
	made   int
	faults map[int]fault
	dead   bool
	// check looks at what a change did.
	check func()
}

func (c *calls) call(do func() error) error {
	if c.dead {
		return errKilled
	}
	c.made++
	becomes := c.faults[c.made]
	if becomes == throttled {
		return providers.Throttled(time.Second, nil)
	}
	err := do()
	c.dead = becomes == killed
	switch {
	case c.dead:
		return errKilled
	case becomes == lost:
		return errors.New("connection reset")
	}
	return err
}

// counted is a provider whose calls are counted.
type counted struct {
	regions
	calls *calls
}

func (c counted) Observe(ctx context.Context, front ir.Front) (have stack.Observed, err error) {
	err = c.calls.call(func() (err error) { have, err = c.regions.Observe(ctx, front); return err })
	return have, err
}

func (c counted) Apply(ctx context.Context, front ir.Front, step plan.Step) (made stack.Resource, err error) {
	err = c.calls.call(func() (err error) {
		made, err = c.regions.Apply(ctx, front, step)
		c.calls.check()
		return err
	})
	return made, err
}

// life is that of one Gateway's name: what users want of it, and an operator that may die.
type life struct {
	t      rapid.TB
	hub    client.WithWatch
	clouds regions
	calls  *calls
	worker *Worker

	uids   []string
	region string
	class  string
	ports  int
}

// newLife begins one on a hub that has nothing but, after a failure, the Gateway of the life before.
func newLife(t rapid.TB, hub client.WithWatch, faults map[int]fault) *life {
	l := &life{
		t: t, hub: hub, region: "eu", class: "ours", ports: 1,
		clouds: regions{
			"eu": memory.NewCloud(memory.Options{ActivateAfter: 1}), "us": memory.NewCloud(memory.Options{ActivateAfter: 1}),
		},
	}
	if old := l.gateway(); old != nil {
		old.Finalizers = nil
		if err := errors.Join(hub.Update(context.Background(), old), client.IgnoreNotFound(hub.Delete(context.Background(), old))); err != nil {
			t.Fatalf("clear the hub: %v", err)
		}
	}
	l.calls = &calls{faults: faults, check: l.held}
	l.start()
	return l
}

// start is a new operator, which remembers nothing.
func (l *life) start() {
	l.calls.dead = false
	hub := interceptor.NewClient(l.hub, interceptor.Funcs{
		Get: func(ctx context.Context, to client.WithWatch, key client.ObjectKey, into client.Object, o ...client.GetOption) error {
			return l.calls.call(func() error { return to.Get(ctx, key, into, o...) })
		},
		Patch: func(ctx context.Context, to client.WithWatch, object client.Object, patch client.Patch, o ...client.PatchOption) error {
			return l.calls.call(func() error {
				defer l.calls.check()
				return to.Patch(ctx, object, patch, o...)
			})
		},
	})
	l.worker = New(Options{
		Providers: map[string]providers.Provider{"ours": counted{l.clouds, l.calls}}, Client: hub, Reader: hub,
		Proxies: l, Inbox: gather.NewInbox(), Pace: DefaultPace(), Log: logr.Discard(),
	})
}

// Remove holds that proxies go after their front.
func (l *life) Remove(_ world.Name, uid string) []string {
	if owned := l.owned(uid); len(owned) > 0 {
		l.t.Errorf("the proxies go before %v", owned)
	}
	return nil
}

func (l *life) owned(uid string) (out []string) {
	for region, cloud := range l.clouds {
		for _, resource := range cloud.Owned(ir.Owner{Hub: "hub", UID: uid}) {
			out = append(out, region+" "+resource.ID.String())
		}
	}
	return out
}

// held holds at every moment that nothing is in the cloud which no finalizer speaks for.
func (l *life) held() {
	gateway := l.gateway()
	for _, uid := range l.uids {
		speaks := gateway != nil && string(gateway.UID) == uid && slices.Contains(gateway.Finalizers, proxies.FinalizerFront)
		if owned := l.owned(uid); len(owned) > 0 && !speaks {
			l.fatalf("nobody speaks for %v", owned)
		}
	}
}

// fatalf says what is wrong, and after which faults.
func (l *life) fatalf(format string, args ...any) {
	l.t.Helper()
	l.t.Fatalf("faults by call %v, after call %d: %s", l.calls.faults, l.calls.made, fmt.Sprintf(format, args...))
}

func (l *life) gateway() *gatewayv1.Gateway {
	gateway := &gatewayv1.Gateway{}
	if err := l.hub.Get(context.Background(), client.ObjectKey(name), gateway); err != nil {
		return nil
	}
	return gateway
}

// wish is what there is to do, as the operator decides.
func (l *life) wish(gateway *gatewayv1.Gateway) wish {
	front := ir.Front{Owner: ir.Owner{Hub: "hub", UID: string(gateway.UID), Namespace: "ns", Name: "gw"}, ALB: &awsv1alpha1.ALBConfigSpec{Region: l.region}}
	meant := &ir.Gateway{Namespace: "ns", Name: "gw", Controller: "ours", Accepted: true, Deleting: gateway.DeletionTimestamp != nil}
	for i := range l.ports {
		front.Ports = append(front.Ports, ir.FrontPort{Port: int32(80 + i), Protocol: ir.FrontHTTP, Targets: []ir.TargetSet{{Member: "a", Weight: 1}}})
	}
	meant.Front = front
	if meant.Deleting {
		meant.Front.Ports = nil
	}
	r := ir.IR{Gateways: []*ir.Gateway{meant}}
	if l.class != "ours" {
		r = ir.IR{}
	}
	return decide(&world.World{
		Hub: "hub", Providers: map[string]world.Provider{"ours": {}}, Gateways: map[world.Name]*gatewayv1.Gateway{name: gateway},
		Classes: map[string]*gatewayv1.GatewayClass{"class": {Spec: gatewayv1.GatewayClassSpec{ControllerName: gatewayv1.GatewayController(l.class)}}},
	}, r, name)
}

// pass makes one pass, and says whether there is more to do. An operator that died is followed by another.
func (l *life) pass() (more bool) {
	gateway := l.gateway()
	if gateway == nil {
		return false
	}
	var got outcome
	switch want := l.wish(gateway); want.action {
	case idle:
		return false
	case reconcile:
		got = l.worker.reconcile(context.Background(), name, want, world.Front{})
	case destroy:
		got = l.worker.destroy(context.Background(), name, want)
	}
	if l.calls.dead {
		l.start()
		return true
	}
	return got.err != nil || got.pending != ""
}

// settle makes passes until there is nothing to do, and holds that this is as it should be.
func (l *life) settle() {
	passes := 0
	for l.pass() {
		if passes++; passes > 60 {
			l.fatalf("it does not converge")
		}
	}
	gateway := l.gateway()
	for _, uid := range l.uids {
		want := 0
		if gateway != nil && string(gateway.UID) == uid && l.class == "ours" {
			want = 1 + 2*l.ports
		}
		here := l.clouds[l.region].Owned(ir.Owner{Hub: "hub", UID: uid})
		if all := l.owned(uid); len(all) != want || len(here) != want {
			l.fatalf("settled in %s with %d ports and class %s: %v", l.region, l.ports, l.class, all)
		}
	}
	if gateway != nil && l.class != "ours" && len(gateway.Finalizers) > 0 {
		l.fatalf("the finalizer is still there: %v", gateway.Finalizers)
	}
}

// acts are what users do, by name.
var acts = map[string]func(*life){
	"create": func(l *life) {
		uid := fmt.Sprint("uid-", len(l.uids))
		gateway := &gatewayv1.Gateway{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "gw", UID: types.UID(uid)}}
		gateway.Spec.GatewayClassName = "class"
		if err := l.hub.Create(context.Background(), gateway); err == nil {
			l.uids = append(l.uids, uid)
		}
	},
	"delete": func(l *life) {
		if gateway := l.gateway(); gateway != nil {
			_ = l.hub.Delete(context.Background(), gateway)
		}
	},
	"move":    func(l *life) { l.region = map[string]string{"eu": "us", "us": "eu"}[l.region] },
	"change":  func(l *life) { l.ports = 3 - l.ports },
	"give":    func(l *life) { l.class = map[string]string{"ours": "theirs", "theirs": "ours"}[l.class] },
	"settle":  (*life).settle,
	"pass":    func(l *life) { l.pass() },
	"restart": (*life).start,
}

// end deletes the Gateway, and holds that nothing is left of any.
func (l *life) end() {
	acts["delete"](l)
	l.settle()
	for _, uid := range l.uids {
		if owned := l.owned(uid); len(owned) > 0 {
			l.fatalf("left of %s: %v", uid, owned)
		}
	}
	if l.gateway() != nil {
		l.fatalf("the Gateway is still there")
	}
}

// TestAFaultAtEveryCall makes each call of some lives go wrong.
func TestAFaultAtEveryCall(t *testing.T) {
	hub := fake.NewClientBuilder().WithScheme(gatewayScheme(t)).Build()
	live := func(script []string, faults map[int]fault) int {
		l := newLife(t, hub, faults)
		for _, act := range script {
			acts[act](l)
		}
		l.end()
		return l.calls.made
	}
	for name, script := range map[string][]string{
		"changes and moves":                   {"create", "settle", "change", "settle", "move", "pass", "pass", "settle"},
		"is given to others for a while":      {"create", "settle", "give", "pass", "give", "settle", "give", "settle"},
		"is deleted in a move and comes back": {"create", "settle", "move", "pass", "delete", "settle", "create", "pass"},
	} {
		t.Log(name)
		total := live(script, nil)
		for at := 1; at <= total; at++ {
			for _, becomes := range []fault{lost, killed} {
				live(script, map[int]fault{at: becomes})
			}
		}
	}
}

// TestAnyLifeLeavesNothingBehind lets users do anything, and calls go wrong anywhere.
func TestAnyLifeLeavesNothingBehind(t *testing.T) {
	hub := fake.NewClientBuilder().WithScheme(gatewayScheme(t)).Build()
	rapid.Check(t, func(r *rapid.T) {
		names := []string{"change", "create", "delete", "give", "move", "pass", "restart", "settle"}
		script := rapid.SliceOfN(rapid.SampledFrom(names), 1, 15).Draw(r, "script")
		faults := rapid.MapOfN(rapid.IntRange(1, 80), rapid.SampledFrom([]fault{throttled, lost, killed}), 0, 6).Draw(r, "faults")
		l := newLife(r, hub, faults)
		acts["create"](l)
		for _, act := range script {
			acts[act](l)
		}
		l.end()
	})
}
