package front

import (
	"slices"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/controllers/proxies"
	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/world"
)

// A Gateway can go past our finalizer: somebody takes it off by hand, most often while a deletion takes long; or an API server that
// is about to delete a Gateway which had none does not look again. What its front has left is an orphan: as long as this process
// lives it goes on taking that away.

// orphanKey is that of a wish for an orphan. No Gateway has such a name.
func orphanKey(owner ir.Owner) world.Name {
	return world.Name{Namespace: owner.Namespace, Name: owner.Name + "@" + owner.UID}
}

// adopt finds orphans: Gateways that were known to have our finalizer, which we did not take off, and that are not there any more.
// The lock is held.
func (w *Worker) adopt(now *world.World) {
	if w.seen = now.Gateways; w.seen == nil {
		w.seen = map[world.Name]*gatewayv1.Gateway{}
	}
	for _, gateway := range w.seen {
		if slices.Contains(gateway.Finalizers, proxies.FinalizerFront) {
			w.held[string(gateway.UID)] = gateway
		}
	}
	for uid, gateway := range w.held {
		if w.sees(gateway) {
			continue
		}
		if !w.released[uid] {
			w.orphan(now.Hub, gateway)
		}
		delete(w.held, uid)
		delete(w.released, uid)
	}
}

// sees says whether a Gateway is in the latest World, as all are before there is one.
func (w *Worker) sees(gateway *gatewayv1.Gateway) bool {
	if w.seen == nil {
		return true
	}
	now := w.seen[world.Name{Namespace: gateway.Namespace, Name: gateway.Name}]
	return now != nil && now.UID == gateway.UID
}

// holds remembers a Gateway that has our finalizer since a moment ago. It may be gone already.
func (w *Worker) holds(hub string, gateway *gatewayv1.Gateway) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.sees(gateway) {
		w.held[string(gateway.UID)] = gateway
	} else {
		w.orphan(hub, gateway)
	}
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
