package status_test

import (
	"maps"
	"reflect"
	"testing"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/status"
	"github.com/fleetgate/fleetgate/internal/translate"
	"github.com/fleetgate/fleetgate/internal/world"
	"github.com/fleetgate/fleetgate/internal/world/worldtest"
)

var (
	web    = world.Name{Namespace: "infra", Name: "web"}
	setKey = world.Key{Kind: world.KindListenerSet, Name: world.Name{Namespace: "infra", Name: "set-0"}}
)

func patchOf(patches []status.Patch, key world.Key) *status.Patch {
	for i := range patches {
		if patches[i].Key == key {
			return &patches[i]
		}
	}
	return nil
}

// TestOrphans holds that a ListenerSet does not go on saying that it is accepted when its Gateway has gone.
func TestOrphans(t *testing.T) {
	cases := []struct {
		name, reason string
		key          world.Key
		change       func(*world.World)
		reasonGiven  string
	}{
		{
			"gone", "nobody serves it any more",
			world.Key{Kind: world.KindGateway, Name: web},
			func(w *world.World) { w.Gateways = map[world.Name]*gatewayv1.Gateway{} }, "ParentNotAccepted",
		},
		{
			"going", "the Gateway is about to go",
			world.Key{Kind: world.KindGateway, Name: web},
			func(w *world.World) {
				w.Gateways = maps.Clone(w.Gateways)
				gateway := w.Gateways[web].DeepCopy()
				gateway.DeletionTimestamp = &now
				w.Gateways[web] = gateway
			}, "ParentNotAccepted",
		},
		{
			"moved", "it names another Gateway, that does not exist", setKey,
			func(w *world.World) {
				set := w.ListenerSets.Get(setKey.Name).DeepCopy()
				set.Spec.ParentRef.Name = "absent"
				w.ListenerSets = w.ListenerSets.With(setKey.Name, set)
			}, "ParentNotAccepted",
		},
		{
			"no longer allowed", "the Gateway says so",
			world.Key{Kind: world.KindGateway, Name: web},
			func(w *world.World) {
				w.Gateways = maps.Clone(w.Gateways)
				gateway := w.Gateways[web].DeepCopy()
				gateway.Spec.AllowedListeners = nil
				w.Gateways[web] = gateway
			}, "NotAllowed",
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := worldtest.Many(3, false)
			worldtest.InSets(w, 2)
			before, history := translate.All(w), status.NewHistory()
			if patch := patchOf(history.Of(w, before), setKey); patch == nil || patch.Conditions[0].Status != "True" {
				t.Fatalf("the ListenerSet is not accepted at first: %+v", patch)
			}
			after := *w
			c.change(&after)
			next := translate.Change(before, &after, []world.Key{c.key})
			patch := patchOf(history.Changed(&after, before, next), setKey)
			if patch == nil || patch.Conditions[0].Status != "False" || patch.Conditions[0].Reason != c.reasonGiven || len(patch.Entries) > 0 && c.name != "going" {
				t.Errorf("%s: got %+v", c.reason, patch)
			}
		})
	}
}

// TestRewritten holds that what somebody wrote into is told again, and nothing else.
func TestRewritten(t *testing.T) {
	w := worldtest.Many(3, false)
	worldtest.InSets(w, 3)
	meant := translate.All(w)
	route := world.Key{Kind: world.KindHTTPRoute, Name: world.Name{Namespace: "team-1", Name: "route-1"}}
	absent := world.Key{Kind: world.KindHTTPRoute, Name: world.Name{Namespace: "team-1", Name: "absent"}}
	history := status.NewHistory()
	patches := history.Rewritten(w, meant, []world.Key{route, absent, setKey})
	if len(patches) != 2 {
		t.Fatalf("got %+v", patches)
	}
	for _, key := range []world.Key{route, setKey} {
		if want := patchOf(status.Of(w, meant), key); !reflect.DeepEqual(patchOf(patches, key), want) {
			t.Errorf("%s: got %+v, want %+v", key.Name, patchOf(patches, key), want)
		}
	}
}

// TestQuietSets holds that a route that comes to one ListenerSet brings no status of the others.
func TestQuietSets(t *testing.T) {
	w := worldtest.Many(3, false)
	worldtest.InSets(w, 3)
	before, history := translate.All(w), status.NewHistory()
	history.Of(w, before)
	after := *w
	name := world.Name{Namespace: "team-1", Name: "route-1"}
	route := after.HTTPRoutes.Get(name).DeepCopy()
	route.Name = "another"
	another := world.Name{Namespace: "team-1", Name: "another"}
	after.HTTPRoutes = after.HTTPRoutes.With(another, route)
	next := translate.Change(before, &after, []world.Key{{Kind: world.KindHTTPRoute, Name: another}})
	var sets []ir.Key
	for _, patch := range history.Changed(&after, before, next) {
		if patch.Key.Kind == world.KindListenerSet {
			sets = append(sets, ir.Key(patch.Key.Name))
		}
	}
	if len(sets) != 1 || sets[0].Name != string(route.Spec.ParentRefs[0].Name) {
		t.Errorf("statuses of %v, want that of %s alone", sets, route.Spec.ParentRefs[0].Name)
	}
}
