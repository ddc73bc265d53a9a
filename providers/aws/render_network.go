package aws

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/fleetgate/fleetgate/internal/stack"
)

// subnets chooses one subnet in each zone of one VPC; ok is false if the load balancer cannot be placed.
// A load balancer that is there keeps the subnets that it has, as long as they match.
func (r *renderer) subnets() (ids []string, ok bool) {
	found := r.facts.Subnets
	if !r.checkNamed(found) {
		return nil, false
	}
	vpcs := map[string]bool{}
	for _, s := range found {
		vpcs[s.VPC] = true
	}
	switch existing, exists := r.existing(); {
	case len(vpcs) == 0:
		r.problemf("Invalid", "no subnet for a load balancer that is %s: tag subnets in at "+
			"least two zones with %s=1, or name them in the ALBConfig's spec.subnets", r.lb, roleTag(r.lb))
		return nil, false
	case len(vpcs) > 1:
		r.problemf("Invalid", "the subnets found are in several VPCs (%s): "+
			"name those of one VPC in the ALBConfig's spec.subnets", strings.Join(slices.Sorted(maps.Keys(vpcs)), ", "))
		return nil, false
	case exists && !vpcs[existing.VPC]:
		r.problemf("Invalid", "the load balancer is in %s and cannot move to the VPC of "+
			"the subnets declared: delete the Gateway and make it again", existing.VPC)
		return nil, false
	default:
		r.vpc = found[0].VPC
		ids = onePerZone(found, existing.Subnets)
	}
	if len(ids) < 2 {
		r.problemf("Invalid", "a load balancer needs subnets in two zones at least, and those found are all in %s: tag or name more", found[0].Zone)
		return nil, false
	}
	return ids, true
}

// existing is the load balancer that is there, if it is the wanted one.
func (r *renderer) existing() (LoadBalancerSpec, bool) {
	h, ok := r.have.Get(stack.ID{Kind: KindLoadBalancer, Name: r.lb})
	spec, _ := h.Spec.(LoadBalancerSpec)
	return spec, ok
}

// checkNamed reports subnets that are named by id and do not exist, or share a zone.
func (r *renderer) checkNamed(found []Subnet) bool {
	if r.spec.Subnets == nil || len(r.spec.Subnets.IDs) == 0 {
		return true
	}
	zones := map[string]string{}
	for _, id := range slices.Sorted(slices.Values(r.spec.Subnets.IDs)) {
		i := slices.IndexFunc(found, func(s Subnet) bool { return s.ID == id })
		if i < 0 {
			r.problemf("Invalid", "subnet %s of the ALBConfig does not exist in %s: correct spec.subnets.ids", id, r.facts.Region)
			return false
		}
		if other := zones[found[i].Zone]; other != "" {
			r.problemf("Invalid", "subnets %s and %s are both in zone %s: name one subnet a zone in spec.subnets.ids", other, id, found[i].Zone)
			return false
		}
		zones[found[i].Zone] = id
	}
	return true
}

func onePerZone(found []Subnet, have []string) []string {
	zones := map[string]string{}
	for _, s := range found {
		if zones[s.Zone] == "" || slices.Contains(have, s.ID) && !slices.Contains(have, zones[s.Zone]) {
			zones[s.Zone] = s.ID
		}
	}
	return slices.Sorted(maps.Values(zones))
}

// groups wants the security groups and their rules: one that clients reach, unless the user named his own, and
// one by which the nodes of the members know the load balancer.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-update-security-groups.html
func (r *renderer) groups() {
	if len(r.spec.SecurityGroups) == 0 {
		r.want(KindSecurityGroup, groupFront, SecurityGroupSpec{VPC: r.vpc, Tags: r.tags()})
		for _, cidr := range r.inbound() {
			for _, port := range r.front.Ports {
				r.rule(RuleSpec{Group: groupFront, Port: port.Port, CIDR: cidr})
			}
		}
	}
	r.want(KindSecurityGroup, groupBackend, SecurityGroupSpec{VPC: r.vpc, Tags: r.tags()})
	ports := []int32{r.front.HealthPort}
	for _, port := range r.front.Ports {
		ports = append(ports, port.Port)
	}
	slices.Sort(ports)
	groups := slices.Clone(r.facts.NodeGroups)
	groups = slices.DeleteFunc(groups, func(g NodeGroup) bool {
		return g.VPC != r.vpc || !slices.Contains(r.front.Members, g.Member)
	})
	slices.SortFunc(groups, func(a, b NodeGroup) int { return cmp.Compare(a.ID, b.ID) })
	groups = slices.CompactFunc(groups, func(a, b NodeGroup) bool { return a.ID == b.ID })
	for _, g := range groups {
		for _, port := range slices.Compact(ports) {
			r.rule(RuleSpec{Group: g.ID, Port: port, Source: groupBackend})
		}
	}
}

func (r *renderer) rule(s RuleSpec) { r.want(KindSecurityGroupRule, ruleName(s), s) }

// inbound are the networks that may reach the listeners, in the form in which EC2 keeps them.
func (r *renderer) inbound() []string {
	dual := r.spec.IPAddressType != ipv4
	declared := r.spec.InboundCIDRs
	if len(declared) == 0 {
		declared = []string{"0.0.0.0/0", "::/0"}
	}
	var out []string
	for _, c := range declared {
		p, err := netip.ParsePrefix(c)
		if err != nil || p.Addr().Is6() && !dual {
			continue // the CRD has refused what is no network; IPv6 never reaches an IPv4 load balancer
		}
		out = append(out, p.Masked().String())
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// tags are a copy of the user's, nil for none.
func (r *renderer) tags() map[string]string {
	if len(r.spec.Tags) == 0 {
		return nil
	}
	return maps.Clone(r.spec.Tags)
}

// outside tells whether an address is not one of the VPC's.
func (r *renderer) outside(addr netip.Addr) bool {
	for _, c := range r.facts.VPCCIDRs[r.vpc] {
		if p, err := netip.ParsePrefix(c); err == nil && p.Contains(addr) {
			return false
		}
	}
	return true
}
