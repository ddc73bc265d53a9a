package translation

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"go.uber.org/goleak"

	"github.com/fleetgate/fleetgate/controllers/gather"
	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/status"
	"github.com/fleetgate/fleetgate/internal/world"
	"github.com/fleetgate/fleetgate/internal/world/worldtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// outputs notes what a Loop tells, in order.
type outputs struct {
	mu     sync.Mutex
	told   []string
	routes map[string]int64
	passes int
	wanted int
}

func (o *outputs) note(what string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.told = append(o.told, what)
}

func (o *outputs) Want(map[world.Name]bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.wanted++
}

// patched is the Statuses of outputs.
type patched struct{ *outputs }

func (p patched) Set(_ *world.World, patches []status.Patch) {
	for _, patch := range patches {
		if patch.Key.Kind == world.KindHTTPRoute || patch.Key.Kind == world.KindGateway {
			p.note("status " + patch.Key.Name.String())
		}
	}
}

// made is the Proxies of outputs.
type made struct{ *outputs }

func (m made) Set(_ *world.World, meant ir.IR, _ map[gather.Key]any) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.passes++
	m.told = append(m.told, "proxies")
	for route := range meant.Routes.All() {
		m.routes[route.Name] = route.Generation
	}
}

// ignored are the Fronts.
type ignored struct{}

func (ignored) Set(*world.World, ir.IR, map[gather.Key]any) {}

func loopOf(inbox *gather.Inbox, base world.World, out *outputs) *Loop {
	return New(Options{
		Inbox: inbox, Assembler: gather.NewAssembler(base), Ready: func(context.Context) error { return nil },
		Statuses: patched{out}, Proxies: made{out}, Fronts: ignored{}, Secrets: out, ConfigMaps: out, TrustBundles: out, Log: logr.Discard(),
	})
}

// fill puts a World into an Inbox.
func fill(inbox *gather.Inbox, w *world.World) {
	for name, class := range w.Classes {
		inbox.Put(gather.Key{Kind: world.KindGatewayClass, Name: world.Name{Name: name}}, class)
	}
	for name, gateway := range w.Gateways {
		inbox.Put(gather.Key{Kind: world.KindGateway, Name: name}, gateway)
	}
	for name, set := range w.ListenerSets.All() {
		inbox.Put(gather.Key{Kind: world.KindListenerSet, Name: name}, set)
	}
	for name, route := range w.HTTPRoutes.All() {
		inbox.Put(gather.Key{Kind: world.KindHTTPRoute, Name: name}, route)
	}
	for name, member := range w.Members {
		inbox.Put(gather.Key{Kind: world.KindMember, Name: world.Name{Name: name}}, gather.MemberState{})
		for at, service := range member.Services.All() {
			inbox.Put(gather.Key{Member: name, Kind: world.KindService, Name: at}, service)
		}
	}
}

// waiting is a Loop that has a World of so many routes before it.
func waiting(routes int) (*Loop, *gather.Inbox, *outputs, *world.World) {
	w, inbox := worldtest.Many(routes, false), gather.NewInbox()
	out := &outputs{routes: map[string]int64{}}
	l := loopOf(inbox, world.World{Providers: w.Providers, GatewayAPI: w.GatewayAPI}, out)
	fill(inbox, w)
	return l, inbox, out, w
}

// started is a Loop that made its first pass over it, without what it told.
func started(t *testing.T, routes int) (*Loop, *gather.Inbox, *outputs, *world.World) {
	t.Helper()
	l, inbox, out, w := waiting(routes)
	l.begin(context.Background())
	if l.before.Routes.Len() != routes {
		t.Fatalf("the first pass has %d routes", l.before.Routes.Len())
	}
	out.told, out.passes, out.wanted = nil, 0, 0
	return l, inbox, out, w
}

var routeKey = gather.Key{Kind: world.KindHTTPRoute, Name: world.Name{Namespace: "team-3", Name: "route-3"}}

func TestProxiesAreToldBeforeStatusesAreWritten(t *testing.T) {
	l, inbox, out, w := started(t, 10)
	changed := w.HTTPRoutes.Get(routeKey.Name).DeepCopy()
	changed.Generation++
	inbox.Put(routeKey, changed)
	l.step(inbox.Take())
	if want := []string{"proxies", "status team-3/route-3"}; !slices.Equal(out.told, want) {
		t.Errorf("got %v, want %v", out.told, want)
	}
	if out.wanted != 0 {
		t.Error("Secrets were looked for, which no route names")
	}
}

func TestAStatusThatOthersWroteIsPutRight(t *testing.T) {
	l, inbox, out, w := started(t, 10)
	before := l.before
	web := world.Name{Namespace: "infra", Name: "web"}
	inbox.Put(gather.Key{Kind: world.KindGateway, Name: web}, w.Gateways[web].DeepCopy())
	inbox.Put(routeKey, w.HTTPRoutes.Get(routeKey.Name).DeepCopy())
	l.step(inbox.Take())
	if want := []string{"proxies", "status infra/web", "status team-3/route-3"}; !slices.Equal(out.told, want) {
		t.Errorf("got %v, want %v", out.told, want)
	}
	if key := (ir.RouteKey{Key: ir.Key(routeKey.Name), Kind: ir.HTTPRoute}); l.before.Route(key) != before.Route(key) {
		t.Error("a route was translated again though it means the same")
	}
	if l.before.Gateways[0] != before.Gateways[0] {
		t.Error("a Gateway was translated again though it means the same")
	}
}

func TestNoChangeWaitsForTheEchoOfAnother(t *testing.T) {
	l, inbox, _, w := started(t, 10)
	changed := w.HTTPRoutes.Get(routeKey.Name).DeepCopy()
	changed.Generation++
	inbox.Put(routeKey, changed)
	if !l.step(inbox.Take()) {
		t.Error("what comes in a burst should come together")
	}
	inbox.Put(routeKey, changed.DeepCopy())
	if l.step(inbox.Take()) {
		t.Error("the pass after an echo waits")
	}
}

func TestABurstIsTranslatedTogether(t *testing.T) {
	l, inbox, out, w := waiting(200)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = l.Start(ctx) }()
	defer func() { cancel(); <-done }()
	await(t, out, 1)
	before := out.count()
	for name, route := range w.HTTPRoutes.All() {
		changed := route.DeepCopy()
		changed.Generation = 7
		inbox.Put(gather.Key{Kind: world.KindHTTPRoute, Name: name}, changed)
	}
	await(t, out, 7)
	if passes := out.count() - before; passes > 100 {
		t.Errorf("%d passes for 200 changes at once", passes)
	}
}

func (o *outputs) count() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.passes
}

// await waits until all routes are of a generation.
func await(t *testing.T, out *outputs, generation int64) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		behind := 0
		out.mu.Lock()
		all := len(out.routes)
		for _, have := range out.routes {
			if have != generation {
				behind++
			}
		}
		out.mu.Unlock()
		if all > 0 && behind == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d routes are behind", behind, all)
		}
	}
}
