package front

import (
	"testing"

	"k8s.io/apimachinery/pkg/types"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/world"
	"github.com/fleetgate/fleetgate/providers/memory"
)

// TestAFrontWhoseFinalizerSomebodyTookOffGoes has a Gateway go past our finalizer, with and without another of its name after it.
func TestAFrontWhoseFinalizerSomebodyTookOffGoes(t *testing.T) {
	for _, c := range []struct {
		name   string
		before action
		after  types.UID
	}{{"while it serves", reconcile, ""}, {"in the middle of its deletion", destroy, ""}, {"and another comes", reconcile, "other"}} {
		clouds := regions{"eu": memory.NewCloud(memory.Options{})}
		w := mover(t, clouds)
		want := frontIn("eu")
		set := func(gateway *gatewayv1.Gateway) {
			now, meant := &world.World{Hub: "hub", Gateways: map[world.Name]*gatewayv1.Gateway{}}, ir.IR{}
			if gateway != nil {
				now.Gateways[name] = gateway
				front := want.front
				front.Owner.UID = string(gateway.UID)
				meant.Gateways = []*ir.Gateway{{Namespace: "ns", Name: "gw", Controller: "ours", Accepted: true, Front: front}}
			}
			w.Set(now, meant, nil)
		}
		set(gatewayOf(t, w))
		w.step(t.Context(), name)
		held := gatewayOf(t, w)
		set(held)
		if c.before == destroy {
			w.wishes[name] = wish{action: destroy, controller: "ours", front: want.front}
		}
		if len(clouds["eu"].Owned(want.front.Owner)) == 0 {
			t.Fatalf("%s: there is no front", c.name)
		}
		next := held.DeepCopy()
		next.UID, next.Finalizers, next.Annotations = c.after, nil, nil
		if c.after == "" {
			next = nil
		}
		set(next)
		w.workOff(t)
		if left := clouds["eu"].Owned(want.front.Owner); len(left) > 0 {
			t.Errorf("%s: left are %v", c.name, left)
		}
		if w.wishes[orphanKey(want.front.Owner)].action != idle {
			t.Errorf("%s: it is looked for still", c.name)
		}
	}
}

// TestAFrontThatWeTookAwayIsNotLookedForAgain deletes a Gateway in the usual way.
func TestAFrontThatWeTookAwayIsNotLookedForAgain(t *testing.T) {
	clouds := regions{"eu": memory.NewCloud(memory.Options{})}
	w := mover(t, clouds)
	want := frontIn("eu")
	w.reconcile(t.Context(), name, want, world.Front{})
	gateway := gatewayOf(t, w)
	w.Set(&world.World{Hub: "hub", Gateways: map[world.Name]*gatewayv1.Gateway{name: gateway}}, ir.IR{}, nil)
	w.destroy(t.Context(), name, want)
	w.Set(&world.World{Hub: "hub"}, ir.IR{}, nil)
	if len(w.wishes) > 0 || len(w.released) > 0 {
		t.Errorf("still looked for: %v, remembered: %v", w.wishes, w.released)
	}
}
