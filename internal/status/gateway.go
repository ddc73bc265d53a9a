package status

import (
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/world"
)

// gateway is the status of a Gateway and its listeners.
func (m *moment) gateway() Patch {
	g := m.g
	own := g.Own()
	problems := listenerProblems(own, m.front)
	state, programmed := m.programmed()
	patch := Patch{Key: world.Key{Kind: world.KindGateway, Name: world.Name(g.Key())}}
	patch.Conditions = []metav1.Condition{
		accepted(g),
		programmed,
		resolved(g, problems),
		reachable(g),
	}
	if g.InsecureFallback {
		patch.Conditions = append(patch.Conditions, insecureValidation.is(metav1.ConditionTrue, g.Generation))
	}
	patch.AttachedSets = attachedSets(g)
	patch.Addresses = addresses(g, m.front)
	for i := range own {
		patch.Listeners = append(patch.Listeners, listener(&own[i], problems[i], state, g.Generation))
	}
	return patch
}

// addresses are those of the front. Their routability, an experimental field, is told to those alone who asked for it, once the front is
// of that generation.
func addresses(g *ir.Gateway, front world.Front) []gatewayv1.GatewayStatusAddress {
	var routability *gatewayv1.GatewayAddressRoutabilityType
	if g.Routability != "" && front.Generation == g.Generation {
		routability = new(gatewayv1.GatewayAddressRoutabilityType(g.Routability))
	}
	var out []gatewayv1.GatewayStatusAddress
	for _, address := range front.Addresses {
		kind, value := gatewayv1.HostnameAddressType, address.Hostname
		if address.IP != "" {
			kind, value = gatewayv1.IPAddressType, address.IP
		}
		out = append(out, gatewayv1.GatewayStatusAddress{Type: &kind, Value: value, Routability: routability})
	}
	return out
}

// listenerProblems are the Problems of each listener: those of translation, then those that the front found.
func listenerProblems(listeners []ir.Listener, front world.Front) [][]ir.Problem {
	out := make([][]ir.Problem, len(listeners))
	for i, l := range listeners {
		out[i] = slices.Clone(l.Problems)
		for _, problem := range front.Problems {
			if problem.Listener == l.Name {
				out[i] = append(out[i], problem)
			}
		}
	}
	return out
}

// accepted is True with reason ListenersNotValid when some listeners serve and some do not.
func accepted(g *ir.Gateway) metav1.Condition {
	reason, message, found := of(g.Problems, typeAccepted)
	switch {
	case g.Accepted && found:
		return gatewayAccepted.because(metav1.ConditionTrue, reason, message, g.Generation)
	case found:
		return gatewayAccepted.because(metav1.ConditionFalse, reason, message, g.Generation)
	case !g.Accepted:
		return gatewayAccepted.because(metav1.ConditionFalse, "ListenersNotValid", "The Gateway has no listener.", g.Generation)
	}
	return gatewayAccepted.is(metav1.ConditionTrue, g.Generation)
}

// attachedSets is how many ListenerSets are accepted; nil for none, since older versions of the API lack the field.
func attachedSets(g *ir.Gateway) *int32 {
	var count int32
	for _, set := range g.Sets {
		if set.Accepted {
			count++
		}
	}
	if count == 0 {
		return nil
	}
	return &count
}

// resolved tells of the Gateway's own references, and sums up the listeners' ResolvedRefs.
func resolved(g *ir.Gateway, problems [][]ir.Problem) metav1.Condition {
	if _, _, found := of(g.Problems, typeResolvedRefs); found {
		return refsResolved.unless(g.Problems, g.Generation)
	}
	var names []string
	for i, l := range g.Own() {
		if _, _, found := of(problems[i], typeResolvedRefs); found {
			names = append(names, l.Name)
		}
	}
	if len(names) == 0 {
		return refsResolved.is(metav1.ConditionTrue, g.Generation)
	}
	return refsResolved.because(metav1.ConditionFalse, "ListenersNotResolved",
		"References do not resolve in listeners: "+strings.Join(names, ", "), g.Generation)
}

// reachable names the members that cannot be asked.
func reachable(g *ir.Gateway) metav1.Condition {
	var lost []string
	for _, member := range g.Members {
		if member.Unreachable != "" {
			lost = append(lost, fmt.Sprintf("%s (%s)", member.Name, member.Unreachable))
		}
	}
	if len(lost) == 0 {
		return membersReachable.is(metav1.ConditionTrue, g.Generation)
	}
	return membersReachable.because(metav1.ConditionFalse, "MembersUnreachable",
		"Members that cannot be asked, whose proxies go on with what they have: "+strings.Join(lost, ", "), g.Generation)
}

// refused are the addresses that the front of this generation was asked for and does not have. They may come yet.
func refused(g *ir.Gateway, front world.Front) []string {
	var out []string
	for _, address := range g.Front.Addresses {
		has := slices.ContainsFunc(front.Addresses, func(a world.Address) bool { return a.IP == address })
		if !has && front.Generation == g.Generation {
			out = append(out, address)
		}
	}
	return out
}
