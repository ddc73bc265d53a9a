package translate

import (
	"cmp"
	"reflect"
	"slices"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/world"
)

// policyAt is a policy with one of its targets.
type policyAt struct {
	policy *ir.Policy
	target ir.PolicyTarget
}

// policyClaims are the names of the BackendTLSPolicies that name a Service, by that Service.
func policyClaims(policies map[world.Name]*gatewayv1.BackendTLSPolicy) map[world.Name][]world.Name {
	out := map[world.Name][]world.Name{}
	for _, name := range sortedNames(policies) {
		for _, service := range targetsOf(name, policies[name]) {
			out[service] = append(out[service], name)
		}
	}
	return out
}

// targetsOf are the Services that a policy names, each once.
func targetsOf(name world.Name, policy *gatewayv1.BackendTLSPolicy) []world.Name {
	var out []world.Name
	for _, ref := range policy.Spec.TargetRefs {
		service := world.Name{Namespace: name.Namespace, Name: string(ref.Name)}
		if isTarget(ref, service.Name) && !slices.Contains(out, service) {
			out = append(out, service)
		}
	}
	return out
}

// seePolicies makes the policies known to the translation of routes.
func (t *translator) seePolicies(policies []*ir.Policy) {
	t.policies = map[world.Name][]policyAt{}
	for _, policy := range policies {
		for _, target := range policy.Targets {
			service := world.Name{Namespace: policy.Namespace, Name: target.Service}
			t.policies[service] = append(t.policies[service], policyAt{policy, target})
		}
	}
}

// allPolicies translates all BackendTLSPolicies.
func (t *translator) allPolicies() []*ir.Policy {
	var out []*ir.Policy
	for _, name := range sortedNames(t.w.BackendTLS) {
		out = append(out, t.policy(name))
	}
	return out
}

// changedPolicies are all policies, those of prev where nothing that they depend on changed. The Services of
// policies that routes see otherwise than before are marked as changed for them.
func (t *translator) changedPolicies(prev ir.IR, marks dirty, changed []world.Key) []*ir.Policy {
	for _, key := range changed {
		if key.Kind == world.KindBackendTLSPolicy {
			t.markPolicy(prev, marks, key.Name)
		}
	}
	var out []*ir.Policy
	for _, name := range sortedNames(t.w.BackendTLS) {
		before := prev.Policy(ir.Key(name))
		after := before
		if before == nil || marks.touches(before.Deps) {
			after = t.policyAgain(before, name)
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
func (t *translator) markPolicy(prev ir.IR, marks dirty, name world.Name) {
	if before := prev.Policy(ir.Key(name)); before != nil {
		marks.markTargets(before)
	}
	if now := t.w.BackendTLS[name]; now != nil {
		for _, service := range targetsOf(name, now) {
			marks.mark(world.Key{Kind: world.KindService, Name: service})
		}
	}
}

// policyAgain translates a policy, and gives the one before if nothing came of it.
func (t *translator) policyAgain(before *ir.Policy, name world.Name) *ir.Policy {
	after := t.policy(name)
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
	return slices.Equal(before.Targets, after.Targets) && reflect.DeepEqual(before.TLS, after.TLS)
}

// ancestry is a policy with a Gateway whose routes need it.
type ancestry struct {
	policy  string
	gateway string
}

// ancestries counts the routes that need a policy, by Gateway.
type ancestries map[ancestry]int32

func (a ancestries) add(route *ir.Route, by int32) {
	for i := range route.Gateways {
		for _, policy := range route.Gateways[i].Policies {
			a[ancestry{policy, route.Gateways[i].Gateway}] += by
		}
	}
}

// countAncestors sets the Ancestors of new policies.
func (t *translator) countAncestors(policies []*ir.Policy, routes []*ir.Route) {
	counts := ancestries{}
	for _, route := range routes {
		counts.add(route, 1)
	}
	for i, policy := range policies {
		policies[i] = t.withAncestors(policy, counts.of(policy))
	}
}

// recountAncestors takes the old routes off the ancestors of their policies, and puts the fresh ones on.
func (t *translator) recountAncestors(prev ir.IR, policies []*ir.Policy, fresh map[ir.RouteKey]*ir.Route) {
	if len(policies) == 0 {
		return
	}
	delta := ancestries{}
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
