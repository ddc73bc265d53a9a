package aws

import (
	"cmp"
	"slices"
	"strings"

	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/stack"
)

// room tells whether the quotas leave room for what is wanted, before anything is made.
func (r *renderer) room() bool {
	quota, known := r.facts.Quotas[quotaLoadBalancers]
	if _, exists := r.existing(); !exists && known && r.facts.LoadBalancers >= quota {
		r.problemf("NoResources", "the region has %d application load balancers, which is its quota: delete "+
			"some, or ask for more in Service Quotas (Application Load Balancers per Region)", r.facts.LoadBalancers)
		return false
	}
	if quota, known := r.facts.Quotas[quotaListeners]; known && len(r.front.Ports) > quota {
		r.problemf("NoResources", "the Gateway has listeners on %d ports, and the quota is %d a load balancer: use "+
			"fewer ports, or ask for more in Service Quotas (Listeners per Application Load Balancer)", len(r.front.Ports), quota)
		return false
	}
	return true
}

// loadBalancer wants the load balancer.
func (r *renderer) loadBalancer(subnets []string) {
	groups := slices.Clone(r.spec.SecurityGroups)
	if len(groups) == 0 {
		groups = []string{groupFront}
	}
	groups = append(groups, groupBackend)
	slices.Sort(groups)
	r.want(KindLoadBalancer, r.lb, LoadBalancerSpec{
		Scheme: r.spec.Scheme, IPAddressType: r.spec.IPAddressType, VPC: r.vpc,
		Subnets: subnets, SecurityGroups: slices.Compact(groups),
		Attributes: loadBalancerAttributes(r.spec), Tags: r.tags(),
	})
}

// port wants the target groups, their targets and the listener of one port.
func (r *renderer) port(port ir.FrontPort) {
	spec := ListenerSpec{Port: port.Port, Protocol: string(port.Protocol), Tags: r.tags()}
	if port.Protocol == ir.FrontHTTPS && !r.secure(port, &spec) {
		return
	}
	shares := r.shares(port)
	for _, s := range shares {
		r.want(KindTargetGroup, s.group, TargetGroupSpec{
			VPC: r.vpc, Port: port.Port, HealthCheck: healthCheck(r.spec, r.front.HealthPort, r.front.HealthPath),
			Attributes: targetGroupAttributes(r.spec), Tags: r.tags(),
		})
		r.want(KindTargets, s.group, s.targets)
		// Requests are led away before the targets are taken out.
		last := &r.out.Resources[len(r.out.Resources)-1]
		last.After = []stack.ID{{Kind: KindListener, Name: listenerName(r.lb, port.Port)}}
	}
	spec.Forward = weights(shares)
	r.want(KindListener, listenerName(r.lb, port.Port), spec)
}

// secure fills in the TLS part of a listener; false if there is no certificate to serve.
func (r *renderer) secure(port ir.FrontPort, spec *ListenerSpec) bool {
	spec.SSLPolicy = defaultSSLPolicy
	if r.spec.TLS != nil {
		spec.SSLPolicy = cmp.Or(r.spec.TLS.SSLPolicy, defaultSSLPolicy)
	}
	names := r.certificatesOf(port)
	if len(names) == 0 {
		return false
	}
	if quota, known := r.facts.Quotas[quotaCertificates]; known && len(names)-1 > quota {
		r.problemf("NoResources", "port %d has %d certificates besides the default, and the quota is %d: the last ones are "+
			"not served; use certificates that cover more hostnames, or ask for more in Service Quotas", port.Port, len(names)-1, quota)
		names = names[:quota+1]
	}
	spec.Certificate = names[0]
	spec.Extra = slices.Sorted(slices.Values(names[1:]))
	return true
}

func sortWeighted(w []Weighted) {
	slices.SortFunc(w, func(a, b Weighted) int { return strings.Compare(a.TargetGroup, b.TargetGroup) })
}
