package providertest

import (
	"context"
	"errors"
	"testing"
	"time"

	awsv1alpha1 "github.com/fleetgate/fleetgate/apis/aws/v1alpha1"
	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/plan"
	"github.com/fleetgate/fleetgate/internal/stack"
	"github.com/fleetgate/fleetgate/providers"
)

// destroying: nothing owned remains, and destroying nothing is done at once.
func destroying(t *testing.T, r run) {
	p := r.cloud.Open(t)
	r.settle(t, p)
	r.front.Ports, r.front.Members = nil, nil
	r.destroy(t, p)
	r.wantOwned(t, "after destroying nothing remains", nil)
	done, pending, err := providers.Destroy(t.Context(), r.cloud.Open(t), r.front)
	if !done || pending != "" || err != nil {
		t.Errorf("destroying nothing: done %v, pending %q, %v", done, pending, err)
	}
}

// retaining: deletionPolicy: Retain leaves everything as it is.
func retaining(t *testing.T, r run) {
	if r.front.ALB == nil {
		t.Skip("this front has no deletion policy")
	}
	r.front.ALB.DeletionPolicy = awsv1alpha1.DeletionPolicyRetain
	p := r.cloud.Open(t)
	r.settle(t, p)
	owned := r.cloud.Owned(t, r.front.Owner)
	done, pending, err := providers.Destroy(t.Context(), p, r.front)
	if !done || pending != "" || err != nil {
		t.Errorf("retaining: done %v, pending %q, %v", done, pending, err)
	}
	r.wantOwned(t, "what is retained is still there", owned)
}

// losingAnswers: a change that took effect and whose answer was lost is not made twice.
func losingAnswers(t *testing.T, r run) {
	r.settle(t, r.cloud.Open(t))
	want := r.cloud.Owned(t, r.front.Owner)
	r.destroy(t, r.cloud.Open(t))
	if !r.cloud.LoseAnswers(t) {
		t.Skip("this cloud cannot lose answers")
	}
	p := r.cloud.Open(t)
	untilDone(t, r.Patience, func() (bool, error) {
		got, err := providers.Reconcile(t.Context(), p, r.front)
		return got.Pending == "", err
	})
	r.settle(t, p)
	r.wantOwned(t, "there is one of everything", want)
	r.cloud.LoseAnswers(t)
	untilDone(t, r.Patience, func() (bool, error) {
		done, _, err := providers.Destroy(t.Context(), p, r.front)
		return done, err
	})
	r.wantOwned(t, "nothing remains", nil)
}

// untilDone repeats what may fail for a while.
func untilDone(t *testing.T, patience time.Duration, try func() (bool, error)) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		done, err := try()
		if done && err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("not done after %s: %v", patience, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// errKilled is the end of a process as the contract sees it.
var errKilled = errors.New("killed")

// killer is a Provider whose process dies when it has made so many steps.
type killer struct {
	providers.Provider
	left int
	kill context.CancelCauseFunc
}

func (k *killer) Apply(ctx context.Context, front ir.Front, step plan.Step) (stack.Resource, error) {
	got, err := k.Provider.Apply(context.WithoutCancel(ctx), front, step)
	if k.left--; k.left == 0 {
		k.kill(errKilled)
	}
	return got, err
}

// killAfter runs work and kills it after so many steps; false if it had no more to do.
func (r run) killAfter(t *testing.T, steps int, work func(context.Context, providers.Provider) (bool, error)) bool {
	t.Helper()
	ctx, kill := context.WithCancelCause(t.Context())
	defer kill(nil)
	k := &killer{Provider: r.cloud.Open(t), left: steps, kill: kill}
	deadline := time.Now().Add(r.Patience)
	for time.Now().Before(deadline) {
		done, err := work(ctx, k)
		if k.left <= 0 {
			return true
		}
		if err != nil {
			t.Fatal(err)
		}
		if done {
			return false
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("not done after %s", r.Patience)
	return false
}

func reconcileOnce(r run) func(context.Context, providers.Provider) (bool, error) {
	return func(ctx context.Context, p providers.Provider) (bool, error) {
		got, err := providers.Reconcile(ctx, p, r.front)
		return got.Pending == "" && len(got.Steps) == 0, err
	}
}

// killedAfterEveryStep: a process that dies after step k leaves what the next one completes, to exactly one of everything.
func killedAfterEveryStep(t *testing.T, r run) {
	first := r.as(0)
	first.settle(t, r.cloud.Open(t))
	want := r.cloud.Owned(t, first.front.Owner)
	first.cleanUp(t)
	for k := 1; ; k += r.Stride {
		next := r.as(k)
		killed := next.killAfter(t, k, reconcileOnce(next))
		next.settle(t, r.cloud.Open(t))
		next.wantOwned(t, "killed after a step, there is one of everything", want)
		next.cleanUp(t)
		if !killed || t.Failed() {
			t.Logf("killed at every step up to %d, %d apart", k-1, r.Stride)
			return
		}
	}
}

// killedWhileDestroying: a process that dies while it deletes leaves what the next one deletes.
func killedWhileDestroying(t *testing.T, r run) {
	for k := 1; ; k += r.Stride {
		next := r.as(k)
		next.settle(t, r.cloud.Open(t))
		killed := next.killAfter(t, k, func(ctx context.Context, p providers.Provider) (bool, error) {
			done, _, err := providers.Destroy(ctx, p, next.front)
			return done, err
		})
		next.destroy(t, r.cloud.Open(t))
		next.wantOwned(t, "nothing remains", nil)
		if !killed || t.Failed() {
			t.Logf("killed at every step up to %d, %d apart", k-1, r.Stride)
			return
		}
	}
}
