package translate

import (
	"cmp"
	"reflect"
	"slices"
	"sync"

	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/world"
)

// policyAt is a policy with one of its targets.
type policyAt struct {
	policy *ir.Policy
	target ir.PolicyTarget
}

// policyClaims are the policies that name a Service, by that Service.
func policyClaims(w *world.World) map[world.Name][]ir.PolicyKey {
	out := map[world.Name][]ir.PolicyKey{}
	for _, key := range policyKeys(w) {
		for _, service := range targetsOf(w, key) {
			out[service] = append(out[service], key)
		}
	}
	return out
}

// targetsOf are the Services that a policy names, each once; none if there is no such policy.
func targetsOf(w *world.World, key ir.PolicyKey) []world.Name {
	source := policySourceOf(w, key)
	if source == nil {
		return nil
	}
	var out []world.Name
	for _, ref := range source.targets {
		service := world.Name{Namespace: key.Namespace, Name: string(ref.Name)}
		if isTarget(ref, service.Name) && !slices.Contains(out, service) {
			out = append(out, service)
		}
	}
	return out
}

// seePolicies makes the policies known to the translation of Gateways and routes.
func (t *translator) seePolicies(policies []*ir.Policy) {
	t.policies = sync.OnceValue(func() map[world.Name][]policyAt {
		out := map[world.Name][]policyAt{}
		for _, policy := range policies {
			for _, target := range policy.Targets {
				service := world.Name{Namespace: policy.Namespace, Name: target.Service}
				out[service] = append(out[service], policyAt{policy, target})
			}
		}
		return out
	})
}

// allPolicies translates all policies.
func (t *translator) allPolicies() []*ir.Policy {
	var out []*ir.Policy
	for _, key := range policyKeys(t.w) {
		out = append(out, t.policy(key))
	}
	return out
}

// changedPolicies are all policies, those of prev where nothing that they depend on changed. The Services of
// policies that routes see otherwise than before are marked as changed for them.
func (t *translator) changedPolicies(prev ir.IR, marks dirty, changed []world.Key) []*ir.Policy {
	if len(marks) == 0 {
		return slices.Clone(prev.Policies)
	}
	for _, key := range changed {
		if isPolicy(key.Kind) {
			t.markPolicy(prev, marks, ir.PolicyKey{Key: ir.Key(key.Name), Kind: string(key.Kind)})
		}
	}
	var out []*ir.Policy
	for _, key := range policyKeys(t.w) {
		before := prev.Policy(key)
		after := before
		if before == nil || marks.touches(before.Deps) {
			after = t.policyAgain(before, key)
		}
		out = append(out, after)
	}
	for _, after := range out {
		if before := prev.Policy(after.Key()); before != nil && before != after && !samePolicy(before, after) {
			marks.markTargets(after)
		}
	}
	return out
}

// markPolicy marks the Services that a policy which changed was for, and those that it is for now.
func (t *translator) markPolicy(prev ir.IR, marks dirty, key ir.PolicyKey) {
	if before := prev.Policy(key); before != nil {
		marks.markTargets(before)
	}
	for _, service := range targetsOf(t.w, key) {
		marks.mark(world.Key{Kind: world.KindService, Name: service})
	}
}

// policyAgain translates a policy, and gives the one before if nothing came of it.
func (t *translator) policyAgain(before *ir.Policy, key ir.PolicyKey) *ir.Policy {
	after := t.policy(key)
	if before == nil {
		return after
	}
	after.Ancestors = before.Ancestors
	if reflect.DeepEqual(before, after) {
		return before
	}
	return after
}

// markTargets marks the Services of a policy as changed for routes.
func (d dirty) markTargets(policy *ir.Policy) {
	for _, target := range policy.Targets {
		d.mark(world.Key{Kind: world.KindService, Name: world.Name{Namespace: policy.Namespace, Name: target.Service}})
	}
}

// samePolicy says whether routes see two versions of a policy alike.
func samePolicy(before, after *ir.Policy) bool {
	return slices.Equal(before.Targets, after.Targets) &&
		reflect.DeepEqual(before.TLS, after.TLS) && reflect.DeepEqual(before.RetryBudget, after.RetryBudget)
}

// ancestry is a policy with a Gateway that needs it, or whose routes do.
type ancestry struct {
	policy  string
	gateway string
}

// ancestries counts who needs a policy, by Gateway: its routes, and the Gateway for its listeners.
type ancestries map[ancestry]int32

func (a ancestries) addGateway(gateway *ir.Gateway, by int32) {
	if gateway == nil {
		return
	}
	for _, policy := range gateway.Policies {
		a[ancestry{policy, gateway.Key().String()}] += by
	}
}

func (a ancestries) add(route *ir.Route, by int32) {
	for i := range route.Gateways {
		for _, policy := range route.Gateways[i].Policies {
			a[ancestry{policy, route.Gateways[i].Gateway}] += by
		}
	}
}

// countAncestors sets the Ancestors of new policies.
func (t *translator) countAncestors(made ir.IR) {
	counts := ancestries{}
	for _, gateway := range made.Gateways {
		counts.addGateway(gateway, 1)
	}
	for route := range made.Routes.All() {
		counts.add(route, 1)
	}
	for i, policy := range made.Policies {
		made.Policies[i] = t.withAncestors(policy, counts.of(policy))
	}
}

// recountAncestors takes the old routes and Gateways off the ancestors of their policies, and puts the fresh ones on.
func (t *translator) recountAncestors(prev, next ir.IR, fresh map[ir.RouteKey]*ir.Route) {
	policies := next.Policies
	if len(policies) == 0 {
		return
	}
	delta := ancestries{}
	for _, gateway := range prev.Gateways {
		delta.addGateway(gateway, -1)
	}
	for _, gateway := range next.Gateways {
		delta.addGateway(gateway, 1)
	}
	for key, route := range fresh {
		if before := prev.Route(key); before != nil {
			delta.add(before, -1)
		}
		if route != nil {
			delta.add(route, 1)
		}
	}
	for i, policy := range policies {
		policies[i] = t.withAncestors(policy, delta.of(policy))
	}
}

// of are the counts of one policy, by Gateway.
func (a ancestries) of(policy *ir.Policy) map[string]int32 {
	out := map[string]int32{}
	for at, count := range a {
		if at.policy == policy.Key().String() {
			out[at.gateway] = count
		}
	}
	return out
}

// withAncestors is the policy with these counts more; itself if that makes no difference.
func (t *translator) withAncestors(policy *ir.Policy, more map[string]int32) *ir.Policy {
	for _, have := range policy.Ancestors {
		more[have.Gateway] += have.Routes
	}
	var out []ir.PolicyAncestor
	for _, gateway := range t.gateways {
		if name := gateway.Key().String(); more[name] > 0 {
			out = append(out, ir.PolicyAncestor{Gateway: name, Controller: gateway.Controller, Routes: more[name]})
		}
	}
	slices.SortFunc(out, func(a, b ir.PolicyAncestor) int { return cmp.Compare(a.Gateway, b.Gateway) })
	if slices.Equal(out, policy.Ancestors) {
		return policy
	}
	copied := *policy
	copied.Ancestors = out
	return &copied
}
