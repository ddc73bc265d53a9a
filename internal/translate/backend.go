package translate

import (
	"fmt"
	"strings"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/world"
)

// maxWeight of a backendRef.
const maxWeight = 1_000_000

// backends translates the backendRefs of a rule. An invalid one keeps its weight: its share answers 500.
func (r *ruleContext) backends(redirects bool) []config.Backend {
	if redirects && len(r.rule.backends) > 0 {
		r.brokenf(ir.IncompatibleFilters, "RequestRedirect answers by itself: remove it, or remove backendRefs")
		return nil
	}
	out := make([]config.Backend, 0, len(r.rule.backends))
	for i := range r.rule.backends {
		spec := &r.rule.backends[i]
		field := fmt.Sprintf("backendRefs[%d]", i)
		backend := config.Backend{Weight: derefOr(spec.Weight, 1)}
		if backend.Weight < 0 || backend.Weight > maxWeight {
			r.brokenf(ir.UnsupportedValue, "%s.weight: %d is not between 0 and %d", field, backend.Weight, maxWeight)
		}
		backend.Pool, backend.Invalid = r.pool(field, &spec.BackendObjectReference, r.speaks)
		backend.Filters = r.filters(spec.Filters, field+".filters")
		out = append(out, backend)
	}
	return out
}

// pool resolves a reference to a Service's port: the pool's key, or why there is none.
func (r *ruleContext) pool(field string, ref *gatewayv1.BackendObjectReference, speaks speech) (key, fault string) {
	name := world.Name{Namespace: string(derefOr(ref.Namespace, gatewayv1.Namespace(r.name.Namespace))), Name: string(ref.Name)}
	if group, kind := deref(ref.Group), derefOr(ref.Kind, kindService); group != "" || kind != kindService {
		return "", r.unresolved(ir.InvalidKind, "%s: kind %s of group %q cannot be a backend: name a Service", field, kind, group)
	}
	if name.Namespace != r.name.Namespace {
		r.deps.onGrants(name.Namespace)
		from := grantFrom{gatewayv1.GroupName, r.key.Kind, r.name.Namespace}
		to := grantTo{"", kindService, name}
		if !r.t.permitted(from, to) {
			return "", r.unresolved(ir.RefNotPermitted, "%s: %s", field, notPermitted(from, to))
		}
	}
	r.deps.on(world.KindService, name.Namespace, name.Name)
	if ref.Port == nil {
		return "", r.unresolved(ir.UnsupportedBackend, "%s.port is missing: set the port of Service %s", field, name)
	}
	wanted := backendPort{name, *ref.Port, speaks}
	if known, done := r.set.found[wanted]; done {
		return known, ""
	}
	found := lookup{backendPort: wanted, members: r.parent.members}
	found.look()
	if len(found.ports) == 0 {
		code, message := found.fault()
		return "", r.unresolved(code, "%s: %s", field, message)
	}
	if len(found.lacking) > 0 {
		r.set.notes = append(r.set.notes, fmt.Sprintf("Service %s port %d is missing in %s", name, found.port, strings.Join(found.lacking, ", ")))
	}
	return r.secured(field, &found)
}

// secured adds the pool of a port that was found, with what policies say of it.
func (r *ruleContext) secured(field string, found *lookup) (key, fault string) {
	policy := r.policy(found, ir.BackendTLSPolicy)
	protected := policy != nil
	if !found.speaks.heeds(ir.BackendTLSPolicy) {
		policy = nil
	}
	switch {
	case policy != nil && policy.TLS == nil:
		return "", r.unresolved(ir.UnsupportedBackend,
			"%s: BackendTLSPolicy %s, which says how to speak to Service %s, cannot be used: see its conditions", field, policy.Key().Key, found.name)
	case policy == nil && found.speaks.wantsTLS() && found.tls != "":
		return "", r.unresolved(ir.BackendProtocol,
			"%s: Service %s port %d has appProtocol %s: create a BackendTLSPolicy that says whose certificate to expect, or use plain HTTP or kubernetes.io/h2c",
			field, found.name, found.port, found.tls)
	}
	pool := found.pool(protected)
	if policy != nil {
		pool.TLS = policy.TLS
	}
	if traffic := r.policy(found, ir.BackendTrafficPolicy); traffic != nil && found.speaks != speakUDP {
		pool.RetryBudget = traffic.RetryBudget
	}
	r.set.pools[pool.Key] = pool
	r.set.found[found.backendPort] = pool.Key
	return pool.Key, ""
}

// policy is the policy of a kind for a port: the one that names it comes before the one for the whole Service. A
// policy that changes counts as a change of its Services.
func (r *ruleContext) policy(found *lookup, kind string) *ir.Policy {
	var general, special *ir.Policy
	for _, at := range r.t.policies()[found.name] {
		named := at.target.Section != "" && found.named(at.target.Section)
		switch {
		case at.policy.Kind != kind, at.target.Section != "" && !named && !found.lacks(at.target.Section):
			continue // of another kind, or for another port
		case at.target.Lost:
		case named:
			special = at.policy
		case at.target.Section == "":
			general = at.policy
		}
		if found.speaks.heeds(kind) {
			r.set.policies = append(r.set.policies, at.policy.Key().String())
		}
	}
	if special != nil {
		return special
	}
	return general
}
