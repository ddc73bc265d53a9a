package translation

import (
	"context"
	"fmt"
	"runtime"
	"syscall"
	"testing"

	"github.com/go-logr/logr"

	dataplanev1alpha1 "github.com/fleetgate/fleetgate/apis/dataplane/v1alpha1"
	"github.com/fleetgate/fleetgate/controllers/gather"
	"github.com/fleetgate/fleetgate/internal/compile"
	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/status"
	"github.com/fleetgate/fleetgate/internal/world"
	"github.com/fleetgate/fleetgate/internal/world/worldtest"
)

// publisher is what workers of two members do with a pass, but for the calls.
type publisher struct {
	caches map[string]*compile.Cache
	have   map[string][]dataplanev1alpha1.ProxyConfig
	writes int
}

func (p *publisher) Set(_ *world.World, meant ir.IR, _ map[gather.Key]any) {
	for _, gateway := range meant.Gateways {
		for member, cache := range p.caches {
			name := world.Name(gateway.Key())
			cache.BackendNamespaces(meant, name, member)
			want, err := cache.ProxyConfigs(meant, name, member)
			if err != nil {
				panic(err)
			}
			p.writes += len(compile.Writes(p.have[member], want))
			p.have[member] = append(p.have[member][:0], want...)
		}
	}
}

// silent are Statuses that nobody writes.
type silent struct{}

func (silent) Set(*world.World, []status.Patch) {}

// BenchmarkPass is what the operator does between an event and the calls that it brings: for a changed route with the echo of
// its own status, for a Service, and for a ListenerSet. heap-MB is what is held for all of it.
func BenchmarkPass(b *testing.B) {
	for _, size := range []struct{ routes, sets int }{{5_000, 0}, {40_000, 0}, {40_000, 2_500}} {
		w := worldtest.Many(size.routes, false)
		if size.sets > 0 {
			worldtest.InSets(w, size.sets)
		}
		inbox := gather.NewInbox()
		roots := compile.NewRoots()
		out := &publisher{map[string]*compile.Cache{"east": compile.NewCacheOf(roots), "west": compile.NewCacheOf(roots)}, map[string][]dataplanev1alpha1.ProxyConfig{}, 0}
		l := New(Options{
			Inbox: inbox, Assembler: gather.NewAssembler(world.World{Providers: w.Providers, GatewayAPI: w.GatewayAPI}),
			Statuses: silent{}, Proxies: out, Fronts: ignored{},
			Secrets: &outputs{}, ConfigMaps: &outputs{}, TrustBundles: &outputs{}, Log: logr.Discard(),
		})
		fill(inbox, w)
		l.begin(context.Background())
		for _, c := range changes(w, size.sets) {
			b.Run(fmt.Sprintf("%d-%d/%s", size.routes, size.sets, c.name), func(b *testing.B) {
				defer costs(b)()
				turn := 0
				for b.Loop() {
					for _, change := range c.versions[turn%2] {
						inbox.Put(c.key, change)
						l.step(inbox.Take())
					}
					turn++
				}
			})
		}
	}
}

// alternating is an object that changes back and forth, in the steps of each turn.
type alternating struct {
	name     string
	key      gather.Key
	versions [2][]any
}

func changes(w *world.World, sets int) []alternating {
	route := w.HTTPRoutes.Get(routeKey.Name)
	other := route.DeepCopy()
	other.Generation++
	other.Spec.Rules = other.Spec.Rules[:1]
	service := world.Name{Namespace: "team-3", Name: "service-3"}
	port := w.Members["east"].Services.Get(service)
	renamed := port.DeepCopy()
	renamed.Spec.Ports[0].Name = "other"
	out := []alternating{
		{"route", routeKey, [2][]any{{other, other.DeepCopy()}, {route, route.DeepCopy()}}},
		{"service", gather.Key{Member: "east", Kind: world.KindService, Name: service}, [2][]any{{renamed}, {port}}},
	}
	if sets > 0 {
		name := world.Name{Namespace: "infra", Name: "set-7"}
		set := w.ListenerSets.Get(name)
		moved := set.DeepCopy()
		moved.Generation++
		moved.Spec.Listeners[0].Port = 81
		out = append(out, alternating{"set", gather.Key{Kind: world.KindListenerSet, Name: name}, [2][]any{{moved}, {set}}})
	}
	return out
}

// costs reports the processor time of an operation, collection of garbage included, and what the heap holds after it.
func costs(b *testing.B) func() {
	b.Helper()
	b.ReportAllocs()
	used := func() float64 {
		var usage syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
			b.Fatal(err)
		}
		return float64(usage.Utime.Nano() + usage.Stime.Nano())
	}
	before := used()
	return func() {
		b.ReportMetric((used()-before)/float64(b.N), "cpu-ns/op")
		runtime.GC()
		var held runtime.MemStats
		runtime.ReadMemStats(&held)
		b.ReportMetric(float64(held.HeapAlloc)/(1<<20), "heap-MB")
	}
}
