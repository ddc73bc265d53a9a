package providertest

import (
	"testing"

	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/providers"
)

// converging: after Apply the next Plan is empty, and a second pass of another process agrees.
func converging(t *testing.T, r run) {
	got := r.settle(t, r.cloud.Open(t))
	if !got.Active || len(got.Addresses) == 0 {
		t.Errorf("a front that has settled is not active: %+v", got)
	}
	owned := r.cloud.Owned(t, r.front.Owner)
	if len(owned) == 0 {
		t.Error("a front that has settled owns nothing")
	}
	again, err := providers.Reconcile(t.Context(), r.cloud.Open(t), r.front)
	if err != nil || len(again.Steps) > 0 {
		t.Errorf("another process finds something to do: %v, %v", again.Steps, err)
	}
	r.wantOwned(t, "a pass without a change changes nothing", owned)
}

// changing: every change of the front converges, in one process and without a trace of what was before.
func changing(t *testing.T, r run) {
	p := r.cloud.Open(t)
	whole := clone(r.front)
	r.settle(t, p)
	owned := r.cloud.Owned(t, r.front.Owner)
	for _, change := range []struct {
		name  string
		apply func(*ir.Front)
	}{
		{"a proxy is replaced", func(f *ir.Front) { f.Ports[0].Targets[0].Addresses[0] += "9" }},
		{"a member is drained", func(f *ir.Front) { f.Ports[0].Targets[0].Weight = 0 }},
		{"a member has no proxies", func(f *ir.Front) { f.Ports[0].Targets[0].Addresses = nil }},
		{"a member leaves", func(f *ir.Front) {
			f.Members = f.Members[1:]
			for i := range f.Ports {
				f.Ports[i].Targets = f.Ports[i].Targets[1:]
			}
		}},
		{"a port goes", func(f *ir.Front) { f.Ports = f.Ports[:1] }},
		{"a member cannot be asked", func(f *ir.Front) {
			f.Ports[0].Targets[0].Unknown, f.Ports[0].Targets[0].Addresses = true, nil
		}},
	} {
		r.front = clone(whole)
		change.apply(&r.front)
		r.settle(t, p)
		r.front = clone(whole)
		r.settle(t, p)
		r.wantOwned(t, "undone: "+change.name, owned)
	}
}

// replacing: what cannot be changed is made anew, and until that serves the old one does.
func replacing(t *testing.T, r run) {
	if r.front.ALB == nil {
		t.Skip("this front has no scheme to change")
	}
	p := r.cloud.Open(t)
	first := r.settle(t, p)
	old := r.front.ALB.Scheme
	for _, scheme := range []string{"internal", "internet-facing"} {
		if scheme != old {
			r.front.ALB.Scheme = scheme
		}
	}
	for range 1000 {
		got, err := providers.Reconcile(t.Context(), p, r.front)
		if err != nil {
			t.Fatal(err)
		}
		if !got.Active {
			t.Fatalf("nothing serves in the middle of a replacement: %+v", got)
		}
		if got.Pending == "" {
			break
		}
	}
	last := r.settle(t, p)
	if dump(t, first.Addresses) == dump(t, last.Addresses) {
		t.Errorf("the address is still %v", last.Addresses)
	}
	if dump(t, len(r.cloud.Owned(t, r.front.Owner))) == "0" {
		t.Error("nothing is left")
	}
}

// frozen: no method changes what it is given, and Render gives the same for the same.
func frozen(t *testing.T, r run) {
	p := r.cloud.Open(t)
	front := dump(t, r.front)
	r.settle(t, p)
	have, err := p.Observe(t.Context(), r.front)
	if err != nil {
		t.Fatal(err)
	}
	before := dump(t, have)
	one, problems := p.Render(r.front, have)
	two, again := p.Render(r.front, have)
	if dump(t, one) != dump(t, two) || dump(t, problems) != dump(t, again) {
		t.Error("Render gives another Stack for the same input")
	}
	p.Addresses(have)
	if after := dump(t, have); after != before {
		t.Errorf("Render changed what was observed:\n%s\n%s", before, after)
	}
	if after := dump(t, r.front); after != front {
		t.Errorf("the front was changed:\n%s\n%s", front, after)
	}
}
