package status

import (
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/internal/ir"
)

// listener is the status of a listener of an object of that generation. state is how far the object is.
func listener(l *ir.Listener, problems []ir.Problem, state serving, generation int64) gatewayv1.ListenerStatus {
	out := gatewayv1.ListenerStatus{
		Name:           gatewayv1.SectionName(l.Section()),
		AttachedRoutes: l.Attached,
		SupportedKinds: []gatewayv1.RouteGroupKind{},
	}
	for _, kind := range l.Kinds {
		group := gatewayv1.Group(kind.Group)
		out.SupportedKinds = append(out.SupportedKinds, gatewayv1.RouteGroupKind{Group: &group, Kind: gatewayv1.Kind(kind.Kind)})
	}
	resolved := listenerResolved.unless(problems, generation)
	if resolved.Status == metav1.ConditionTrue && len(l.Notes) > 0 {
		resolved.Message += " " + strings.Join(l.Notes, "; ") + "."
	}
	out.Conditions = []metav1.Condition{
		acceptedListener(problems, generation),
		programmedListener(l, problems, state, generation),
		resolved,
		conflicted(problems, generation),
	}
	if l.Overlapping != "" {
		out.Conditions = append(out.Conditions, condition(typeOverlapping, metav1.ConditionTrue, "OverlappingHostnames",
			"Hostnames overlap with those of listeners on the same port, whose connections a client may reuse: "+l.Overlapping, generation))
	}
	return out
}

// acceptedListener is False for a conflict too: none of the listeners that conflict is taken.
func acceptedListener(problems []ir.Problem, generation int64) metav1.Condition {
	if reason, message, found := of(problems, typeConflicted); found {
		if _, _, other := of(problems, typeAccepted); !other {
			return listenerAccepted.because(metav1.ConditionFalse, reason, message, generation)
		}
	}
	return listenerAccepted.unless(problems, generation)
}

// conflicted has negative polarity: True is bad.
func conflicted(problems []ir.Problem, generation int64) metav1.Condition {
	if reason, message, found := of(problems, typeConflicted); found {
		return listenerDistinct.because(metav1.ConditionTrue, reason, message, generation)
	}
	return listenerDistinct.is(metav1.ConditionFalse, generation)
}

// programmedListener is True when the listener itself is sound and proxies have the object that it is in.
func programmedListener(l *ir.Listener, problems []ir.Problem, state serving, generation int64) metav1.Condition {
	frontRefuses := len(problems) > len(l.Problems)
	switch reason, message, conflict := of(problems, typeConflicted); {
	case conflict && l.Set != "":
		return listenerProgrammed.because(metav1.ConditionFalse, reason, message, generation)
	case !l.Serves, frontRefuses:
		return listenerProgrammed.because(metav1.ConditionFalse, "Invalid", "The listener cannot serve: see its other conditions.", generation)
	case state == waiting && l.Set != "":
		return listenerProgrammed.because(metav1.ConditionFalse, "Pending", setPending, generation)
	case state != served:
		return listenerProgrammed.because(metav1.ConditionFalse, "Pending", gatewayPending, generation)
	}
	return listenerProgrammed.is(metav1.ConditionTrue, generation)
}
