package translate_test

import (
	"fmt"
	"syscall"
	"testing"

	"github.com/fleetgate/fleetgate/internal/compile"
	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/status"
	"github.com/fleetgate/fleetgate/internal/translate"
	"github.com/fleetgate/fleetgate/internal/world"
	"github.com/fleetgate/fleetgate/internal/world/worldtest"
)

var sizes = []int{10, 1_000, 40_000}

var web = world.Name{Namespace: "infra", Name: "web"}

func BenchmarkAll(b *testing.B) {
	for _, size := range sizes {
		w := worldtest.Many(size, false)
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			defer cpu(b)()
			for b.Loop() {
				translate.All(w)
			}
		})
	}
}

// cpu reports the processor time of an operation, collection of garbage included: wall time means little on a busy machine.
func cpu(b *testing.B) func() {
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
	return func() { b.ReportMetric((used()-before)/float64(b.N), "cpu-ns/op") }
}

// changed is a World in which route 7 of worldtest.Many is another.
func changed(w *world.World) (*world.World, []world.Key) {
	next := *w
	name := world.Name{Namespace: "team-7", Name: "route-7"}
	route := w.HTTPRoutes.Get(name).DeepCopy()
	route.Generation++
	route.Spec.Rules = route.Spec.Rules[:1]
	next.HTTPRoutes = next.HTTPRoutes.With(name, route)
	return &next, []world.Key{{Kind: world.KindHTTPRoute, Name: name}}
}

func BenchmarkChange(b *testing.B) {
	for _, size := range sizes {
		w := worldtest.Many(size, false)
		before := translate.All(w)
		after, keys := changed(w)
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			defer cpu(b)()
			for b.Loop() {
				translate.Change(before, after, keys)
			}
		})
	}
}

// BenchmarkChangeToConfig is a changed route's whole way through the core: IR, conditions, objects to publish.
func BenchmarkChangeToConfig(b *testing.B) {
	for _, size := range sizes {
		w := worldtest.Many(size, false)
		before := translate.All(w)
		after, keys := changed(w)
		cache := compile.NewCache()
		warm(b, cache, before)
		worlds, meant, history := [2]*world.World{after, w}, before, status.NewHistory()
		history.Of(w, meant)
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			defer cpu(b)()
			turn := 0
			for b.Loop() {
				next := translate.Change(meant, worlds[turn%2], keys)
				history.Changed(worlds[turn%2], meant, next)
				warm(b, cache, next)
				meant = next
				turn++
			}
		})
	}
}

func warm(b *testing.B, cache *compile.Cache, meant ir.IR) {
	b.Helper()
	if _, err := cache.ProxyConfigs(meant, web, "east"); err != nil {
		b.Fatal(err)
	}
}

func BenchmarkCompile(b *testing.B) {
	for _, size := range sizes {
		meant := translate.All(worldtest.Many(size, false))
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			defer cpu(b)()
			for b.Loop() {
				if _, err := compile.ProxyConfigs(meant, web, "east"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkListenerSets is a changed route's, and then a changed ListenerSet's, whole way through the core with 2,500
// ListenerSets and 40,000 routes.
func BenchmarkListenerSets(b *testing.B) {
	w := worldtest.Many(40_000, false)
	worldtest.InSets(w, 2_500)
	route, routeKeys := changed(w)
	set := *w
	name := world.Name{Namespace: "infra", Name: "set-7"}
	set.ListenerSets = set.ListenerSets.With(name, w.ListenerSets.Get(name).DeepCopy())
	set.ListenerSets.Get(name).Spec.Listeners[0].Port = 81
	cases := []struct {
		name  string
		other *world.World
		keys  []world.Key
	}{{"route", route, routeKeys}, {"set", &set, []world.Key{{Kind: world.KindListenerSet, Name: name}}}}
	for _, c := range cases {
		b.Run(c.name, func(b *testing.B) {
			meant, cache := translate.All(w), compile.NewCache()
			warm(b, cache, meant)
			history := status.NewHistory()
			history.Of(w, meant)
			worlds, turn := [2]*world.World{c.other, w}, 0
			defer cpu(b)()
			for b.Loop() {
				next := translate.Change(meant, worlds[turn%2], c.keys)
				history.Changed(worlds[turn%2], meant, next)
				warm(b, cache, next)
				meant = next
				turn++
			}
		})
	}
}
