package suite

import (
	"context"
	"fmt"

	"github.com/fleetgate/fleetgate/bench/measure"
	"github.com/fleetgate/fleetgate/bench/peer"
	"github.com/fleetgate/fleetgate/bench/routes"
	"github.com/fleetgate/fleetgate/bench/tool"
)

// place is a route in a table: one of so many hosts, or one of so many paths of a host.
type place struct {
	hosts, paths int
	last         bool
}

func (p place) String() string {
	if p.hosts+p.paths == 1 {
		return "1 host"
	}
	which := "first"
	if p.last {
		which = "last"
	}
	if p.paths > 0 {
		return fmt.Sprintf("%d paths of one host, the %s one", p.paths, which)
	}
	return fmt.Sprintf("%d hosts, the %s one", p.hosts, which)
}

// routed is a contender whose table has the place, and who is asked for it.
func (b *Bench) routed(kind peer.Kind, p place) *contender {
	c := &contender{
		kind: kind, label: fmt.Sprintf("%s: %s", kind, p), setup: peer.Setup{Hosts: max(p.hosts, 1), Paths: p.paths},
		target: tool.Target{Host: routes.Host(0), Path: "/1k"}, tool: tool.Wrk{Connections: 64}, probe: probe{size: size("1k")},
	}
	if p.last {
		c.target.Host = routes.Host(c.setup.Hosts - 1)
	}
	if p.paths > 0 {
		c.target.Path = routes.Path(0) + "/1k"
		if p.last {
			c.target.Path = routes.Path(p.paths-1) + "/1k"
		}
	}
	return c
}

// tables measures what a larger table of routes costs each request. Peers have the sizes that they
// start with in a bearable time.
func tables(hosts, paths int) func(ctx context.Context, b *Bench) ([]Row, error) {
	return func(ctx context.Context, b *Bench) ([]Row, error) {
		const mostForPeers = 10_000
		first, last := place{hosts: hosts, paths: paths}, place{hosts: hosts, paths: paths, last: true}
		t := tableRun{size: max(hosts, paths), name: last.String()}
		t.one, t.first, t.last = b.routed(peer.Ours, place{hosts: 1}), b.routed(peer.Ours, first), b.routed(peer.Ours, last)
		t.all = []*contender{t.first, t.one, t.last}
		if t.size <= mostForPeers {
			t.all = append(t.all, b.routed(peer.Nginx, last), b.routed(peer.HAProxy, last))
			t.notes = b.noTraefik()
			if b.peers.Has(peer.Traefik) {
				t.all = append(t.all, b.routed(peer.Traefik, last))
			}
		}
		if err := b.rounds(ctx, t.all); err != nil {
			return nil, err
		}
		rows := []Row{t.row(t.first, first.String()), t.lastRow(), t.memory()}
		if traefik := find(t.all, peer.Traefik); traefik != nil {
			rows = append(rows, t.toTraefik(traefik))
		}
		return rows, nil
	}
}

// tableRun is what the rows of one table are made from.
type tableRun struct {
	size int
	name string
	// one is ours with one host; first and last are ours, asked for the ends of the table.
	one, first, last *contender
	all              []*contender
	// notes are of the table as a whole.
	notes []string
}

// row is one of ours, as a ratio to ours with one host.
func (t *tableRun) row(c *contender, title string) Row {
	const small, goalSmall, goalLarge = 10_000, 1.03, 1.08
	one := t.one.series(micros)
	row := Row{Title: title, Values: map[peer.Kind]float64{peer.Ours: measure.Median(c.series(micros))}}
	row.ratioTo(c.series(micros), one, fmt.Sprintf("ours with 1 host (%.1f µs)", measure.Median(one)))
	if t.size <= small {
		row.atMost(goalSmall)
	} else {
		row.atMost(goalLarge)
	}
	row.note([]*contender{t.one, c})
	return row
}

func (t *tableRun) lastRow() Row {
	row := t.row(t.last, t.name)
	row.Notes = append(row.Notes, t.notes...)
	for _, c := range t.all {
		if c.kind != peer.Ours {
			row.Values[c.kind] = measure.Median(c.series(micros))
			row.note([]*contender{c})
		}
	}
	return row
}

// toTraefik is a row of ours to Traefik, whose look-up grows with the table.
func (t *tableRun) toTraefik(traefik *contender) Row {
	const goal = 1.0 / 20
	row := Row{Title: t.name + ", ours ÷ Traefik", Values: values([]*contender{t.last, traefik}, micros)}
	row.ratioTo(t.last.series(micros), traefik.series(micros), "Traefik")
	row.atMost(goal)
	row.note([]*contender{t.last}) // another row tells of Traefik's
	return row
}

func (t *tableRun) memory() Row {
	row := Row{Title: t.name + ": memory (PSS)", Unit: "MB", Values: map[peer.Kind]float64{}}
	for _, c := range t.all {
		if c != t.one && c != t.first {
			row.Values[c.kind] = measure.Median(c.series(func(s *sample) float64 { return megabytes(s.memory.PSS, nil) }))
		}
	}
	return row
}
