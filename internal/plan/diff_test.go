package plan_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/fleetgate/fleetgate/internal/plan"
	"github.com/fleetgate/fleetgate/internal/stack"
)

type spec struct {
	Value int               `json:"value"`
	Tags  map[string]string `json:"tags,omitempty"`
}

func id(kind, name string) stack.ID { return stack.ID{Kind: stack.Kind(kind), Name: name} }

func res(rid stack.ID, value int, deps ...stack.ID) stack.Resource {
	return stack.Resource{ID: rid, Spec: spec{Value: value}, DependsOn: deps, State: stack.Active}
}

func in(r stack.Resource, state stack.State) stack.Resource {
	r.State = state
	return r
}

func TestDiff(t *testing.T) {
	lb, listener, group := id("LoadBalancer", "a"), id("Listener", "a/80"), id("TargetGroup", "a/80/x")
	newLB, rule1, rule2 := id("LoadBalancer", "b"), id("Rule", "1"), id("Rule", "2")
	replacing := res(newLB, 1)
	replacing.Replaces = []stack.ID{lb}
	after := res(id("A", "1"), 1)
	after.After = []stack.ID{rule1}
	tests := []struct {
		name, reason string
		want         []stack.Resource
		have         []stack.Resource
		first        []stack.Kind
		retain       bool
		steps        []string
	}{
		{
			name: "nothing there", reason: "what others depend on is made first",
			want:  []stack.Resource{res(listener, 1, lb, group), res(lb, 1), res(group, 1)},
			steps: []string{"+ create LoadBalancer a", "+ create TargetGroup a/80/x", "+ create Listener a/80"},
		},
		{
			name: "all there", reason: "equal specs need no step",
			want: []stack.Resource{res(listener, 1, lb), res(lb, 1)}, have: []stack.Resource{res(listener, 1, lb), res(lb, 1)},
		},
		{
			name: "nothing wanted", reason: "what depends on others goes first",
			have:  []stack.Resource{res(group, 1), res(lb, 1), res(listener, 1, lb, group)},
			steps: []string{"- delete Listener a/80", "- delete LoadBalancer a", "- delete TargetGroup a/80/x"},
		},
		{
			name: "nothing wanted, retain", reason: "deletionPolicy: Retain leaves everything",
			have: []stack.Resource{res(lb, 1)}, retain: true,
		},
		{
			name: "less wanted, retain", reason: "retain is for the end, not for a living front",
			want: []stack.Resource{res(lb, 1)}, have: []stack.Resource{res(lb, 1), res(group, 1)}, retain: true,
			steps: []string{"- delete TargetGroup a/80/x"},
		},
		{
			name: "dependency pending", reason: "a listener waits for its load balancer",
			want: []stack.Resource{res(listener, 1, lb), res(lb, 1)}, have: []stack.Resource{in(res(lb, 1), stack.Pending)},
			steps: []string{". wait LoadBalancer a", "+ create Listener a/80"},
		},
		{
			name: "pending alone", reason: "a wait that holds nothing back is no step",
			want: []stack.Resource{res(lb, 1)}, have: []stack.Resource{in(res(lb, 1), stack.Pending)},
		},
		{
			name: "let go before delete", reason: "a group is deleted after the listener no longer names it",
			want:  []stack.Resource{res(listener, 2, lb), res(lb, 1)},
			have:  []stack.Resource{res(listener, 1, lb, group), res(lb, 1), res(group, 1)},
			steps: []string{"~ update Listener a/80 (value)", "- delete TargetGroup a/80/x"},
		},
		{
			name: "delete last", reason: "by default the new is made before the old goes",
			want: []stack.Resource{res(rule2, 1)}, have: []stack.Resource{res(rule1, 1)},
			steps: []string{"+ create Rule 2", "- delete Rule 1"},
		},
		{
			name: "delete first", reason: "where a quota has no room for both, the provider says so",
			want: []stack.Resource{res(rule2, 1)}, have: []stack.Resource{res(rule1, 1)}, first: []stack.Kind{"Rule"},
			steps: []string{"- delete Rule 1", "+ create Rule 2"},
		},
		{
			name: "replacement made", reason: "the old goes after the new is made",
			want: []stack.Resource{replacing}, have: []stack.Resource{res(lb, 1)},
			steps: []string{"+ create LoadBalancer b", "- delete LoadBalancer a"},
		},
		{
			name: "replacement pending", reason: "the old stays until the new is active",
			want: []stack.Resource{replacing}, have: []stack.Resource{res(lb, 1), in(res(newLB, 1), stack.Pending)},
			steps: []string{". wait LoadBalancer b", "- delete LoadBalancer a"},
		},
		{
			name: "order alone", reason: "After orders steps of unrelated resources",
			want:  []stack.Resource{after, res(rule1, 1)},
			steps: []string{"+ create Rule 1", "+ create A 1"},
		},
		{
			name: "going away and wanted", reason: "it cannot be made while it is being deleted",
			want: []stack.Resource{res(listener, 1, lb), res(lb, 1)}, have: []stack.Resource{in(res(lb, 1), stack.Deleting)},
			steps: []string{". wait LoadBalancer a", "+ create Listener a/80"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := plan.Diff(stack.Stack{Resources: tt.want, DeleteFirst: tt.first, Retain: tt.retain}, stack.Observed{Resources: tt.have})
			var steps []string
			for _, s := range got.Steps {
				steps = append(steps, s.String())
			}
			if !slices.Equal(steps, tt.steps) {
				t.Errorf("%s\ngot  %q\nwant %q", tt.reason, steps, tt.steps)
			}
		})
	}
}

func TestPlanString(t *testing.T) {
	lb, listener := id("LoadBalancer", "a"), id("Listener", "a/80")
	p := plan.Diff(
		stack.Stack{Resources: []stack.Resource{res(listener, 1, lb), res(lb, 1)}},
		stack.Observed{Resources: []stack.Resource{in(res(lb, 1), stack.Pending), res(id("Rule", "1"), 1)}},
	)
	want := ". wait LoadBalancer a\n+ create Listener a/80\n- delete Rule 1\n1 to create, 0 to update, 1 to delete, 1 to wait for.\n"
	if got := p.String(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if got := (plan.Plan{}).String(); got != "No changes.\n" {
		t.Errorf("an empty plan says %q", got)
	}
}

func TestChanges(t *testing.T) {
	tests := []struct {
		name, reason string
		have, want   any
		paths        []string
	}{
		{"equal", "JSON decides, not the Go type", spec{Value: 1}, map[string]any{"value": 1}, nil},
		{"nested", "a field is named by its path", spec{Tags: map[string]string{"a": "1", "b": "2"}}, spec{Tags: map[string]string{"a": "2", "c": "3"}}, []string{"tags.a", "tags.b", "tags.c"}},
		{"list", "a list is one field", map[string]any{"l": []int{1, 2}}, map[string]any{"l": []int{2, 1}}, []string{"l"}},
		{"no fields", "a spec that is no object is one field", 1, 2, []string{"."}},
		{"large numbers", "numbers are not rounded", map[string]int64{"n": 9007199254740992}, map[string]int64{"n": 9007199254740993}, []string{"n"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := plan.Changes(tt.have, tt.want); !slices.Equal(got, tt.paths) {
				t.Errorf("%s: got %q, want %q", tt.reason, got, tt.paths)
			}
		})
	}
}

// world draws resources in layers, each depending on some of the layers above it.
func world(t *rapid.T, label string) []stack.Resource {
	var out []stack.Resource
	var above []stack.ID
	for layer := range rapid.IntRange(0, 4).Draw(t, label+" layers") {
		var made []stack.ID
		for n := range rapid.IntRange(0, 3).Draw(t, label+" width") {
			// Kinds are numbered against the layers, so that the order cannot be that of the names.
			rid := id(fmt.Sprintf("K%d", 9-layer), fmt.Sprint(n))
			r := res(rid, rapid.IntRange(0, 1).Draw(t, label+" value"))
			for _, up := range above {
				if rapid.Bool().Draw(t, label+" depends") {
					r.DependsOn = append(r.DependsOn, up)
				}
			}
			out = append(out, r)
			made = append(made, rid)
		}
		above = append(above, made...)
	}
	stack.Sort(out)
	return out
}

func drawDiff(t *rapid.T) (stack.Stack, stack.Observed) {
	want := stack.Stack{Resources: world(t, "want")}
	if rapid.Bool().Draw(t, "delete first") {
		want.DeleteFirst = []stack.Kind{"K8", "K9"}
	}
	return want, stack.Observed{Resources: world(t, "have")}
}

func TestDiffIsDeterministicAndFreezesItsInput(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want, have := drawDiff(t)
		before, _ := json.Marshal([]any{want, have})
		first, _ := json.Marshal(plan.Diff(want, have))
		if after, _ := json.Marshal([]any{want, have}); string(before) != string(after) {
			t.Fatalf("Diff changed its input:\n%s\n%s", before, after)
		}
		swap := func(list []stack.Resource) func(i, j int) {
			return func(i, j int) { list[i], list[j] = list[j], list[i] }
		}
		rand.Shuffle(len(want.Resources), swap(want.Resources))
		rand.Shuffle(len(have.Resources), swap(have.Resources))
		if second, _ := json.Marshal(plan.Diff(want, have)); string(first) != string(second) {
			t.Fatalf("another order of the input gave another plan:\n%s\n%s", first, second)
		}
	})
}

// cloud refuses what a real one refuses: making without dependencies, and deleting what is in use.
type cloud map[stack.ID]stack.Resource

func (c cloud) apply(s plan.Step) error {
	if s.Want == nil {
		for _, r := range c {
			if slices.Contains(r.DependsOn, s.ID) {
				return fmt.Errorf("%s: %s depends on it", s, r.ID)
			}
		}
		delete(c, s.ID)
		return nil
	}
	for _, dep := range s.Want.DependsOn {
		if _, ok := c[dep]; !ok {
			return fmt.Errorf("%s: %s is not there", s, dep)
		}
	}
	c[s.ID] = *s.Want
	return nil
}

func (c cloud) observe() stack.Observed {
	var out stack.Observed
	for _, r := range c {
		out.Resources = append(out.Resources, r)
	}
	stack.Sort(out.Resources)
	return out
}

func TestDiffOrdersAndConverges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want, have := drawDiff(t)
		c := cloud{}
		for _, r := range have.Resources {
			c[r.ID] = r
		}
		// What one world depends on the other may lack: such a reference is dangling, and fine to ignore.
		sameShape(c, want)
		p := plan.Diff(want, c.observe())
		for _, s := range p.Steps {
			if err := c.apply(s); err != nil {
				t.Fatalf("%v\n%s", err, p)
			}
		}
		if again := plan.Diff(want, c.observe()); !again.Empty() {
			t.Fatalf("after applying everything the next plan is\n%s", again)
		}
		var gone []string
		for _, s := range plan.Diff(stack.Stack{}, c.observe()).Steps {
			if err := c.apply(s); err != nil {
				t.Fatal(err)
			}
			gone = append(gone, s.String())
		}
		if len(c) > 0 {
			t.Fatalf("after deleting\n%s\n%d are left", strings.Join(gone, "\n"), len(c))
		}
	})
}

// sameShape gives an observed resource the dependencies of the wanted one with the same Spec: a provider derives
// dependencies from the Spec.
func sameShape(c cloud, want stack.Stack) {
	for _, w := range want.Resources {
		h, ok := c[w.ID]
		if ok && len(plan.Changes(h.Spec, w.Spec)) == 0 {
			h.DependsOn = w.DependsOn
			c[w.ID] = h
			for _, dep := range w.DependsOn {
				if _, there := c[dep]; !there {
					delete(c, w.ID)
					break
				}
			}
		}
	}
}
