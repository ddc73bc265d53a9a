package status

import (
	"maps"

	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/world"
)

// History knows how the root of each Gateway came to be what it is, so that a proxy which has an earlier one in force counts for
// all that did not change since. What it has not seen, because the operator started after it, it does not know: then an
// object stays as programmed as its status says. It is not safe for concurrent use.
type History struct {
	gateways map[ir.Key]*roots
}

// NewHistory is one that has seen nothing.
func NewHistory() *History { return &History{gateways: map[ir.Key]*roots{}} }

// keep forgets Gateways that are not ours any more.
func (h *History) keep(r ir.IR) {
	maps.DeleteFunc(h.gateways, func(key ir.Key, _ *roots) bool { return r.Gateway(key.Namespace, key.Name) == nil })
}

// of brings the history of a Gateway to what its root is now.
func (h *History) of(g *ir.Gateway) *roots {
	known := h.gateways[g.Key()]
	if known == nil {
		known = &roots{numbers: map[string]uint64{}, sets: map[ir.Key]*part{}}
		h.gateways[g.Key()] = known
	}
	known.become(g)
	return known
}

// roots are those that a Gateway had, numbered as they came.
type roots struct {
	// count is the number of the root of now, and numbers are those of all that are remembered, by revision.
	count   uint64
	numbers map[string]uint64
	// now is the revision of now.
	now string
	// own is what the Gateway itself has of the root, sets what each ListenerSet has.
	own  part
	sets map[ir.Key]*part
	// told are the faults of the front that the statuses of sets were last made with.
	told []ir.Problem
}

// part is what one object has of a root.
type part struct {
	revision string
	// since is the number of the first root that has it as it is now.
	since uint64
	// told is what the status of the object was last made with.
	told serving
}

// remembered is how many roots of a Gateway are known by number. Proxies are seconds behind, not hours.
const remembered = 4096

// become takes the root of now.
func (r *roots) become(g *ir.Gateway) {
	if r.count > 0 && r.now == g.Revision {
		return
	}
	r.count++
	r.now = g.Revision
	r.numbers[r.now] = r.count
	if len(r.numbers) > 2*remembered {
		maps.DeleteFunc(r.numbers, func(_ string, number uint64) bool { return number+remembered < r.count })
	}
	r.own.become(g.OwnRevision, r.count)
	there := make(map[ir.Key]*part, len(g.Sets))
	for _, set := range g.Sets {
		have := r.sets[set.Key()]
		if have == nil {
			have = &part{}
		}
		have.become(set.Revision, r.count)
		there[set.Key()] = have
	}
	r.sets = there
}

func (p *part) become(revision string, number uint64) {
	if p.since == 0 || p.revision != revision {
		p.revision, p.since = revision, number
	}
}

// set is what a ListenerSet of the root of now has of it.
func (r *roots) set(key ir.Key) *part {
	have := r.sets[key]
	if have == nil { // it came in place of another, and proxies get nothing of either
		have = &part{since: r.count}
		r.sets[key] = have
	}
	return have
}

// reach is how far the ready proxies of a member are.
type reach struct {
	member string
	// number is that of the newest root that one of them has in force. unknown says that one has a root that was not seen.
	number  uint64
	unknown bool
}

// reach tells how far proxies are. Those that report no revision have all that they can be asked for once they have the Gateway's
// generation: they are of a version that reports no more.
func (r *roots) reach(member string, proxies world.Proxies, generation int64) reach {
	out := reach{member: member}
	if proxies.Generation >= generation {
		out.number = r.count
	}
	for _, revision := range proxies.Revisions {
		number, known := r.numbers[revision]
		out.number = max(out.number, number)
		out.unknown = out.unknown || !known
	}
	return out
}
