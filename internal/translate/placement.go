package translate

import (
	"maps"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/fleetgate/fleetgate/internal/ir"
)

// place chooses the members of a Gateway. A Gateway whose parameters cannot be read stays where its
// proxies already are.
func (t *translator) place(c *gatewayContext) {
	_, seen := t.w.Fronts[c.name]
	c.out.Serving = !c.out.Deleting && (c.out.Accepted || seen)
	if c.out.Deleting {
		return
	}
	selector := labels.Everything()
	if c.provider.Kind == albKind && !c.parametersBroken() {
		if placement := t.albSpec(c.parameters).Placement; placement != nil && placement.ClusterSelector != nil {
			chosen, err := metav1.LabelSelectorAsSelector(placement.ClusterSelector)
			if err == nil {
				selector = chosen
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(t.w.Members)) {
		member := t.w.Members[name]
		if c.parametersBroken() {
			if _, runs := member.Proxies[c.name]; !runs {
				continue
			}
		} else if !selector.Matches(labels.Set(member.Labels)) {
			continue
		}
		c.out.Members = append(c.out.Members, ir.Member{Name: name, Unreachable: member.Unreachable})
	}
}

// parametersBroken says that nothing can be read from the parameters.
func (c *gatewayContext) parametersBroken() bool {
	return slices.ContainsFunc(c.out.Problems, func(p ir.Problem) bool {
		return p.Reason == ir.InvalidParameters.Reason
	})
}
