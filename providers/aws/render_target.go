package aws

import (
	"fmt"
	"hash/fnv"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/stack"
)

// share is one target group of a port: of one member, or of several where there are more than an action takes.
type share struct {
	group   string
	targets TargetsSpec
	// weight that is declared.
	weight int32
	// healthy is how many targets the load balancer finds healthy.
	healthy int
}

// most is the highest weight that ELB takes.
const mostWeight = 999

// shares spreads the members of a port over target groups, sorted by name.
func (r *renderer) shares(port ir.FrontPort) []share {
	groups := map[string][]ir.TargetSet{}
	for _, set := range port.Targets {
		name := targetGroupName(r.lb, port.Port, set.Member)
		if len(port.Targets) > groupsPerAction {
			name = targetGroupName(r.lb, port.Port, sharedGroup(set.Member))
		}
		groups[name] = append(groups[name], set)
	}
	var out []share
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		out = append(out, r.share(name, port.Port, groups[name]))
	}
	return out
}

// sharedGroup is one of five names, the same for a member whatever the others are. The dot keeps it apart from members' names
// of one label.
func sharedGroup(member string) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(member)) // a hash never fails
	return fmt.Sprintf("shared.%d", h.Sum32()%groupsPerAction)
}

// share fills one target group. What is registered of a member that cannot be asked stays. In a group that
// members share, a member of weight 0 is kept out, since it has no weight of its own there.
func (r *renderer) share(name string, port int32, sets []ir.TargetSet) share {
	out := share{group: name, targets: TargetsSpec{Port: port}}
	have, registered := r.have.Get(stack.ID{Kind: KindTargets, Name: name})
	addresses := map[string]Target{}
	for _, set := range sets {
		out.weight = min(out.weight+set.Weight, mostWeight)
		if set.Weight == 0 && len(sets) > 1 {
			continue
		}
		r.addresses(set, addresses)
		if old, ok := have.Spec.(TargetsSpec); ok && set.Unknown {
			for _, t := range old.Targets {
				addresses[t.Address] = t
			}
		}
	}
	out.targets.Targets = slices.SortedFunc(maps.Values(addresses), func(a, b Target) int { return strings.Compare(a.Address, b.Address) })
	if registered {
		out.healthy, _ = strconv.Atoi(have.Facts[factHealthy]) // missing is none
	}
	return out
}

// addresses adds a member's proxies. Target groups of type ip have one family, and it is IPv4.
func (r *renderer) addresses(set ir.TargetSet, to map[string]Target) {
	for _, a := range set.Addresses {
		if addr, err := netip.ParseAddr(a); err == nil && addr.Unmap().Is4() {
			to[addr.Unmap().String()] = Target{Address: addr.Unmap().String(), Outside: r.outside(addr.Unmap())}
		}
	}
}

// weights are what the listener forwards by. ELB sends a group its share whether or not anybody is there
// to answer, so a group without healthy targets gets none while another has some.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-target-groups.html#target-group-health
func weights(shares []share) []Weighted {
	for _, able := range []func(share) bool{
		func(s share) bool { return s.healthy > 0 && len(s.targets.Targets) > 0 },
		func(s share) bool { return len(s.targets.Targets) > 0 },
		func(share) bool { return true },
	} {
		var out []Weighted
		total := int32(0)
		for _, s := range shares {
			w := Weighted{TargetGroup: s.group}
			if able(s) {
				w.Weight = s.weight
			}
			total += w.Weight
			out = append(out, w)
		}
		if total > 0 {
			sortWeighted(out)
			return out
		}
	}
	var none []Weighted
	for _, s := range shares {
		none = append(none, Weighted{TargetGroup: s.group})
	}
	return none
}
