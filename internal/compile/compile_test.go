package compile_test

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	dataplanev1alpha1 "github.com/fleetgate/fleetgate/apis/dataplane/v1alpha1"
	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/internal/compile"
	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/translate"
	"github.com/fleetgate/fleetgate/internal/world"
	"github.com/fleetgate/fleetgate/internal/world/worldtest"
)

var web = world.Name{Namespace: "infra", Name: "web"}

func TestProxyName(t *testing.T) {
	label := regexp.MustCompile(`^[a-z]([-a-z0-9]*[a-z0-9])?$`)
	long := strings.Repeat("a", 253)
	cases := []struct {
		name, reason, given, want string
	}{
		{"short", "a readable name and the hash of it", "web", "web-4b5e57f6eb"},
		{"dots", "a label has no dots", "my.web", "my-web-3edd5b94ef"},
		{"digit", "a Service's name begins with a letter", "1web", "gw-1web-bac40f31e8"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := compile.ProxyName(world.Name{Namespace: "infra", Name: c.given}); got != c.want {
				t.Errorf("%s: got %s, want %s", c.reason, got, c.want)
			}
		})
	}
	seen := map[string]string{}
	for _, name := range []string{"web", "1web", long, long[:252], long[:40], long[:41] + ".b", "a-." + long[:30], "a--" + long[:30]} {
		got := compile.ProxyName(world.Name{Name: name})
		if len(got) > 52 || !label.MatchString(got) {
			t.Errorf("%s is no label of at most 52 characters", got)
		}
		if other, found := seen[got]; found {
			t.Errorf("%s and %s share the name %s", name, other, got)
		}
		seen[got] = name
	}
}

func TestGiantHost(t *testing.T) {
	const routes = 10_000
	meant := translate.All(worldtest.Many(routes, true))
	objects, err := compile.ProxyConfigs(meant, web, "east")
	if err != nil {
		t.Fatal(err)
	}
	rules, largest := 0, 0
	for _, object := range objects[1:] {
		chunk, err := config.Decode[config.Chunk](object.Spec.Data, object.Spec.Checksum)
		if err != nil {
			t.Fatal(err)
		}
		for _, host := range chunk.Hosts {
			rules += len(host.Rules)
		}
		largest = max(largest, len(object.Spec.Data))
	}
	if rules != 2*routes {
		t.Errorf("%d rules came out of %d", rules, 2*routes)
	}
	if largest > 64<<10 {
		t.Errorf("the routes of one hostname are not spread: a chunk has %d bytes", largest)
	}
}

func TestOneRouteOneChunk(t *testing.T) {
	w := worldtest.Many(2_000, false)
	before, err := compile.ProxyConfigs(translate.All(w), web, "east")
	if err != nil {
		t.Fatal(err)
	}
	name := world.Name{Namespace: "team-7", Name: "route-7"}
	route := w.HTTPRoutes.Get(name).DeepCopy()
	route.Spec.Hostnames = append(route.Spec.Hostnames, "another.example.com")
	w.HTTPRoutes = w.HTTPRoutes.With(name, route)
	after, err := compile.ProxyConfigs(translate.All(w), web, "east")
	if err != nil {
		t.Fatal(err)
	}
	writes := compile.Writes(before, after)
	if len(writes) != 1 {
		t.Errorf("a changed route writes %d objects, want 1", len(writes))
	}
	if changed, alone := compile.Chunks(before, after); !alone || len(changed) != 1 || after[changed[0]].Name != writes[0].Object.Name {
		t.Errorf("the changed chunk is %v (alone: %t), want that of %s", changed, alone, writes[0].Object.Name)
	}
}

// TestWrites holds that a proxy, which takes the chunks that the root it sees tells of, finds after every single
// write all routes that are both in the old and in the new configuration.
func TestWrites(t *testing.T) {
	sizes := []int{0, 1, 100, 130, 300, 800}
	compiled := map[int][]dataplanev1alpha1.ProxyConfig{}
	for _, size := range sizes {
		objects, err := compile.ProxyConfigs(translate.All(worldtest.Many(size, false)), web, "east")
		if err != nil {
			t.Fatal(err)
		}
		compiled[size] = objects
	}
	reader := reader{}
	for _, from := range sizes {
		for _, to := range sizes {
			writes := compile.Writes(compiled[from], compiled[to])
			if _, alone := compile.Chunks(compiled[from], compiled[to]); alone != (len(compiled[from]) == len(compiled[to])) {
				t.Errorf("from %d to %d routes the order of writes matters, said: %t", from, to, !alone)
			}
			reader.walk(t, compiled[from], compiled[to], writes)
			slices.Reverse(writes)
			slices.SortStableFunc(writes, func(a, b compile.Write) int { return a.Stage - b.Stage })
			reader.walk(t, compiled[from], compiled[to], writes)
		}
	}
}

// reader reads what proxies read, each object once.
type reader map[string][]string

// walk makes the writes from one state to another and looks at every state between.
func (r reader) walk(t *testing.T, from, to []dataplanev1alpha1.ProxyConfig, writes []compile.Write) {
	t.Helper()
	state, last := byName(from), byName(to)
	want := r.routes(t, last)
	staying := r.routes(t, state)
	maps.DeleteFunc(staying, func(route string, _ bool) bool { return !want[route] })
	for _, write := range writes {
		if write.Delete {
			delete(state, write.Object.Name)
		} else {
			state[write.Object.Name] = write.Object
		}
		now := r.routes(t, state)
		for route := range staying {
			if !now[route] {
				t.Fatalf("from %d to %d objects: %s is lost after %s", len(from), len(to), route, write.Object.Name)
			}
		}
	}
	if got := r.routes(t, state); !maps.Equal(got, want) || len(state) != len(last) {
		t.Fatalf("from %d to %d objects: %d routes in %d objects in the end", len(from), len(to), len(got), len(state))
	}
}

func byName(objects []dataplanev1alpha1.ProxyConfig) map[string]dataplanev1alpha1.ProxyConfig {
	state := map[string]dataplanev1alpha1.ProxyConfig{}
	for _, object := range objects {
		state[object.Name] = object
	}
	return state
}

// routes are those that a proxy sees.
func (r reader) routes(t *testing.T, state map[string]dataplanev1alpha1.ProxyConfig) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	first, found := state[compile.ProxyName(web)]
	if !found {
		return out
	}
	root, err := config.Decode[config.Root](first.Spec.Data, first.Spec.Checksum)
	if err != nil {
		t.Fatal(err)
	}
	for i := range root.Chunks {
		object, found := state[compile.ChunkName(web, i)]
		if !found {
			t.Fatalf("the root tells of %d chunks, and number %d is missing", root.Chunks, i)
		}
		if _, known := r[object.Spec.Checksum]; !known {
			r[object.Spec.Checksum] = names(t, object)
		}
		for _, route := range r[object.Spec.Checksum] {
			out[route] = true
		}
	}
	return out
}

func names(t *testing.T, object dataplanev1alpha1.ProxyConfig) []string {
	t.Helper()
	chunk, err := config.Decode[config.Chunk](object.Spec.Data, object.Spec.Checksum)
	if err != nil {
		t.Fatal(err)
	}
	out := []string{}
	for _, host := range chunk.Hosts {
		for _, rule := range host.Rules {
			out = append(out, rule.Route)
		}
	}
	return out
}

func TestGatewayIsSorted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		meant := translate.All(worldtest.Random(t))
		for _, gateway := range meant.Gateways {
			for _, member := range gateway.Members {
				_, chunks := compile.Gateway(meant, world.Name(gateway.Key()), member.Name)
				for _, chunk := range chunks {
					keys := make([]string, 0, len(chunk.Pools))
					for _, pool := range chunk.Pools {
						keys = append(keys, pool.Key)
					}
					if !slices.IsSorted(keys) {
						t.Fatalf("pools are not sorted: %v", keys)
					}
				}
			}
		}
	})
}

func TestProxyOfWhatIsNamedAfterProxies(t *testing.T) {
	for _, gateway := range []world.Name{{Namespace: "ns", Name: "web"}, {Namespace: "ns", Name: "web-7"}, {Namespace: "ns", Name: "a.b-0123456789"}} {
		want := compile.ProxyName(gateway)
		if got := compile.ProxyOf(want); got != want {
			t.Errorf("root of %s: got %s", gateway, got)
		}
		for _, chunk := range []int{0, 7, 16_384} {
			if got := compile.ProxyOf(compile.ChunkName(gateway, chunk)); got != want {
				t.Errorf("chunk %d of %s: got %s", chunk, gateway, got)
			}
		}
	}
}

func TestBackendNamespaces(t *testing.T) {
	pool := func(namespace string) []ir.Pool { return []ir.Pool{{Pool: config.Pool{Namespace: namespace}}} }
	meant := ir.IR{
		Gateways: []*ir.Gateway{{Namespace: "infra", Name: "api", Pools: pool("others")}, {Namespace: "infra", Name: "web", Pools: pool("auth")}},
		Routes: ir.RoutesOf([]*ir.Route{
			{Kind: ir.HTTPRoute, Namespace: "team", Name: "app", Gateways: []ir.RouteGateway{{Gateway: "infra/web", Pools: pool("team")}}},
			{Kind: ir.HTTPRoute, Namespace: "team", Name: "other", Gateways: []ir.RouteGateway{{Gateway: "infra/api", Pools: pool("none")}}},
		}),
	}
	got := compile.NewCache().BackendNamespaces(meant, web, "east")
	if !slices.Equal(got, []string{"auth", "team"}) {
		t.Errorf("those of its listeners' filters and of its routes: got %v", got)
	}
}
