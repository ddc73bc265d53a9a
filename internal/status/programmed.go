package status

import (
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/world"
)

// serving is how far a Gateway, or one of its ListenerSets, is.
type serving int

const (
	// hindered is what does not serve since nothing of the Gateway does: see its condition Programmed.
	hindered serving = iota + 1
	// waiting is what proxies or the front do not have yet as it is now.
	waiting
	// served is what they have.
	served
)

// moment is a Gateway at one moment, with all that conditions Programmed are made of.
type moment struct {
	w     *world.World
	g     *ir.Gateway
	front world.Front
	roots *roots
	// reached are the placed members that can be asked.
	reached []reach
	// reason and message say why nothing of the Gateway serves; "" if nothing hinders.
	reason, message string
}

// at is a Gateway of ours now.
func (h *History) at(w *world.World, g *ir.Gateway) *moment {
	m := &moment{w: w, g: g, front: w.Fronts[world.Name(g.Key())], roots: h.of(g)}
	for _, placed := range g.Members {
		if placed.Unreachable == "" {
			m.reached = append(m.reached, m.roots.reach(placed.Name, m.proxies(placed.Name), g.Generation))
		}
	}
	m.reason, m.message = m.hindrance()
	return m
}

func (m *moment) proxies(member string) world.Proxies {
	return m.w.Members[member].Proxies[world.Name(m.g.Key())]
}

// hindrance is why nothing of the Gateway serves. That the Gateway is another one than proxies and front have is none: its
// listeners and ListenerSets of before serve on.
func (m *moment) hindrance() (reason, message string) {
	g, front := m.g, m.front
	asked := refused(g, front)
	switch {
	case !g.Accepted:
		return "Invalid", "The Gateway is not accepted: see that condition."
	case front.Error != "" && front.Invalid:
		return "Invalid", front.Error
	case front.Error != "":
		return "Pending", front.Error
	case len(asked) > 0:
		return "AddressNotUsable", "The front was not given the addresses that were asked for: " + strings.Join(asked, ", ") +
			": ask for others, or see why in the events of the Services of the Gateway."
	case !front.Active && front.Pending != "":
		return "Pending", front.Pending
	case !front.Active:
		return "Pending", "The front is not active for this generation yet."
	case len(front.Addresses) == 0:
		return "AddressNotAssigned", "The front has no address yet."
	case len(g.Members) == 0:
		return "NoResources", "No member is placed: no cluster of the fleet matches the placement of the parameters, or there is none."
	}
	if absent := m.absent(); len(absent) > 0 {
		return "Pending", missing(absent)
	}
	return "", ""
}

func missing(where []string) string { return "Proxies are missing: " + strings.Join(where, "; ") }

// absent names the reachable members that have no ready proxies.
func (m *moment) absent() []string {
	if len(m.reached) == 0 {
		return []string{"no member can be asked"}
	}
	var out []string
	for _, reached := range m.reached {
		switch proxies := m.proxies(reached.member); {
		case proxies.Problem != "":
			out = append(out, reached.member+": "+proxies.Problem)
		case proxies.Ready == 0:
			out = append(out, reached.member+" has no ready proxy")
		}
	}
	return out
}

// behind names the reachable members where no ready proxy has a part of the root as it is now. says tells whether the status of
// the object says that it is programmed: where proxies have a root that was not seen, that is the best that is known.
func (m *moment) behind(p *part, says func() bool) []string {
	var out []string
	for _, reached := range m.reached {
		if reached.number < p.since && (!reached.unknown || !says()) {
			out = append(out, reached.member+" has no ready proxy with the Gateway as it is now")
		}
	}
	return out
}

// programmed is the condition of the Gateway itself: True when its front is active for this generation and has what its listeners
// rest on, and a ready proxy in every placed, reachable member has what it says.
func (m *moment) programmed() (serving, metav1.Condition) {
	no := func(reason, message string) metav1.Condition {
		return gatewayProgrammed.because(metav1.ConditionFalse, reason, message, m.g.Generation)
	}
	switch {
	case m.reason != "":
		return hindered, no(m.reason, m.message)
	case m.front.Generation != m.g.Generation:
		return waiting, no("Pending", "The front is not active for this generation yet.")
	case !m.opened(m.g.Own(), m.saysGateway):
		return waiting, no("Pending", "The front does not have the listeners as they are now yet.")
	}
	if behind := m.behind(&m.roots.own, m.saysGateway); len(behind) > 0 {
		return waiting, no("Pending", missing(behind))
	}
	return served, gatewayProgrammed.is(metav1.ConditionTrue, m.g.Generation)
}

// serving is how far a ListenerSet is, which has that part of the root.
func (m *moment) serving(set *ir.ListenerSet, part *part) serving {
	says := func() bool { return m.saysSet(set) }
	switch {
	case m.reason != "":
		return hindered
	case !m.opened(m.g.ListenersOf(set), says), len(m.behind(part, says)) > 0:
		return waiting
	}
	return served
}

func (m *moment) saysGateway() bool {
	object := m.w.Gateways[world.Name(m.g.Key())]
	return object != nil && says(object.Status.Conditions, m.g.Generation)
}

func (m *moment) saysSet(set *ir.ListenerSet) bool {
	object := m.w.ListenerSets.Get(world.Name(set.Key()))
	return object != nil && says(object.Status.Conditions, set.Generation)
}

// says tells whether conditions say that their object is programmed as it is in this generation.
func says(conditions []metav1.Condition, generation int64) bool {
	for _, c := range conditions {
		if c.Type == typeProgrammed {
			return c.Status == metav1.ConditionTrue && c.ObservedGeneration == generation
		}
	}
	return false
}
