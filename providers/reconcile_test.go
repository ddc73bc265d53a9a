package providers_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/plan"
	"github.com/fleetgate/fleetgate/providers"
	"github.com/fleetgate/fleetgate/providers/memory"
)

func front() ir.Front {
	targets := []ir.TargetSet{{Member: "east", Weight: 100, Addresses: []string{"10.0.1.1"}}}
	return ir.Front{
		Owner: ir.Owner{Hub: "hub", UID: "uid", Namespace: "default", Name: "shop"}, Members: []string{"east"},
		Ports: []ir.FrontPort{{Port: 80, Protocol: ir.FrontHTTP, Targets: targets}},
	}
}

func stepsOf(r providers.Result) []string {
	var out []string
	for _, s := range r.Steps {
		out = append(out, s.String())
	}
	return out
}

func TestReconcile(t *testing.T) {
	refused := errors.New("refused")
	tests := []struct {
		name, reason string
		activate     int
		faults       []memory.Fault
		steps        []string
		pending      string
		active       bool
		whole        bool
		err          error
	}{
		{
			name: "all at once", reason: "what can be done now is done in one pass",
			steps: []string{"+ create LoadBalancer internal", "+ create Listener internal/80", "+ create Targets internal/80/east"}, active: true, whole: true,
		},
		{
			name: "pending", reason: "what depends on a pending resource is left to the next pass", activate: 2,
			steps: []string{"+ create LoadBalancer internal"}, pending: "LoadBalancer internal to be active",
		},
		{
			name: "failing alone", reason: "a failing step does not stop independent ones",
			faults: []memory.Fault{{Kind: memory.Listener, Count: 1, Err: refused}},
			steps:  []string{"+ create LoadBalancer internal", "+ create Targets internal/80/east"}, active: true, err: refused,
		},
		{
			name: "failing below others", reason: "what depends on a failed step is not tried",
			faults: []memory.Fault{{Kind: memory.LoadBalancer, Count: 1, Err: refused}}, err: refused,
		},
		{
			name: "pending by error", reason: "a step that has to wait is no error",
			faults: []memory.Fault{{Kind: memory.Targets, Count: 1, Err: providers.Pending("the weather", nil)}},
			steps:  []string{"+ create LoadBalancer internal", "+ create Listener internal/80"}, pending: "the weather", active: true,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cloud := memory.NewCloud(memory.Options{ActivateAfter: tt.activate})
			for _, f := range tt.faults {
				cloud.Inject(f)
			}
			got, err := providers.Reconcile(t.Context(), memory.New(cloud), front())
			if !slices.Equal(stepsOf(got), tt.steps) || got.Pending != tt.pending || got.Active != tt.active || got.Whole != tt.whole || !errors.Is(err, tt.err) {
				t.Errorf("%s: got %q, pending %q, active %v, whole %v, %v", tt.reason, stepsOf(got), got.Pending, got.Active, got.Whole, err)
			}
		})
	}
}

func TestReconcileStopsWhenItsContextIsDone(t *testing.T) {
	cloud := memory.NewCloud(memory.Options{})
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("lost the lease")
	cancel(why)
	if _, err := providers.Reconcile(ctx, memory.New(cloud), front()); err == nil || cloud.Revisions() > 0 {
		t.Errorf("after the end: %v, %d changes", err, cloud.Revisions())
	}
}

func TestPlanChangesNothing(t *testing.T) {
	cloud := memory.NewCloud(memory.Options{})
	p, _, err := providers.Plan(t.Context(), memory.New(cloud), front())
	if err != nil || len(p.Steps) != 3 || p.Steps[0].Op != plan.Create || cloud.Revisions() > 0 {
		t.Errorf("the plan is\n%s%v, with %d changes", p, err, cloud.Revisions())
	}
}

func TestErrorKinds(t *testing.T) {
	cause := errors.New("cause")
	joined := errors.Join(errors.New("other"), providers.Terminal("t", cause), providers.Throttled(time.Second, cause), providers.Pending("p", cause))
	terminal, isTerminal := providers.AsTerminal(joined)
	throttled, isThrottled := providers.AsThrottled(joined)
	pending, isPending := providers.AsPending(joined)
	if !isTerminal || !isThrottled || !isPending {
		t.Fatal("a kind was not found among joined errors")
	}
	if terminal.Message != "t" || throttled.After != time.Second || pending.What != "p" || !errors.Is(terminal, cause) {
		t.Errorf("%v, %v, %v", terminal, throttled, pending)
	}
}
