package status

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fleetgate/fleetgate/internal/ir"
)

// ours are the types of condition that we write, and so may take away. Any other is somebody else's.
var ours = []string{
	"Accepted", "SupportedVersion", "Programmed", "ResolvedRefs", "Conflicted", "OverlappingTLSConfig",
	"InsecureFrontendValidationMode",
	"PartiallyInvalid", ir.AdviceType, ir.MembersType,
}

// Merge puts wanted into existing: a condition whose status is unchanged keeps its time, one whose status
// changed gets now, one that was observed at a later generation stays, one of ours that is no longer
// wanted goes, and those of others stay as and where they are.
func Merge(existing, wanted []metav1.Condition, now metav1.Time) []metav1.Condition {
	out := make([]metav1.Condition, 0, len(existing)+len(wanted))
	for _, old := range existing {
		at := slices.IndexFunc(wanted, func(c metav1.Condition) bool { return c.Type == old.Type })
		switch {
		case at >= 0:
			out = append(out, mergeOne(old, wanted[at], now))
		case !slices.Contains(ours, old.Type):
			out = append(out, old)
		}
	}
	for _, want := range wanted {
		known := slices.ContainsFunc(existing, func(c metav1.Condition) bool { return c.Type == want.Type })
		if !known {
			want.LastTransitionTime = now
			out = append(out, want)
		}
	}
	return out
}

func mergeOne(old, want metav1.Condition, now metav1.Time) metav1.Condition {
	if old.ObservedGeneration > want.ObservedGeneration {
		return old
	}
	want.LastTransitionTime = now
	if old.Status == want.Status {
		want.LastTransitionTime = old.LastTransitionTime
	}
	return want
}
