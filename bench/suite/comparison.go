package suite

import (
	"context"
	"path/filepath"
	"slices"

	"github.com/fleetgate/fleetgate/bench/backend"
	"github.com/fleetgate/fleetgate/bench/load"
	"github.com/fleetgate/fleetgate/bench/measure"
	"github.com/fleetgate/fleetgate/bench/peer"
	"github.com/fleetgate/fleetgate/bench/tool"
)

// everyone is who is compared if nothing else is said.
var everyone = []peer.Kind{peer.Nginx, peer.Ours, peer.HAProxy, peer.NetHTTP}

// standardHosts is the size of our route table wherever that is not what is measured; peers have one route.
const standardHosts = 1000

// comparison is a case in which all proxies get the same load.
type comparison struct {
	title string
	unit  string // "" is µs of processor time a request
	setup peer.Setup
	path  string
	tool  tool.Tool
	// size of the answer to path, for the probe.
	size int
	// messages says that messages are counted, not requests; rate how many requests a second there must be.
	messages bool
	rate     float64
	// goal is the largest ratio that is aimed at; 0 for none.
	goal float64
	// best says that the ratio is to the better of nginx and HAProxy.
	best bool
	// traefik says that Traefik takes part where it is built.
	traefik bool
	// pairs, if not 0, adds a row for the memory of as many pairs of connections, with a goal in KB.
	pairs     int
	pairsGoal float64
}

// own is our own load, which the harness's folder of programs has.
func own(o load.Options) tool.Tool { return tool.Own{Load: o} }

func (b *Bench) contenders(c *comparison, kinds []peer.Kind) []*contender {
	var all []*contender
	for _, kind := range kinds {
		setup := c.setup
		if kind == peer.Ours {
			setup.Hosts = standardHosts
		}
		all = append(all, &contender{
			kind: kind, label: string(kind), setup: setup, target: tool.Target{Path: c.path},
			tool: b.resolve(c.tool), messages: c.messages, rate: c.rate, probe: probe{size: c.size, call: setup.GRPC},
		})
	}
	return all
}

// resolve fills in what only a run of the benchmark knows of a tool.
func (b *Bench) resolve(t tool.Tool) tool.Tool {
	switch t := t.(type) {
	case tool.Own:
		t.Program = filepath.Join(b.Programs, "load")
		return t
	case tool.H2load:
		if t.Call != "" {
			t.Call = filepath.Join(b.peers.Dir, t.Call)
		}
		return t
	}
	return t
}

func (c *comparison) run(ctx context.Context, b *Bench) ([]Row, error) {
	kinds := everyone
	if c.traefik && b.peers.Has(peer.Traefik) {
		kinds = append(slices.Clone(everyone), peer.Traefik)
	}
	contenders := b.contenders(c, kinds)
	if err := b.rounds(ctx, contenders); err != nil {
		return nil, err
	}
	row := Row{Title: c.title, Unit: c.unit, Values: values(contenders, micros)}
	if c.traefik {
		row.Notes = b.noTraefik()
	}
	ours, nginx := find(contenders, peer.Ours).series(micros), find(contenders, peer.Nginx).series(micros)
	if c.best {
		row.ratioTo(ours, better(nginx, find(contenders, peer.HAProxy).series(micros)), "the better of nginx and HAProxy")
	} else {
		row.ratioTo(ours, nginx, "nginx")
	}
	if c.goal > 0 {
		row.atMost(c.goal)
	}
	row.note(contenders)
	rows := []Row{row}
	if c.pairs > 0 {
		rows = append(rows, c.memory(contenders))
	}
	return rows, nil
}

// memory is a row of what a pair of connections, the client's and the backend's, takes under load.
func (c *comparison) memory(contenders []*contender) Row {
	row := Row{Title: c.title + ": memory of a connection pair", Unit: "KB", Values: map[peer.Kind]float64{}}
	for _, contender := range contenders {
		row.Values[contender.kind] = measure.Median(contender.series(func(s *sample) float64 {
			return float64(s.memory.PSS-contender.before.PSS) / 1024 / float64(c.pairs)
		}))
	}
	row.Goal, row.Met = kilobytes(c.pairsGoal), row.Values[peer.Ours] <= c.pairsGoal
	return row
}

// size is a body that the backend has.
func size(name string) int { return backend.Sizes[name] }
