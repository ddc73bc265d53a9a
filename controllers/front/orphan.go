package front

import (
	"slices"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/controllers/proxies"
	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/world"
)

// A finalizer can be taken off by hand, most often while a deletion takes long. The Gateway goes then, and what its front has
// left is an orphan: as long as this process lives it goes on taking that away.

// orphanKey is that of a wish for an orphan. No Gateway has such a name.
func orphanKey(owner ir.Owner) world.Name {
	return world.Name{Namespace: owner.Namespace, Name: owner.Name + "@" + owner.UID}
}

// adopt finds orphans: Gateways that were seen with our finalizer, which we did not take off, and that are not there any more. The
// lock is held.
func (w *Worker) adopt(now *world.World) {
	for name, gateway := range w.seen {
		if next := now.Gateways[name]; next != nil && next.UID == gateway.UID {
			continue
		}
		if slices.Contains(gateway.Finalizers, proxies.FinalizerFront) && !w.released[string(gateway.UID)] {
			w.orphan(now.Hub, gateway)
		}
		delete(w.released, string(gateway.UID))
	}
	w.seen = now.Gateways
}

func (w *Worker) orphan(hub string, gateway *gatewayv1.Gateway) {
	before := readRecorded(gateway)
	want := wish{action: destroy, orphan: true, left: succeed(before, recorded{}).Left}
	want.controller, want.front = lastKnown(hub, gateway, nil, before)
	key := orphanKey(want.front.Owner)
	w.wishes[key] = want
	w.queue().Add(key)
	w.options.Log.Info("a Gateway went although its front was there: taking that away", "gateway", gateway.Namespace+"/"+gateway.Name, "uid", gateway.UID)
}

// buried forgets an orphan of which nothing is left.
func (w *Worker) buried(key world.Name) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.wishes, key)
	delete(w.states, key)
}

// note remembers whether it is us who take the finalizer off.
func (w *Worker) note(uid string, released bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if released {
		w.released[uid] = true
	} else {
		delete(w.released, uid)
	}
}
