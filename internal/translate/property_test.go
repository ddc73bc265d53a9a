package translate_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	dataplanev1alpha1 "github.com/fleetgate/fleetgate/apis/dataplane/v1alpha1"
	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/internal/compile"
	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/status"
	"github.com/fleetgate/fleetgate/internal/translate"
	"github.com/fleetgate/fleetgate/internal/world"
	"github.com/fleetgate/fleetgate/internal/world/worldtest"
)

// everything that comes out of a World, as bytes.
func everything(t *rapid.T, w *world.World) string {
	meant := translate.All(w)
	out := []any{meant, status.Of(w, meant)}
	for _, gateway := range meant.Gateways {
		for _, member := range gateway.Members {
			out = append(out, proxyConfigs(t, compile.NewCache(), meant, gateway, member.Name))
		}
	}
	text, err := json.Marshal(out)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func proxyConfigs(t *rapid.T, cache *compile.Cache, meant ir.IR, gateway *ir.Gateway, member string) []dataplanev1alpha1.ProxyConfig {
	objects, err := cache.ProxyConfigs(meant, world.Name(gateway.Key()), member)
	if err != nil {
		t.Fatal(err)
	}
	return objects
}

func TestDeterministic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := worldtest.Random(t)
		first := everything(t, w)
		// A copy has other maps, whose order is another.
		if second := everything(t, worldtest.Copy(w)); first != second {
			t.Fatalf("equal Worlds, different bytes:\n%s\n%s", first, second)
		}
	})
}

func TestFrozen(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := worldtest.Random(t)
		before := worldtest.Copy(w)
		meant := translate.All(w)
		everything(t, w)
		next := *w
		translate.Change(meant, &next, []world.Key{worldtest.Mutate(t, worldtest.Copy(w))})
		if !reflect.DeepEqual(w, before) {
			t.Fatal("translation wrote to its World")
		}
		if again := translate.All(w); !reflect.DeepEqual(again, meant) {
			t.Fatal("translation wrote to an earlier IR")
		}
	})
}

func TestIncremental(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := worldtest.Random(t)
		meant := translate.All(w)
		caches := compile.NewCache()
		for range rapid.IntRange(1, 6).Draw(t, "rounds") {
			w = worldtest.Copy(w)
			var changed []world.Key
			for range rapid.IntRange(1, 3).Draw(t, "changes") {
				changed = append(changed, worldtest.Mutate(t, w))
			}
			before, _ := json.Marshal(meant)
			next := translate.Change(meant, w, changed)
			if after, _ := json.Marshal(meant); string(before) != string(after) {
				t.Fatalf("Change wrote to the IR before: %v", changed)
			}
			all := translate.All(w)
			if !reflect.DeepEqual(next, all) {
				t.Fatalf("after %v\nChange says %s\nAll says    %s", changed, dump(next), dump(all))
			}
			for _, gateway := range next.Gateways {
				if old := meant.Gateway(gateway.Namespace, gateway.Name); gateway.Alike(old) && !reflect.DeepEqual(uncounted(gateway), uncounted(old)) {
					t.Fatalf("Gateway %s is not what it was after %v", gateway.Key(), changed)
				}
			}
			for _, gateway := range all.Gateways {
				for member := range w.Members {
					cached := proxyConfigs(t, caches, next, gateway, member)
					if fresh := proxyConfigs(t, compile.NewCache(), all, gateway, member); !reflect.DeepEqual(cached, fresh) {
						t.Fatalf("the cache answers otherwise after %v", changed)
					}
				}
			}
			meant = next
		}
	})
}

// uncounted is a Gateway to which no route is attached.
func uncounted(gateway *ir.Gateway) ir.Gateway {
	out := *gateway
	out.Listeners = slices.Clone(gateway.Listeners)
	for i := range out.Listeners {
		out.Listeners[i].Attached = 0
	}
	return out
}

func dump(r ir.IR) string {
	text, err := json.Marshal(r)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// rulesWithout are all rules of a Gateway as proxies get them, but those of one route, by place and content.
func rulesWithout(chunks []config.Chunk, route string) map[string]int {
	out := map[string]int{}
	for _, chunk := range chunks {
		for _, host := range chunk.Hosts {
			for _, rule := range host.Rules {
				if rule.Route == route {
					continue
				}
				text, _ := json.Marshal([]any{host.Listener, host.Hostname, host.Tier, rule})
				out[string(text)]++
			}
		}
	}
	return out
}

func TestIsolated(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := worldtest.Random(t)
		broken := worldtest.RandomRoute(t, world.Name{Namespace: "red", Name: "broken"})
		for i := range broken.Spec.Rules {
			broken.Spec.Rules[i].Filters = []gatewayv1.HTTPRouteFilter{{Type: "Broken"}}
		}
		with := worldtest.Copy(w)
		with.HTTPRoutes = with.HTTPRoutes.With(world.Name{Namespace: "red", Name: "broken"}, broken)
		before, after := translate.All(w), translate.All(with)
		for route := range before.Routes.All() {
			if !reflect.DeepEqual(route, after.Route(route.Key())) {
				t.Fatalf("route %s changed", route.Key())
			}
		}
		for _, gateway := range before.Gateways {
			name := world.Name(gateway.Key())
			if other := after.Gateway(name.Namespace, name.Name); !reflect.DeepEqual(gateway.Front, other.Front) {
				t.Fatalf("the front of %s changed", name)
			}
			for _, member := range gateway.Members {
				root, chunks := compile.Gateway(before, name, member.Name)
				rootWith, chunksWith := compile.Gateway(after, name, member.Name)
				root.Chunks, rootWith.Chunks = 0, 0
				if !reflect.DeepEqual(root, rootWith) || !reflect.DeepEqual(rulesWithout(chunks, ""), rulesWithout(chunksWith, "red/broken")) {
					t.Fatalf("what the proxies of %s get for other routes changed", name)
				}
				for _, chunk := range chunksWith {
					for _, host := range chunk.Hosts {
						for _, rule := range host.Rules {
							if rule.Route == "red/broken" && rule.Broken == "" {
								t.Fatal("a broken rule is not marked as such")
							}
						}
					}
				}
			}
		}
	})
}

// TestRevisionsNameRoots holds that what proxies get is never another one under the same name: of a Gateway in a member, of the
// Gateway's own listeners, and of those of a ListenerSet.
func TestRevisionsNameRoots(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := worldtest.Random(t)
		named := map[string]string{}
		for range 100 {
			worldtest.Mutate(t, w)
			meant := translate.All(w)
			for _, gateway := range meant.Gateways {
				for _, member := range gateway.Members {
					nameRoots(t, named, meant, gateway, member.Name)
				}
			}
		}
	})
}

// nameRoots notes what the names of a Gateway stand for in a member.
func nameRoots(t *rapid.T, named map[string]string, meant ir.IR, gateway *ir.Gateway, member string) {
	root, _ := compile.Gateway(meant, world.Name(gateway.Key()), member)
	if root.Revision != "" && root.Revision != gateway.Revision {
		t.Fatalf("the root has revision %s, want %s", root.Revision, gateway.Revision)
	}
	note := func(name string, stands any) {
		text, err := json.Marshal(stands)
		if err != nil {
			t.Fatal(err)
		}
		if known, found := named[name]; found && known != string(text) {
			t.Fatalf("%s stands for\n%s\nand for\n%s", name, known, text)
		}
		named[name] = string(text)
	}
	at := gateway.Key().String() + " in " + member + ": "
	root.Chunks = 0
	note(at+gateway.Revision+strconv.FormatBool(root.Version > 0), root)
	if root.Version == 0 {
		return
	}
	of := func(set string) (out []config.Listener) {
		for _, listener := range root.Listeners {
			if owner := listener.Name[:max(0, strings.LastIndexByte(listener.Name, '/'))]; owner == set {
				out = append(out, listener)
			}
		}
		return out
	}
	note(at+"own "+gateway.OwnRevision, []any{root.Generation, root.TrustedProxies, root.BackendSecret, of("")})
	for _, set := range gateway.Sets {
		note(at+set.Key().String()+" "+set.Revision, of(set.Key().String()))
	}
}
