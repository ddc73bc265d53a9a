package report

import (
	"slices"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	awsv1alpha1 "github.com/fleetgate/fleetgate/apis/aws/v1alpha1"
	"github.com/fleetgate/fleetgate/internal/status"
)

func samePatch(a, b status.Patch) bool { return equality.Semantic.DeepEqual(a, b) }

// news are the conditions that turned bad, or whose reason or message changed while bad. What is merely
// awaited is no news.
func news(before, after client.Object) []metav1.Condition {
	known := map[metav1.Condition]bool{}
	for _, condition := range conditionsOf(before) {
		known[essence(condition)] = true
	}
	var out []metav1.Condition
	for _, condition := range conditionsOf(after) {
		if bad(condition) && !known[essence(condition)] {
			known[essence(condition)] = true
			out = append(out, condition)
		}
	}
	return out
}

func essence(c metav1.Condition) metav1.Condition {
	return metav1.Condition{Type: c.Type, Status: c.Status, Reason: c.Reason, Message: c.Message}
}

func bad(c metav1.Condition) bool {
	switch c.Type {
	case "Accepted", "ResolvedRefs", "SupportedVersion":
		return c.Status == metav1.ConditionFalse
	case "Programmed":
		return c.Status == metav1.ConditionFalse && c.Reason != string(gatewayv1.GatewayReasonPending) && c.Reason != "ParentNotProgrammed"
	case "Conflicted", "PartiallyInvalid", "OverlappingTLSConfig", "InsecureFrontendValidationMode":
		return c.Status == metav1.ConditionTrue
	}
	return false
}

func conditionsOf(object client.Object) []metav1.Condition {
	switch typed := object.(type) {
	case *gatewayv1.GatewayClass:
		return typed.Status.Conditions
	case *awsv1alpha1.ALBConfig:
		return typed.Status.Conditions
	case *gatewayv1.Gateway:
		out := typed.Status.Conditions
		for _, listener := range typed.Status.Listeners {
			out = append(slices.Clip(out), listener.Conditions...)
		}
		return out
	case *gatewayv1.ListenerSet:
		out := typed.Status.Conditions
		for _, listener := range typed.Status.Listeners {
			out = append(slices.Clip(out), listener.Conditions...)
		}
		return out
	}
	return attachedConditions(object)
}
