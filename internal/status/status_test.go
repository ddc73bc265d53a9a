package status_test

import (
	"reflect"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/status"
	"github.com/fleetgate/fleetgate/internal/translate"
	"github.com/fleetgate/fleetgate/internal/world"
	"github.com/fleetgate/fleetgate/internal/world/worldtest"
)

var (
	past = metav1.Unix(1000, 0)
	now  = metav1.Unix(2000, 0)
)

func condition(kind string, value metav1.ConditionStatus, reason string, generation int64, at metav1.Time) metav1.Condition {
	return metav1.Condition{Type: kind, Status: value, Reason: reason, ObservedGeneration: generation, LastTransitionTime: at}
}

func TestMerge(t *testing.T) {
	none := metav1.Time{}
	cases := []struct {
		name, reason           string
		existing, wanted, want []metav1.Condition
	}{
		{
			"new", "a new condition gets the time of now",
			nil,
			[]metav1.Condition{condition("Accepted", "True", "Accepted", 1, none)},
			[]metav1.Condition{condition("Accepted", "True", "Accepted", 1, now)},
		},
		{
			"same status", "a time is that of the last change of status, whatever the reason and generation",
			[]metav1.Condition{condition("Accepted", "True", "Accepted", 1, past)},
			[]metav1.Condition{condition("Accepted", "True", "ListenersNotValid", 2, none)},
			[]metav1.Condition{condition("Accepted", "True", "ListenersNotValid", 2, past)},
		},
		{
			"other status", "a change of status is a transition",
			[]metav1.Condition{condition("Accepted", "True", "Accepted", 1, past)},
			[]metav1.Condition{condition("Accepted", "False", "Invalid", 2, none)},
			[]metav1.Condition{condition("Accepted", "False", "Invalid", 2, now)},
		},
		{
			"foreign", "conditions of others stay where and as they are",
			[]metav1.Condition{condition("example.com/Audited", "True", "Yes", 1, past), condition("Accepted", "True", "Accepted", 1, past)},
			[]metav1.Condition{condition("Accepted", "True", "Accepted", 1, none)},
			[]metav1.Condition{condition("example.com/Audited", "True", "Yes", 1, past), condition("Accepted", "True", "Accepted", 1, past)},
		},
		{
			"no longer wanted", "advice that was followed goes away",
			[]metav1.Condition{condition(ir.AdviceType, "True", "LooksLikeRegularExpression", 1, past)},
			nil,
			[]metav1.Condition{},
		},
		{
			"stale", "what was observed at a later generation is not overwritten by an older view",
			[]metav1.Condition{condition("Accepted", "True", "Accepted", 3, past)},
			[]metav1.Condition{condition("Accepted", "False", "Invalid", 2, none)},
			[]metav1.Condition{condition("Accepted", "True", "Accepted", 3, past)},
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := status.Merge(c.existing, c.wanted, now); !reflect.DeepEqual(got, c.want) {
				t.Errorf("%s:\ngot  %v\nwant %v", c.reason, got, c.want)
			}
		})
	}
}

func entry(controller, gateway string, kind metav1.ConditionStatus) gatewayv1.RouteParentStatus {
	return gatewayv1.RouteParentStatus{
		ControllerName: gatewayv1.GatewayController(controller),
		ParentRef:      gatewayv1.ParentReference{Name: gatewayv1.ObjectName(gateway)},
		Conditions:     []metav1.Condition{condition("Accepted", kind, "Accepted", 1, past)},
	}
}

func TestParents(t *testing.T) {
	const ours, theirs = worldtest.Controller, "example.com/other"
	existing := &gatewayv1.HTTPRoute{}
	existing.Status.Parents = []gatewayv1.RouteParentStatus{
		entry(theirs, "web", "False"), entry(ours, "gone", "True"), entry(ours, "web", "True"),
	}
	patch := status.Patch{
		Parents:     []gatewayv1.RouteParentStatus{entry(ours, "new", "True"), entry(ours, "web", "True")},
		Controllers: []gatewayv1.GatewayController{ours},
	}
	got, changed := patch.Into(existing, now)
	if !changed {
		t.Fatal("a new parent is no change")
	}
	route, isRoute := got.(*gatewayv1.HTTPRoute)
	if !isRoute {
		t.Fatalf("got %T", got)
	}
	fresh := entry(ours, "new", "True")
	fresh.Conditions[0].LastTransitionTime = now
	want := []gatewayv1.RouteParentStatus{entry(theirs, "web", "False"), entry(ours, "web", "True"), fresh}
	if !reflect.DeepEqual(route.Status.Parents, want) {
		t.Errorf("others stay, ours are pruned and updated in place:\ngot  %v\nwant %v", route.Status.Parents, want)
	}
	if patch.Changed(route) {
		t.Error("what was just written is said to have changed")
	}
	if len(existing.Status.Parents) != 3 {
		t.Error("Into wrote to its input")
	}
}

func ancestor(controller, gateway string, kind metav1.ConditionStatus) gatewayv1.PolicyAncestorStatus {
	return gatewayv1.PolicyAncestorStatus{
		ControllerName: gatewayv1.GatewayController(controller),
		AncestorRef:    gatewayv1.ParentReference{Name: gatewayv1.ObjectName(gateway)},
		Conditions:     []metav1.Condition{condition("Accepted", kind, "Accepted", 1, past)},
	}
}

func TestAncestors(t *testing.T) {
	const ours, theirs = worldtest.Controller, "example.com/other"
	existing := &gatewayv1.BackendTLSPolicy{}
	existing.Status.Ancestors = []gatewayv1.PolicyAncestorStatus{
		ancestor(theirs, "web", "False"), ancestor(ours, "gone", "True"), ancestor(ours, "web", "True"),
	}
	patch := status.Patch{Controllers: []gatewayv1.GatewayController{ours}}
	patch.Ancestors = []gatewayv1.PolicyAncestorStatus{ancestor(ours, "new", "True"), ancestor(ours, "web", "True")}
	written, changed := patch.Into(existing, now)
	fresh := ancestor(ours, "new", "True")
	fresh.Conditions[0].LastTransitionTime = now
	want := []gatewayv1.PolicyAncestorStatus{ancestor(theirs, "web", "False"), ancestor(ours, "web", "True"), fresh}
	policy, isPolicy := written.(*gatewayv1.BackendTLSPolicy)
	if !isPolicy || !changed || !reflect.DeepEqual(policy.Status.Ancestors, want) {
		t.Fatalf("others stay, ours are pruned and updated in place:\ngot  %v\nwant %v", policy.Status.Ancestors, want)
	}
	if patch.Changed(policy) || len(existing.Status.Ancestors) != 3 {
		t.Error("what was just written is said to have changed, or Into wrote to its input")
	}
	for range 20 {
		existing.Status.Ancestors = append(existing.Status.Ancestors[:0:0], append(existing.Status.Ancestors, ancestor(theirs, "more", "True"))...)
	}
	existing.Status.Ancestors = existing.Status.Ancestors[len(existing.Status.Ancestors)-15:]
	written, _ = patch.Into(existing, now)
	if policy, isPolicy = written.(*gatewayv1.BackendTLSPolicy); !isPolicy || len(policy.Status.Ancestors) != 16 {
		t.Errorf("the API takes 16 ancestors, not %d", len(policy.Status.Ancestors))
	}
}

// TestEveryConditionIsObserved holds that every condition has the generation of its object, a reason and a message,
// that no type comes twice, and that what was written once needs no writing again.
func TestEveryConditionIsObserved(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := worldtest.Random(t)
		for _, patch := range status.Of(w, translate.All(w)) {
			generation := generationOf(w, patch.Key)
			all := [][]metav1.Condition{patch.Conditions}
			for _, listener := range patch.Listeners {
				all = append(all, listener.Conditions)
			}
			for _, entry := range patch.Entries {
				all = append(all, entry.Conditions)
			}
			for _, parent := range patch.Parents {
				all = append(all, parent.Conditions)
			}
			for _, ancestor := range patch.Ancestors {
				all = append(all, ancestor.Conditions)
			}
			for _, conditions := range all {
				checkConditions(t, conditions, generation)
			}
			written, _ := patch.Into(objectOf(w, patch.Key), metav1.NewTime(time.Unix(5, 0)))
			if patch.Changed(written) {
				t.Fatalf("%v changed after it was written", patch.Key)
			}
		}
	})
}

func checkConditions(t *rapid.T, conditions []metav1.Condition, generation int64) {
	seen := map[string]bool{}
	for _, c := range conditions {
		if c.ObservedGeneration != generation || c.Reason == "" || c.Message == "" || seen[c.Type] {
			t.Fatalf("condition %+v of an object of generation %d", c, generation)
		}
		seen[c.Type] = true
	}
	if len(conditions) > 8 {
		t.Fatalf("%d conditions: the API takes 8", len(conditions))
	}
}

func objectOf(w *world.World, key world.Key) any {
	switch key.Kind {
	case world.KindGatewayClass:
		return w.Classes[key.Name.Name]
	case world.KindALBConfig:
		return w.ALBConfigs[key.Name.Name]
	case world.KindGateway:
		return w.Gateways[key.Name]
	case world.KindListenerSet:
		return w.ListenerSets.Get(key.Name)
	case world.KindGRPCRoute:
		return w.GRPCRoutes.Get(key.Name)
	case world.KindTLSRoute:
		return w.TLSRoutes.Get(key.Name)
	case world.KindTCPRoute:
		return w.TCPRoutes.Get(key.Name)
	case world.KindUDPRoute:
		return w.UDPRoutes.Get(key.Name)
	case world.KindTrafficPolicy:
		return w.BackendTraffic[key.Name]
	case world.KindBackendTLSPolicy:
		return w.BackendTLS[key.Name]
	default:
		return w.HTTPRoutes.Get(key.Name)
	}
}

func generationOf(w *world.World, key world.Key) int64 {
	object, _ := objectOf(w, key).(metav1.Object)
	return object.GetGeneration()
}
