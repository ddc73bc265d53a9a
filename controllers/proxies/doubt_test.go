package proxies

import (
	"fmt"
	"testing"

	dataplanev1alpha1 "github.com/fleetgate/fleetgate/apis/dataplane/v1alpha1"
	"github.com/fleetgate/fleetgate/internal/compile"
	"github.com/fleetgate/fleetgate/internal/world"
)

func TestWhatOthersWroteIsLookedAtAgain(t *testing.T) {
	chunk := func(checksum string) *dataplanev1alpha1.ProxyConfig {
		out := &dataplanev1alpha1.ProxyConfig{}
		out.Labels = map[string]string{dataplanev1alpha1.LabelProxy: compile.ProxyName(gw)}
		out.Spec.Checksum, out.Spec.Data = checksum, []byte(checksum)
		return out
	}
	name := world.Name{Namespace: gw.Namespace, Name: compile.ChunkName(gw, 7)}
	cases := []struct {
		name, reason string
		wrote, seen  *dataplanev1alpha1.ProxyConfig
		again        bool
	}{
		{"ours", "the watch shows what was written", chunk("a"), chunk("a"), false},
		{"others'", "somebody put something else there", chunk("a"), chunk("b"), true},
		{"deleted by others", "it has to come back", chunk("a"), nil, true},
		{"deleted by us", "nothing is expected there", nil, nil, false},
		{"from before", "the operator was started after it was written", nil, chunk("a"), true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := workerOf(t)
			if c.wrote != nil {
				w.expect(name, &c.wrote.Spec)
			}
			w.lookAgain(name, c.seen)
			if got := w.takeDoubt(proxyOf(gw)); got != c.again || w.queue.Len() > 0 != c.again {
				t.Errorf("%s: looked at again: %t", c.reason, got)
			}
			if w.takeDoubt(proxyOf(gw)) {
				t.Error("a doubt outlives its answer")
			}
		})
	}
}

// TestWritesThatTheWatchShowsLateAreOurs holds that a chunk may be written again before the watch showed the write before.
func TestWritesThatTheWatchShowsLateAreOurs(t *testing.T) {
	name := world.Name{Namespace: gw.Namespace, Name: compile.ChunkName(gw, 7)}
	for _, c := range []struct {
		name, reason  string
		written, seen []string
		again         bool
	}{
		{"each", "they come in order", []string{"a", "b", "c"}, []string{"a", "b", "c"}, false},
		{"some", "a watch may skip what was followed by more", []string{"a", "b", "c"}, []string{"c"}, false},
		{"twice", "a status was written in between", []string{"a", "b"}, []string{"a", "a", "b"}, false},
		{"an older one at last", "somebody put it back", []string{"a", "b"}, []string{"b", "a"}, true},
		{"another", "somebody wrote in between", []string{"a", "b"}, []string{"a", "x", "b"}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := workerOf(t)
			for _, checksum := range c.written {
				w.expect(name, &dataplanev1alpha1.ProxyConfigSpec{Checksum: checksum})
			}
			for _, checksum := range c.seen {
				part := &dataplanev1alpha1.ProxyConfig{}
				part.Labels = map[string]string{dataplanev1alpha1.LabelProxy: compile.ProxyName(gw)}
				part.Spec.Checksum = checksum
				w.lookAgain(name, part)
			}
			if got := w.takeDoubt(proxyOf(gw)); got != c.again {
				t.Errorf("%s: looked at again: %t", c.reason, got)
			}
		})
	}
}

func TestWritesThatNobodyShowsAreForgotten(t *testing.T) {
	w, name := workerOf(t), world.Name{Namespace: gw.Namespace, Name: compile.ChunkName(gw, 7)}
	for i := range 10 * most {
		w.expect(name, &dataplanev1alpha1.ProxyConfigSpec{Checksum: fmt.Sprint(i)})
	}
	if got := len(w.written[name]); got > most {
		t.Errorf("%d writes are remembered", got)
	}
}
