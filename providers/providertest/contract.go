// Package providertest is the contract that every Provider passes, against a cloud that can lose answers.
package providertest

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	awsv1alpha1 "github.com/fleetgate/fleetgate/apis/aws/v1alpha1"
	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/providers"
)

// Cloud is the cloud under test, as seen from outside of the Provider.
type Cloud interface {
	// Open is a new Provider with no memory of an earlier one, as after a restart of the operator.
	Open(t *testing.T) providers.Provider
	// Owned names everything that carries the owner's tags: two things that are alike must both appear.
	Owned(t *testing.T, owner ir.Owner) []string
	// Foreign is the state of everything else, in any form that can be compared.
	Foreign(t *testing.T, owner ir.Owner) string
	// LoseAnswers lets the next change of every sort take effect without being answered, each once.
	// It returns false if this cloud cannot.
	LoseAnswers(t *testing.T) bool
}

// Suite is what the contract is tested with.
type Suite struct {
	// New is a Cloud; the Suite asks for one a test, and they may all be the same.
	New func(t *testing.T) Cloud
	// Front is a front with two members and two ports at least, one with two certificates if fronts of the kind end TLS, of
	// which the Suite changes copies. Every test gives it an owner of its own.
	Front func(t *testing.T) ir.Front
	// Patience is how long a front may take to settle. Default: 20 s.
	Patience time.Duration
	// Stride makes the crash tests kill after each Stride-th step alone, for clouds that are slow. Default: 1.
	Stride int
	// Skip names tests that this cloud cannot pass, each with the reason.
	Skip map[string]string
}

// Run tests the contract.
func Run(t *testing.T, s Suite) {
	t.Helper()
	if s.Patience == 0 {
		s.Patience = 20 * time.Second
	}
	s.Stride = max(s.Stride, 1)
	for _, c := range []struct {
		name string
		test func(*testing.T, run)
	}{
		{"Converging", converging},
		{"Changing", changing},
		{"Replacing", replacing},
		{"Frozen", frozen},
		{"KeepingCertificates", keepingCertificates},
		{"Destroying", destroying},
		{"Retaining", retaining},
		{"LosingAnswers", losingAnswers},
		{"KilledAfterEveryStep", killedAfterEveryStep},
		{"KilledWhileDestroying", killedWhileDestroying},
	} {
		t.Run(c.name, func(t *testing.T) {
			if reason := s.Skip[c.name]; reason != "" {
				t.Skip(reason)
			}
			r := run{Suite: s, cloud: s.New(t), front: s.Front(t)}
			r.front.Owner = ownerOf(r.front.Owner, c.name)
			before := r.cloud.Foreign(t, r.front.Owner)
			c.test(t, r)
			if after := r.cloud.Foreign(t, r.front.Owner); after != before {
				t.Errorf("what is not ours changed:\nbefore %s\nafter  %s", before, after)
			}
			r.cleanUp(t)
		})
	}
}

// run is one test of the Suite.
type run struct {
	Suite
	cloud Cloud
	front ir.Front
}

func ownerOf(o ir.Owner, name string) ir.Owner {
	o.UID += "-" + name
	o.Name = "gw-" + name
	return o
}

// as is the run with another owner, so that one test can start anew on the same cloud.
func (r run) as(n int) run {
	r.front = clone(r.front)
	r.front.Owner.UID += fmt.Sprintf("-%d", n)
	return r
}

// settle makes passes until nothing is left to do.
func (r run) settle(t *testing.T, p providers.Provider) providers.Result {
	t.Helper()
	deadline := time.Now().Add(r.Patience)
	for {
		got, err := providers.Reconcile(t.Context(), p, r.front)
		if err != nil {
			t.Fatalf("reconciling: %v", err)
		}
		left, _, err := providers.Plan(t.Context(), p, r.front)
		if err != nil {
			t.Fatalf("planning: %v", err)
		}
		if got.Pending == "" && left.Empty() {
			if !got.Whole {
				t.Fatal("nothing is awaited or left to do, and the front does not count as whole")
			}
			return got
		}
		if time.Now().After(deadline) {
			t.Fatalf("not settled after %s: pending %q, and the next plan is\n%s", r.Patience, got.Pending, left)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// destroy makes passes until nothing is owned.
func (r run) destroy(t *testing.T, p providers.Provider) {
	t.Helper()
	deadline := time.Now().Add(r.Patience)
	for {
		done, pending, err := providers.Destroy(t.Context(), p, r.front)
		if err != nil {
			t.Fatalf("destroying: %v", err)
		}
		if done {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("not destroyed after %s: pending %q, left %q", r.Patience, pending, r.cloud.Owned(t, r.front.Owner))
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// cleanUp leaves the cloud to the next test.
func (r run) cleanUp(t *testing.T) {
	t.Helper()
	if r.front.ALB != nil {
		r.front.ALB.DeletionPolicy = awsv1alpha1.DeletionPolicyDelete
	}
	r.destroy(t, r.cloud.Open(t))
}

func (r run) wantOwned(t *testing.T, reason string, want []string) {
	t.Helper()
	if got := r.cloud.Owned(t, r.front.Owner); !slices.Equal(got, want) {
		t.Errorf("%s\ngot  %q\nwant %q", reason, got, want)
	}
}

// clone copies what the Suite changes in a front.
func clone(f ir.Front) ir.Front {
	f.Members = slices.Clone(f.Members)
	f.Ports = slices.Clone(f.Ports)
	for i := range f.Ports {
		f.Ports[i].Certificates = slices.Clone(f.Ports[i].Certificates)
		f.Ports[i].Targets = slices.Clone(f.Ports[i].Targets)
		for j := range f.Ports[i].Targets {
			f.Ports[i].Targets[j].Addresses = slices.Clone(f.Ports[i].Targets[j].Addresses)
		}
	}
	if f.ALB != nil {
		f.ALB = f.ALB.DeepCopy()
	}
	return f
}

func dump(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
