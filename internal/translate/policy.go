package translate

import (
	"cmp"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/world"
)

// policySource is what policies of all kinds have in common.
type policySource struct {
	*metav1.ObjectMeta
	targets []gatewayv1.LocalPolicyTargetReferenceWithSectionName
	// read translates what they do not have in common.
	read func(*policyContext)
}

// policyKeys are all policies of a World, sorted.
func policyKeys(w *world.World) []ir.PolicyKey {
	out := make([]ir.PolicyKey, 0, len(w.BackendTLS)+len(w.BackendTraffic))
	for name := range w.BackendTLS {
		out = append(out, ir.PolicyKey{Key: ir.Key(name), Kind: ir.BackendTLSPolicy})
	}
	for name := range w.BackendTraffic {
		out = append(out, ir.PolicyKey{Key: ir.Key(name), Kind: ir.BackendTrafficPolicy})
	}
	slices.SortFunc(out, ir.PolicyKey.Compare)
	return out
}

// isPolicy says whether a kind is one of policies.
func isPolicy(kind world.Kind) bool {
	return kind == world.KindBackendTLSPolicy || kind == world.KindTrafficPolicy
}

// policySourceOf reads a policy; nil if there is none.
func policySourceOf(w *world.World, key ir.PolicyKey) *policySource {
	name := world.Name(key.Key)
	switch key.Kind {
	case ir.BackendTLSPolicy:
		if object := w.BackendTLS[name]; object != nil {
			return &policySource{&object.ObjectMeta, object.Spec.TargetRefs, func(p *policyContext) { p.backendTLS(object) }}
		}
	case ir.BackendTrafficPolicy:
		if object := w.BackendTraffic[name]; object != nil {
			out := &policySource{ObjectMeta: &object.ObjectMeta, read: func(p *policyContext) { p.backendTraffic(object) }}
			for _, ref := range object.Spec.TargetRefs {
				out.targets = append(out.targets, gatewayv1.LocalPolicyTargetReferenceWithSectionName{
					LocalPolicyTargetReference: ref,
				})
			}
			return out
		}
	}
	return nil
}

// policyContext is a policy on its way through translation.
type policyContext struct {
	t      *translator
	key    ir.PolicyKey
	source *policySource
	out    *ir.Policy
	deps   dependencies
}

func (p *policyContext) refusef(code ir.Code, format string, args ...any) {
	object := ir.Object{Kind: p.key.Kind, Namespace: p.key.Namespace, Name: p.key.Name}
	p.out.Problems = append(p.out.Problems, code.Problem(object, format, args...))
}

// policy translates a policy that is there.
func (t *translator) policy(key ir.PolicyKey) *ir.Policy {
	source := policySourceOf(t.w, key)
	p := &policyContext{
		t: t, key: key, source: source, deps: dependencies{},
		out: &ir.Policy{Kind: key.Kind, Namespace: key.Namespace, Name: key.Name, Generation: source.Generation},
	}
	if !source.CreationTimestamp.IsZero() {
		p.out.Created = source.CreationTimestamp.Unix()
	}
	p.deps.on(world.Kind(key.Kind), key.Namespace, key.Name)
	p.targets()
	source.read(p)
	p.out.Deps = p.deps.sorted()
	return p.out
}

// usable says that the policy is valid where it is the one that counts.
func (p *policyContext) usable() bool {
	return !slices.ContainsFunc(p.out.Problems, func(problem ir.Problem) bool {
		return problem.Type == ir.PolicyInvalid.Type && problem.Reason != ir.PolicyConflicted.Reason && problem.Reason != ir.TargetNotFound.Reason
	})
}

// targets reads which Services the policy is for, and where an older one is for the same. A target that is not
// there is a fault of the whole policy only if there is no other.
func (p *policyContext) targets() {
	var absent []string
	for i, ref := range p.source.targets {
		if ref.Group != "" || ref.Kind != kindService {
			absent = append(absent, fmt.Sprintf("targetRefs[%d]: %s/%s cannot be a target: name a Service", i, ref.Group, ref.Kind))
			continue
		}
		target := ir.PolicyTarget{Service: string(ref.Name), Section: string(deref(ref.SectionName))}
		service := world.Name{Namespace: p.key.Namespace, Name: target.Service}
		p.deps.on(world.KindService, service.Namespace, service.Name)
		if winner := p.t.winner(p.key.Kind, service, target.Section); winner != p.key {
			target.Lost = true
			p.refusef(ir.PolicyConflicted, "targetRefs[%d]: %s %s is for the same %s and takes precedence: remove one of them",
				i, winner.Kind, winner.Key, describeTarget(target))
		}
		if target.Section != "" && !p.hasPort(service, target.Section) {
			absent = append(absent, fmt.Sprintf("targetRefs[%d].sectionName: Service %s has no port named %s", i, service, target.Section))
		}
		p.out.Targets = append(p.out.Targets, target)
	}
	code := ir.TargetNotFound
	if len(absent) < len(p.source.targets) {
		code = ir.TargetIgnored
	}
	for _, message := range absent {
		p.refusef(code, "%s", message)
	}
}

func describeTarget(target ir.PolicyTarget) string {
	if target.Section == "" {
		return "Service " + target.Service
	}
	return fmt.Sprintf("port %s of Service %s", target.Section, target.Service)
}

// hasPort says whether a Service has a port of this name in some member; it may have if it is in none.
func (p *policyContext) hasPort(service world.Name, name string) bool {
	p.deps.onMembers()
	exists := false
	for _, member := range p.t.w.Members {
		object := member.Services.Get(service)
		exists = exists || object != nil
		if object != nil && slices.ContainsFunc(object.Spec.Ports, func(port corev1.ServicePort) bool { return port.Name == name }) {
			return true
		}
	}
	return !exists
}

// winner is the policy of a kind for a Service's port that takes precedence: the oldest, then the first by name.
func (t *translator) winner(kind string, service world.Name, section string) ir.PolicyKey {
	var best ir.PolicyKey
	var oldest metav1.Time
	for _, key := range t.claims()[service] {
		source := policySourceOf(t.w, key)
		aims := slices.ContainsFunc(source.targets, func(ref gatewayv1.LocalPolicyTargetReferenceWithSectionName) bool {
			return isTarget(ref, service.Name) && string(deref(ref.SectionName)) == section
		})
		if key.Kind != kind || !aims {
			continue
		}
		older := cmp.Or(source.CreationTimestamp.Compare(oldest.Time), key.Compare(best)) < 0
		if best.Name == "" || older {
			best, oldest = key, source.CreationTimestamp
		}
	}
	return best
}

func isTarget(ref gatewayv1.LocalPolicyTargetReferenceWithSectionName, service string) bool {
	return ref.Group == "" && ref.Kind == kindService && string(ref.Name) == service
}
