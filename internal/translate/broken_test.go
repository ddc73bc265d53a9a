package translate_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/internal/compile"
	"github.com/fleetgate/fleetgate/internal/status"
	"github.com/fleetgate/fleetgate/internal/translate"
	"github.com/fleetgate/fleetgate/internal/world"
	"github.com/fleetgate/fleetgate/internal/world/worldtest"
)

// published is what proxies get of the one Gateway of a World, and what is said of all objects.
type published struct {
	chunks []config.Chunk
	said   map[string]string
	bytes  []string
}

func publish(t *testing.T, w *world.World) published {
	t.Helper()
	meant := translate.All(w)
	out := published{said: map[string]string{}}
	for _, patch := range status.Of(w, meant) {
		text, err := json.Marshal(patch)
		if err != nil {
			t.Fatal(err)
		}
		out.said[fmt.Sprintf("%s %s", patch.Key.Kind, patch.Key.Name)] = string(text)
	}
	gateway := meant.Gateways[0]
	objects, err := compile.ProxyConfigs(meant, world.Name(gateway.Key()), gateway.Members[0].Name)
	if err != nil {
		t.Fatal(err)
	}
	for _, object := range objects[1:] {
		chunk, err := config.Decode[config.Chunk](object.Spec.Data, object.Spec.Checksum)
		if err != nil {
			t.Fatal(err)
		}
		out.chunks = append(out.chunks, chunk)
		out.bytes = append(out.bytes, string(object.Spec.Data))
	}
	return out
}

// rulesOf are the rules of a route, wherever they are.
func (p published) rulesOf(route string) []config.Rule {
	var out []config.Rule
	for _, chunk := range p.chunks {
		for _, host := range chunk.Hosts {
			for _, rule := range host.Rules {
				if rule.Route == route {
					out = append(out, rule)
				}
			}
		}
	}
	return out
}

// faults break a route, each in a way of its own.
var faults = []struct {
	name  string
	spoil func(*gatewayv1.HTTPRouteRule)
}{
	{"a filter that nobody knows", func(r *gatewayv1.HTTPRouteRule) {
		r.Filters = []gatewayv1.HTTPRouteFilter{{Type: "Gizmo"}}
	}},
	{"a filter without content", func(r *gatewayv1.HTTPRouteRule) {
		r.Filters = []gatewayv1.HTTPRouteFilter{{Type: gatewayv1.HTTPRouteFilterURLRewrite}}
	}},
	{"a time-out that is none", func(r *gatewayv1.HTTPRouteRule) {
		r.Timeouts = &gatewayv1.HTTPRouteTimeouts{Request: new(gatewayv1.Duration("soon"))}
	}},
	{"a weight below zero", func(r *gatewayv1.HTTPRouteRule) { r.BackendRefs[0].Weight = new(int32(-1)) }},
}

// TestOneBrokenRouteOf500 holds that it answers 500 where it matched, and that of all that proxies and users get nothing else
// is another byte: not the chunks that it is not in, not the rules beside it, not the status of its neighbours.
func TestOneBrokenRouteOf500(t *testing.T) {
	for _, oneHost := range []bool{true, false} {
		for _, fault := range faults {
			t.Run(fmt.Sprintf("%s, one hostname %t", fault.name, oneHost), func(t *testing.T) {
				w := worldtest.Many(500, oneHost)
				before := publish(t, w)
				spoilt := worldtest.Copy(w)
				var name world.Name
				for key := range spoilt.HTTPRoutes.All() {
					if key.Name == "route-250" {
						name = key
					}
				}
				for i := range spoilt.HTTPRoutes.Get(name).Spec.Rules {
					fault.spoil(&spoilt.HTTPRoutes.Get(name).Spec.Rules[i])
				}
				onlyOneBroken(t, before, publish(t, spoilt), name)
			})
		}
	}
}

func onlyOneBroken(t *testing.T, before, after published, name world.Name) {
	t.Helper()
	was, now := before.rulesOf(name.String()), after.rulesOf(name.String())
	if len(was) == 0 || len(now) != len(was) {
		t.Fatalf("%d rules of the route were there, and %d are", len(was), len(now))
	}
	for i := range now {
		if now[i].Broken == "" || !reflect.DeepEqual(now[i].Matches, was[i].Matches) {
			t.Errorf("rule %d matches %v and is broken by %q", i, now[i].Matches, now[i].Broken)
		}
	}
	if !reflect.DeepEqual(rulesWithout(before.chunks, name.String()), rulesWithout(after.chunks, name.String())) {
		t.Error("rules of other routes changed")
	}
	changed := 0
	for i := range before.bytes {
		if before.bytes[i] != after.bytes[i] {
			changed++
		}
	}
	if changed != 1 || len(before.bytes) != len(after.bytes) {
		t.Errorf("%d of %d chunks are other bytes", changed, len(after.bytes))
	}
	for key, text := range before.said {
		ours := key == "HTTPRoute "+name.String() || key == "Gateway "+web.String() // which counts its routes
		if (text == after.said[key]) == ours {
			t.Errorf("%s says\n%s\nand said\n%s", key, after.said[key], text)
		}
	}
}
