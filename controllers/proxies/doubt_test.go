package proxies

import (
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
