package status

import (
	"strconv"
	"testing"

	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/world"
)

// TestRootsAreForgotten holds that a Gateway may change forever, and that what proxies had lately is still known.
func TestRootsAreForgotten(t *testing.T) {
	g := &ir.Gateway{Namespace: "infra", Name: "web", Generation: 1}
	h := NewHistory()
	const changes = 3 * remembered
	for i := range changes {
		g.Revision = strconv.Itoa(i)
		h.of(g)
	}
	known := h.of(g)
	if len(known.numbers) > 2*remembered {
		t.Errorf("%d roots are remembered", len(known.numbers))
	}
	if got := known.reach("m", world.Proxies{Revisions: []string{strconv.Itoa(changes - remembered)}}, 1); got.unknown || got.number != changes-remembered+1 {
		t.Errorf("a late root is not known: %+v", got)
	}
	if got := known.reach("m", world.Proxies{Revisions: []string{"0"}}, 1); !got.unknown {
		t.Error("the first root is still known")
	}
	h.keep(ir.IR{})
	if len(h.gateways) != 0 {
		t.Error("a Gateway that went is remembered")
	}
}
