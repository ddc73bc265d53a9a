package aws

import (
	"fmt"
	"slices"

	awsv1alpha1 "github.com/fleetgate/fleetgate/apis/aws/v1alpha1"
	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/stack"
)

// Render maps a front to a Stack. It is pure.
func (p *Provider) Render(front ir.Front, have stack.Observed) (stack.Stack, []ir.Problem) {
	return render(front, have)
}

// renderer builds one Stack.
type renderer struct {
	front    ir.Front
	have     stack.Observed
	facts    Facts
	spec     awsv1alpha1.ALBConfigSpec
	lb       string // the load balancer's name: its scheme
	vpc      string
	out      stack.Stack
	problems []ir.Problem
}

func render(front ir.Front, have stack.Observed) (stack.Stack, []ir.Problem) {
	r := &renderer{have: have, facts: factsOf(have), out: stack.Stack{Owner: front.Owner}}
	if front.ALB != nil {
		r.spec = *front.ALB
	}
	r.spec = withDefaults(r.spec)
	r.lb = r.spec.Scheme
	r.out.Retain = r.spec.DeletionPolicy == awsv1alpha1.DeletionPolicyRetain
	if len(front.Ports) == 0 {
		return r.out, nil
	}
	r.front = front.LastGood(r.imported)
	subnets, ok := r.subnets()
	if !ok || len(r.front.Ports) == 0 || !r.room() {
		r.keepAll()
		return r.out, r.problems
	}
	r.groups()
	r.loadBalancer(subnets)
	for _, port := range r.front.Ports {
		r.port(port)
	}
	r.certificates()
	r.webACL()
	r.replace()
	r.makeRoom()
	stack.Sort(r.out.Resources)
	return r.out, r.problems
}

// want adds a resource.
func (r *renderer) want(kind stack.Kind, name string, spec any) {
	id := stack.ID{Kind: kind, Name: name}
	r.out.Resources = append(r.out.Resources, stack.Resource{ID: id, Spec: spec, DependsOn: dependencies(id, spec)})
}

// keepAll wants what is there: while the load balancer cannot be placed, or has nothing to listen with, nothing may be torn down.
func (r *renderer) keepAll() {
	for _, h := range r.have.Resources {
		r.want(h.ID.Kind, h.ID.Name, h.Spec)
	}
	stack.Sort(r.out.Resources)
}

// problemf adds one of the whole Gateway.
func (r *renderer) problemf(reason, format string, args ...any) {
	r.problems = append(r.problems, ir.Problem{
		Object: r.gateway(), Parent: -1, Type: "Programmed", Reason: reason, Message: fmt.Sprintf(format, args...),
	})
}

// listenerProblemf adds one of a listener's certificates.
func (r *renderer) listenerProblemf(listener, format string, args ...any) {
	r.problems = append(r.problems, ir.Problem{
		Object: r.gateway(), Listener: listener, Parent: -1, Type: "ResolvedRefs", Reason: "InvalidCertificateRef",
		Message: fmt.Sprintf(format, args...),
	})
}

func (r *renderer) gateway() ir.Object {
	return ir.Object{Kind: "Gateway", Namespace: r.front.Owner.Namespace, Name: r.front.Owner.Name}
}

// replace lets what belongs to the new load balancer take the place of what belongs to another: that goes
// once the new one and its targets are ready.
func (r *renderer) replace() {
	var old []stack.ID
	for _, h := range r.have.Resources {
		if lb := loadBalancerOf(h.ID); lb != "" && lb != r.lb {
			old = append(old, h.ID)
		}
	}
	if len(old) == 0 {
		return
	}
	for i, w := range r.out.Resources {
		if slices.Contains([]stack.Kind{KindLoadBalancer, KindListener, KindTargets}, w.ID.Kind) {
			r.out.Resources[i].Replaces = old
		}
	}
}

// makeRoom asks for rules to be deleted before others are made, where a group has no room for both.
func (r *renderer) makeRoom() {
	rules := map[string]map[string]bool{}
	count := func(id stack.ID, spec any) {
		if s, ok := spec.(RuleSpec); ok {
			if rules[s.Group] == nil {
				rules[s.Group] = map[string]bool{}
			}
			rules[s.Group][id.Name] = true
		}
	}
	for _, h := range r.have.Resources {
		count(h.ID, h.Spec)
	}
	for _, w := range r.out.Resources {
		count(w.ID, w.Spec)
	}
	for _, names := range rules {
		if len(names) > rulesPerGroup {
			r.out.DeleteFirst = []stack.Kind{KindSecurityGroupRule}
			return
		}
	}
}
