package proxies

import (
	"slices"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/internal/compile"
	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/world"
)

// FinalizerFront is on every Gateway that has, or may have, something in the cloud.
const FinalizerFront = "gateway.company.com/front"

// action is what is to be done about the proxies of one name in one member.
type action int

const (
	// keep leaves everything as it is: the front still sends requests to these proxies, or may.
	keep action = iota
	// deploy makes everything as it should be.
	deploy
	// remove takes away what is ours.
	remove
)

// view is what decisions are made from: one World and what it means.
type view struct {
	world *world.World
	ir    ir.IR
	// gone are the UIDs of Gateways whose front is destroyed: nothing sends to their proxies any more.
	gone map[world.Name]string
}

// decide says what to do about proxies in a member, and for which Gateway.
//
//	Gateway                                       | proxies
//	ours, serving, places the member              | deploy
//	ours, serving, does not place the member      | remove
//	ours, names a Secret that is unread           | keep
//	ours, being deleted or not serving            | keep, until its front is gone
//	not ours (any more), but with our finalizer   | keep, until its front is gone
//	not there, or without our finalizer           | remove
//
// That a front is gone counts for the Gateway that it was of, and until it is wanted again.
func (v view) decide(member, namespace, proxy string) (action, *ir.Gateway) {
	name, found := v.gatewayOf(namespace, proxy)
	if !found {
		return remove, nil
	}
	if v.wanted(name) {
		meant := v.ir.Gateway(name.Namespace, name.Name)
		if placed(meant, member) {
			return deploy, meant
		}
		return remove, nil
	}
	if meant := v.ir.Gateway(name.Namespace, name.Name); meant != nil && meant.Unread {
		return keep, nil
	}
	if held(v.world.Gateways[name]) && !v.isGone(name) {
		return keep, nil
	}
	return remove, nil
}

// wanted says that a Gateway should have proxies, and which is known.
func (v view) wanted(name world.Name) bool {
	meant := v.ir.Gateway(name.Namespace, name.Name)
	return meant != nil && meant.Serving && !meant.Deleting && !meant.Unread
}

// isGone says that the front of the Gateway which has that name now is destroyed.
func (v view) isGone(name world.Name) bool {
	uid, gone := v.gone[name]
	return gone && v.world.Gateways[name] != nil && string(v.world.Gateways[name].UID) == uid
}

// held says that a front of the Gateway may live on.
func held(gateway *gatewayv1.Gateway) bool {
	return gateway != nil && slices.Contains(gateway.Finalizers, FinalizerFront)
}

// gatewayOf finds the Gateway whose proxies have that name.
func (v view) gatewayOf(namespace, proxy string) (world.Name, bool) {
	for name := range v.world.Gateways {
		if name.Namespace == namespace && compile.ProxyName(name) == proxy {
			return name, true
		}
	}
	return world.Name{}, false
}

func placed(gateway *ir.Gateway, member string) bool {
	return slices.ContainsFunc(gateway.Members, func(m ir.Member) bool { return m.Name == member })
}

// touched are the Gateways for which proxies may need something else than before.
func touched(before, after view) map[world.Name]bool {
	out := map[world.Name]bool{}
	old := map[world.Name]*ir.Gateway{}
	for _, gateway := range before.ir.Gateways {
		old[world.Name(gateway.Key())] = gateway
	}
	for _, gateway := range after.ir.Gateways {
		name := world.Name(gateway.Key())
		if !gateway.Alike(old[name]) {
			out[name] = true
		}
		delete(old, name)
	}
	for name := range old {
		out[name] = true
	}
	for name := range after.gone {
		out[name] = true
	}
	for change := range ir.Diff(before.ir.Routes, after.ir.Routes) {
		if change.Alike() {
			continue
		}
		addGateways(out, change.Before)
		addGateways(out, change.After)
	}
	return out
}

// addGateways adds those that a route is for, which may be nil.
func addGateways(out map[world.Name]bool, route *ir.Route) {
	if route == nil {
		return
	}
	for _, part := range route.Gateways {
		if namespace, name, ok := cut(part.Gateway); ok {
			out[world.Name{Namespace: namespace, Name: name}] = true
		}
	}
}
