package status

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/world"
)

// listenerSet is the status of a ListenerSet of the Gateway (GEP-1713).
func (m *moment) listenerSet(set *ir.ListenerSet, state serving) Patch {
	patch := Patch{Key: world.Key{Kind: world.KindListenerSet, Name: world.Name(set.Key())}}
	patch.Conditions = []metav1.Condition{acceptedSet(set), programmedSet(set, state)}
	listeners := m.g.ListenersOf(set)
	problems := listenerProblems(listeners, m.front)
	for i := range listeners {
		made := listener(&listeners[i], problems[i], state, set.Generation)
		patch.Entries = append(patch.Entries, gatewayv1.ListenerEntryStatus(made))
	}
	return patch
}

// acceptedSet is True with reason ListenersNotValid when some listeners serve and some do not.
func acceptedSet(set *ir.ListenerSet) metav1.Condition {
	reason, message, found := of(set.Problems, typeAccepted)
	switch {
	case found && set.Accepted:
		return setAccepted.because(metav1.ConditionTrue, reason, message, set.Generation)
	case found:
		return setAccepted.because(metav1.ConditionFalse, reason, message, set.Generation)
	}
	return setAccepted.is(metav1.ConditionTrue, set.Generation)
}

// What is said of what is awaited. It does not repeat what the Gateway says or name members: that may change often, and a Gateway can
// have thousands of listeners.
const (
	gatewayPending = "The Gateway is not programmed yet: see its condition Programmed."
	setPending     = "The front, or proxies in at least one member, do not have the ListenerSet as it is now yet."
)

// programmedSet is True when the set is accepted, nothing hinders its Gateway, and front and proxies have the set.
func programmedSet(set *ir.ListenerSet, state serving) metav1.Condition {
	switch reason, message, _ := of(set.Problems, typeAccepted); {
	case !set.Accepted:
		return setProgrammed.because(metav1.ConditionFalse, reason, message, set.Generation)
	case state == waiting:
		return setProgrammed.because(metav1.ConditionFalse, "Pending", setPending, set.Generation)
	case state != served:
		return setProgrammed.because(metav1.ConditionFalse, "ParentNotProgrammed", gatewayPending, set.Generation)
	}
	return setProgrammed.is(metav1.ConditionTrue, set.Generation)
}

// changedSets are the statuses of ListenerSets that may differ since before, which is the Gateway as it was or nil.
func (m *moment) changedSets(before *ir.Gateway) []Patch {
	sameFront := slices.Equal(m.roots.told, m.front.Problems)
	m.roots.told = m.front.Problems
	var out []Patch
	for old, set := range ir.DiffSets(before, m.g) {
		if set == nil {
			continue
		}
		part := m.roots.set(set.Key())
		state := m.serving(set, part)
		same := sameFront && part.told == state && old != nil && sameSet(old, set)
		if !same || !ir.SameListeners(before.ListenersOf(old), m.g.ListenersOf(set)) {
			out = append(out, m.listenerSet(set, state))
		}
		part.told = state
	}
	return out
}

// setNamed is the status of a ListenerSet; nothing if it has no Gateway of ours.
func (h *History) setNamed(w *world.World, r ir.IR, name ir.Key) []Patch {
	for _, g := range r.Gateways {
		for _, set := range g.Sets {
			if set.Key() == name {
				now := h.at(w, g)
				return []Patch{now.listenerSet(set, now.serving(set, now.roots.set(set.Key())))}
			}
		}
	}
	return nil
}

// sameSet says whether two versions of a ListenerSet are the same but for their listeners and the place of these.
func sameSet(a, b *ir.ListenerSet) bool {
	return a.Generation == b.Generation && a.Accepted == b.Accepted && slices.Equal(a.Problems, b.Problems)
}

// orphans are the statuses of ListenerSets that had a Gateway of ours before, and have none any more.
func orphans(w *world.World, prev, next ir.IR) []Patch {
	had := left(prev, next)
	if len(had) == 0 {
		return nil
	}
	have := map[ir.Key]bool{}
	for _, g := range next.Gateways {
		for _, set := range g.Sets {
			have[set.Key()] = true
		}
	}
	var out []Patch
	for _, set := range had {
		object := w.ListenerSets.Get(world.Name(set.Key()))
		if object == nil || have[set.Key()] {
			continue
		}
		out = append(out, Patch{
			Key: world.Key{Kind: world.KindListenerSet, Name: world.Name(set.Key())},
			Conditions: []metav1.Condition{
				setAccepted.because(metav1.ConditionFalse, setOrphaned.reason, setOrphaned.message, object.Generation),
				setProgrammed.because(metav1.ConditionFalse, setOrphaned.reason, setOrphaned.message, object.Generation),
			},
		})
	}
	return out
}

// left are the ListenerSets that a Gateway had before and has no more.
func left(prev, next ir.IR) []*ir.ListenerSet {
	var out []*ir.ListenerSet
	for _, before := range prev.Gateways {
		now := next.Gateway(before.Namespace, before.Name)
		if now == before {
			continue
		}
		for old, set := range ir.DiffSets(before, now) {
			if set == nil {
				out = append(out, old)
			}
		}
	}
	return out
}
