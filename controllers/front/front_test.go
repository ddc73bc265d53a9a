package front

import (
	"errors"
	"reflect"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	awsv1alpha1 "github.com/fleetgate/fleetgate/apis/aws/v1alpha1"
	"github.com/fleetgate/fleetgate/controllers/proxies"
	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/world"
	"github.com/fleetgate/fleetgate/providers"
)

var name = world.Name{Namespace: "ns", Name: "gw"}

func TestWhatToDoAboutAFront(t *testing.T) {
	deleting := metav1.Now()
	alb := &awsv1alpha1.ALBConfigSpec{Region: "eu-central-1"}
	for _, c := range []struct {
		name, reason string
		edit         func(*gatewayv1.Gateway, *world.World)
		meant        *ir.Gateway
		want         action
		alb          bool
	}{
		{
			name: "accepted", reason: "it wants a front", want: reconcile,
			meant: &ir.Gateway{Controller: "ours"},
		},
		{
			name: "frozen", reason: "input that cannot be used changes nothing in the cloud", want: idle,
			meant: &ir.Gateway{Controller: "ours", Frozen: true},
		},
		{
			name: "frozen without parameters", reason: "new proxies must still be registered, as the last good parameters say", want: reconcile, alb: true,
			meant: &ir.Gateway{Controller: "ours", Frozen: true, Front: ir.Front{
				Owner: ir.Owner{UID: "uid"}, Ports: []ir.FrontPort{{Port: 80}},
			}},
		},
		{
			name: "frozen without listeners", reason: "a front is never emptied for input that cannot be used", want: idle,
			meant: &ir.Gateway{Controller: "ours", Frozen: true},
		},
		{
			name: "not accepted for a certificate alone", reason: "the front goes on with the last good one, and new proxies are registered", want: reconcile,
			meant: &ir.Gateway{Controller: "ours", Front: ir.Front{Ports: []ir.FrontPort{{Port: 443, Spoilt: true}}}},
		},
		{
			name: "not accepted for a certificate alone, and new", reason: "nothing is made for what never was good", want: idle,
			edit:  func(g *gatewayv1.Gateway, _ *world.World) { g.Finalizers = nil },
			meant: &ir.Gateway{Controller: "ours", Front: ir.Front{Ports: []ir.FrontPort{{Port: 443, Spoilt: true}}}},
		},
		{
			name: "a Secret is unread", reason: "a listener is not taken away because nobody knows its certificate yet", want: idle,
			meant: &ir.Gateway{Controller: "ours", Accepted: true, Unread: true, Front: ir.Front{Ports: []ir.FrontPort{{Port: 80}}}},
		},
		{
			name: "deleted", reason: "the finalizer says that there may be something", want: destroy, alb: true,
			edit:  func(g *gatewayv1.Gateway, _ *world.World) { g.DeletionTimestamp = &deleting },
			meant: &ir.Gateway{Controller: "ours", Deleting: true, Front: ir.Front{ALB: alb}},
		},
		{
			name: "deleted after its parameters", reason: "the annotation knows the region", want: destroy, alb: true,
			edit:  func(g *gatewayv1.Gateway, _ *world.World) { g.DeletionTimestamp = &deleting },
			meant: &ir.Gateway{Controller: "ours", Deleting: true},
		},
		{
			name: "deleted after its class", reason: "the annotation knows the provider", want: destroy, alb: true,
			edit: func(g *gatewayv1.Gateway, w *world.World) {
				g.DeletionTimestamp = &deleting
				delete(w.Classes, "class")
			},
		},
		{
			name: "class is missing", reason: "it may come back: nothing is torn down for that", want: idle,
			edit: func(_ *gatewayv1.Gateway, w *world.World) { delete(w.Classes, "class") },
		},
		{
			name: "class of somebody else", reason: "the front is ours to clean up", want: destroy, alb: true,
			edit: func(_ *gatewayv1.Gateway, w *world.World) { w.Classes["class"].Spec.ControllerName = "theirs" },
		},
		{
			name: "never ours", reason: "no finalizer, no front", want: idle,
			edit: func(g *gatewayv1.Gateway, w *world.World) {
				g.Finalizers = nil
				w.Classes["class"].Spec.ControllerName = "theirs"
			},
		},
		{
			name: "deleted, held by somebody else", reason: "there is nothing of ours", want: idle,
			edit: func(g *gatewayv1.Gateway, _ *world.World) {
				g.DeletionTimestamp, g.Finalizers = &deleting, []string{"theirs"}
			},
			meant: &ir.Gateway{Controller: "ours", Deleting: true},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			gateway := &gatewayv1.Gateway{ObjectMeta: metav1.ObjectMeta{
				Namespace: "ns", Name: "gw", UID: "uid", Finalizers: []string{proxies.FinalizerFront},
				Annotations: map[string]string{AnnotationParameters: `{"controller":"ours","alb":{"region":"eu-central-1"}}`},
			}}
			gateway.Spec.GatewayClassName = "class"
			class := &gatewayv1.GatewayClass{Spec: gatewayv1.GatewayClassSpec{ControllerName: "ours"}}
			w := &world.World{
				Hub: "hub", Providers: map[string]world.Provider{"ours": {}},
				Classes: map[string]*gatewayv1.GatewayClass{"class": class}, Gateways: map[world.Name]*gatewayv1.Gateway{name: gateway},
			}
			if c.edit != nil {
				c.edit(gateway, w)
			}
			var r ir.IR
			if c.meant != nil {
				c.meant.Namespace, c.meant.Name = "ns", "gw"
				r.Gateways = []*ir.Gateway{c.meant}
			}
			got := decide(w, r, name)
			if got.action != c.want {
				t.Errorf("got action %d, want %d: %s", got.action, c.want, c.reason)
			}
			if c.alb && (got.front.ALB == nil || got.front.ALB.Region != "eu-central-1" || got.controller != "ours" || got.front.Owner.UID != "uid") {
				t.Errorf("got %+v: %s", got, c.reason)
			}
		})
	}
}

func TestWhenAFrontIsLookedAtAgain(t *testing.T) {
	pace := DefaultPace()
	boom := errors.New("boom")
	for _, c := range []struct {
		name    string
		pending string
		err     error
		tries   int
		want    time.Duration
	}{
		{"all is well", "", nil, 0, pace.Resync},
		{"something is awaited", "the load balancer", nil, 0, 500 * time.Millisecond},
		{"still awaited", "the load balancer", nil, 2, 1125 * time.Millisecond},
		{"awaited for long", "the load balancer", nil, 50, pace.MaxPending},
		{"awaited, told by an error", "", providers.Pending("interfaces", boom), 0, 500 * time.Millisecond},
		{"failed", "", boom, 0, pace.Retry},
		{"failed for long", "", boom, 100, pace.MaxRetry},
		{"throttled", "", providers.Throttled(7*time.Second, boom), 0, 7 * time.Second},
		{"a user has to act", "", providers.Terminal("no such subnet", boom), 9, pace.Terminal},
		{"a user has to act, and the cloud throttles", "", errors.Join(providers.Terminal("x", nil), providers.Throttled(9*time.Second, nil)), 0, 9 * time.Second},
	} {
		if got := pace.next(outcome{pending: c.pending, err: c.err}, c.tries); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
	faulty := outcome{front: &world.Front{Problems: []ir.Problem{{Message: "no certificate in ACM"}}}}
	if got := pace.next(faulty, 0); got != pace.Mend {
		t.Errorf("what is missing in the cloud may be there soon, and nothing tells: got %s", got)
	}
	if got := pace.next(faulty, 50); got != pace.Terminal {
		t.Errorf("what is missing for long is looked for less often: got %s", got)
	}
}

func TestAPassThatCannotSeeTheFrontDoesNotUnmakeIt(t *testing.T) {
	before := world.Front{Generation: 1, Active: true, Addresses: []world.Address{{Hostname: "lb"}}, Subnets: []string{"10.0.0.0/24"}}
	got := report(before, wish{generation: 2}, providers.Result{}, errors.New("no route to the cloud"))
	if !got.Active || len(got.Addresses) != 1 || len(got.Subnets) != 1 || got.Generation != 2 || got.Error == "" || got.Invalid {
		t.Errorf("got %+v", got)
	}
	got = report(before, wish{generation: 2}, providers.Result{}, providers.Terminal("grant elasticloadbalancing:Describe*", nil))
	if !got.Invalid || got.Error != "grant elasticloadbalancing:Describe*" {
		t.Errorf("got %+v", got)
	}
	got = report(before, wish{generation: 2}, providers.Result{}, providers.Pending("interfaces", nil))
	if got.Error != "" || got.Pending != "interfaces" {
		t.Errorf("got %+v", got)
	}
}

// TestWhatListenersRestOnIsOfTheLastWholePass holds that a pass which leaves something to do tells of no new port.
func TestWhatListenersRestOnIsOfTheLastWholePass(t *testing.T) {
	want := wish{front: ir.Front{Ports: []ir.FrontPort{{
		Port: 443, Protocol: ir.FrontHTTPS, Certificates: []ir.Certificate{{Secret: "b/b"}, {Secret: "a/a"}},
	}}}}
	known := world.Front{Ports: []world.FrontPort{{Port: 80, Protocol: ir.FrontHTTP}}}
	for _, c := range []struct {
		name, reason string
		before       world.Front
		result       providers.Result
		err          error
		want         world.Front
	}{
		{"whole", "nothing is left to be made", known, providers.Result{Active: true, Whole: true, Pending: "Targets b to be gone"}, nil, world.Front{
			Ports: []world.FrontPort{{Port: 443, Protocol: ir.FrontHTTPS, Secrets: []string{"a/a", "b/b"}}},
		}},
		{"pending", "the port may be what is awaited", known, providers.Result{Active: true, Pending: "Listener 443"}, nil, known},
		{"failed", "nobody knows what is there", known, providers.Result{}, errors.New("no route to the cloud"), known},
		{"failed after a start", "nobody has looked yet", world.Front{Remembered: true}, providers.Result{}, errors.New("no route to the cloud"), world.Front{Remembered: true}},
		{"whole after a start", "somebody has looked", world.Front{Remembered: true}, providers.Result{Whole: true}, nil, world.Front{
			Ports: []world.FrontPort{{Port: 443, Protocol: ir.FrontHTTPS, Secrets: []string{"a/a", "b/b"}}},
		}},
	} {
		got := report(c.before, want, c.result, c.err)
		if !reflect.DeepEqual(got.Ports, c.want.Ports) || got.Remembered != c.want.Remembered {
			t.Errorf("%s: %s: got %+v", c.name, c.reason, got)
		}
	}
}

func TestAGatewayRemembersItsFrontAcrossARestart(t *testing.T) {
	ip := gatewayv1.IPAddressType
	gateway := &gatewayv1.Gateway{ObjectMeta: metav1.ObjectMeta{Finalizers: []string{proxies.FinalizerFront}}}
	gateway.Status.Conditions = []metav1.Condition{{Type: "Programmed", Status: metav1.ConditionTrue, ObservedGeneration: 4}}
	gateway.Status.Addresses = []gatewayv1.GatewayStatusAddress{{Value: "lb.example"}, {Type: &ip, Value: "10.0.0.1"}}
	got, ok := Remembered(gateway)
	if !ok || !got.Active || got.Generation != 4 || got.Pending != "" || len(got.Addresses) != 2 || got.Addresses[1].IP != "10.0.0.1" || !got.Remembered {
		t.Errorf("got %+v", got)
	}
	if _, ok := Remembered(&gatewayv1.Gateway{}); ok {
		t.Error("a Gateway that we never held remembers a front")
	}
}
