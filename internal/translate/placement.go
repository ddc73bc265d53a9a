package translate

import (
	"maps"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/world"
)

// place chooses the members of a Gateway. A Gateway whose parameters cannot be read stays where its
// proxies already are.
func (t *translator) place(c *gatewayContext) {
	if c.out.Deleting {
		return
	}
	chosen := t.chooser(c)
	for _, name := range slices.Sorted(maps.Keys(t.w.Members)) {
		member := t.w.Members[name]
		if chosen(member) {
			c.out.Members = append(c.out.Members, ir.Member{Name: name, Unreachable: member.Unreachable})
		}
	}
}

// chooser says which members a Gateway is placed in.
func (t *translator) chooser(c *gatewayContext) func(*world.Member) bool {
	if c.parametersBroken() {
		return func(member *world.Member) bool {
			_, runs := member.Proxies[c.name]
			return runs
		}
	}
	selector := labels.Everything()
	if chosen := t.clusterSelector(c); chosen != nil {
		// An error has made the parameters broken before.
		selector, _ = metav1.LabelSelectorAsSelector(chosen)
	}
	return func(member *world.Member) bool { return selector.Matches(labels.Set(member.Labels)) }
}

// clusterSelector is that of the parameters; nil for none.
func (t *translator) clusterSelector(c *gatewayContext) *metav1.LabelSelector {
	switch c.provider.Kind {
	case albKind:
		if placement := t.albSpec(c.parameters).Placement; placement != nil {
			return placement.ClusterSelector
		}
	case serviceKind:
		if placement := t.serviceSpec(c.parameters).Placement; placement != nil {
			return placement.ClusterSelector
		}
	}
	return nil
}

// parametersBroken says that nothing can be read from the parameters.
func (c *gatewayContext) parametersBroken() bool {
	return slices.ContainsFunc(c.out.Problems, func(p ir.Problem) bool {
		return p.Reason == ir.InvalidParameters.Reason
	})
}
