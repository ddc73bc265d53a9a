package translate_test

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/internal/compile"
	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/status"
	"github.com/fleetgate/fleetgate/internal/translate"
	"github.com/fleetgate/fleetgate/internal/world"
	"github.com/fleetgate/fleetgate/internal/world/worldtest"
)

// TestAChangeCostsWhatDependsOnIt counts what is made again. Addresses tell: what was not made again is shared.
func TestAChangeCostsWhatDependsOnIt(t *testing.T) {
	const routes, sets = 2_000, 100
	service := world.Name{Namespace: "team-7", Name: "service-7"}
	set := world.Name{Namespace: "infra", Name: "set-7"}
	for _, c := range []struct {
		name, reason string
		change       func(*world.World) world.Key
		// routes are those that are translated again, objects the most that are encoded again.
		routes, objects int
	}{
		{"route", "nothing depends on a route", func(w *world.World) world.Key {
			next, keys := changed(w)
			*w = *next
			return keys[0]
		}, 1, 1},
		{"Service that routes see the same", "its route is translated, and proxies get nothing", func(w *world.World) world.Key {
			east := *w.Members["east"]
			again := east.Services.Get(service).DeepCopy()
			again.Labels = map[string]string{"touched": "yes"}
			east.Services = east.Services.With(service, again)
			w.Members = map[string]*world.Member{"east": &east, "west": w.Members["west"]}
			return world.Key{Kind: world.KindService, Name: service}
		}, 1, 0},
		{"ListenerSet", "its routes are on another hostname, in chunks of their own, and the root names it", func(w *world.World) world.Key {
			other := w.ListenerSets.Get(set).DeepCopy()
			other.Spec.Listeners[0].Hostname = new(gatewayv1.Hostname("another.example.com"))
			w.ListenerSets = w.ListenerSets.With(set, other)
			return world.Key{Kind: world.KindListenerSet, Name: set}
		}, routes / sets, routes/sets + 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := worldtest.Many(routes, false)
			worldtest.InSets(w, sets)
			before, cache, history := translate.All(w), compile.NewCache(), status.NewHistory()
			history.Of(w, before)
			published := dataOf(t, cache, before)
			after := *w
			key := c.change(&after)
			next := translate.Change(before, &after, []world.Key{key})
			translated := map[ir.RouteKey]bool{}
			for change := range ir.Diff(before.Routes, next.Routes) {
				translated[change.After.Key()] = true
			}
			if len(translated) != c.routes {
				t.Errorf("%s: %d routes were translated, want %d", c.reason, len(translated), c.routes)
			}
			encoded := 0
			for i, data := range dataOf(t, cache, next) {
				if data != published[i] {
					encoded++
				}
			}
			if encoded > c.objects {
				t.Errorf("%s: %d objects were encoded, want at most %d", c.reason, encoded, c.objects)
			}
			for _, patch := range history.Changed(&after, before, next) {
				if patch.Key.Kind == world.KindHTTPRoute && !translated[ir.RouteKey{Key: ir.Key(patch.Key.Name), Kind: ir.HTTPRoute}] {
					t.Errorf("%s: a status of %s", c.reason, patch.Key.Name)
				}
			}
		})
	}
}

// TestAChangedListenerSetIsTranslatedAlone holds that those which did not change are used as they were, and that a certificate is read
// once: again only when its Secret holds another.
func TestAChangedListenerSetIsTranslatedAlone(t *testing.T) {
	const sets = 20
	secret := world.Name{Namespace: "infra", Name: "tls"}
	w := worldtest.Many(sets, false)
	worldtest.InSets(w, sets)
	w.Gateways[web].Spec.Listeners = append(w.Gateways[web].Spec.Listeners, gatewayv1.Listener{
		Name: "https", Port: 443, Protocol: gatewayv1.HTTPSProtocolType,
		TLS: &gatewayv1.ListenerTLSConfig{CertificateRefs: []gatewayv1.SecretObjectReference{{Name: "tls"}}},
	})
	hold := func(w *world.World, hostname string) {
		chain, key := worldtest.Certificate(hostname)
		w.Secrets = map[world.Name]*corev1.Secret{secret: {Data: map[string][]byte{corev1.TLSCertKey: chain, corev1.TLSPrivateKeyKey: key}}}
	}
	hold(w, "a.example.com")
	before := translate.All(w)
	changed := world.Key{Kind: world.KindListenerSet, Name: world.Name{Namespace: "infra", Name: "set-7"}}
	next := *w
	set := w.ListenerSets.Get(changed.Name).DeepCopy()
	set.Spec.Listeners[0].Port = 81
	next.ListenerSets = w.ListenerSets.With(changed.Name, set)
	after := translate.Change(before, &next, []world.Key{changed})
	again := 0
	for i, set := range after.Gateways[0].Sets {
		if &set.Deps[0] != &before.Gateways[0].Sets[i].Deps[0] {
			again++
		}
	}
	if again != 1 {
		t.Errorf("%d ListenerSets were translated, want 1", again)
	}
	certificate := func(r ir.IR) *ir.Certificate { return r.Gateways[0].Listener("https").Certificates[0] }
	if certificate(after) != certificate(before) {
		t.Error("a certificate was read again though its Secret is the same")
	}
	hold(&next, "b.example.com")
	last := translate.Change(after, &next, []world.Key{{Kind: world.KindSecret, Name: secret}})
	if got := certificate(last).Hostnames[0]; got != "b.example.com" {
		t.Errorf("the certificate is for %s though its Secret holds another", got)
	}
}

// dataOf are the addresses of what was encoded.
func dataOf(t *testing.T, cache *compile.Cache, meant ir.IR) []*byte {
	t.Helper()
	objects, err := cache.ProxyConfigs(meant, web, "east")
	if err != nil {
		t.Fatal(err)
	}
	out := make([]*byte, 0, len(objects))
	for i := range objects {
		out = append(out, &objects[i].Spec.Data[0])
	}
	return out
}

// TestAChangeAllocatesTheSameHoweverManyRoutes holds that nothing is made for each route that did not change.
func TestAChangeAllocatesTheSameHoweverManyRoutes(t *testing.T) {
	allocations := func(routes int) float64 {
		w := worldtest.Many(routes, false)
		meant := translate.All(w)
		other, keys := changed(w)
		history := status.NewHistory()
		history.Of(w, meant)
		return testing.AllocsPerRun(5, func() {
			next := translate.Change(meant, other, keys)
			history.Changed(other, meant, next)
		})
	}
	if few, many := allocations(20), allocations(2_000); many > few+5 {
		t.Errorf("a changed route takes %v allocations among 20, and %v among 2,000", few, many)
	}
}

func TestARouteThatComesLeavesItsGatewayAlike(t *testing.T) {
	w := worldtest.Many(10, false)
	before := translate.All(w)
	after := *w
	name := worldtest.AddRoute(&after, 10, false)
	next := translate.Change(before, &after, []world.Key{{Kind: world.KindHTTPRoute, Name: name}})
	old, now := before.Gateways[0], next.Gateways[0]
	if old == now || now.Listeners[0].Attached != 11 {
		t.Fatalf("%d routes are attached", now.Listeners[0].Attached)
	}
	if !now.Alike(old) {
		t.Error("proxies would be looked at as a whole")
	}
	if again := translate.All(&after).Gateways[0]; again.Alike(now) {
		t.Error("Gateways of two translations are taken for one")
	}
}
