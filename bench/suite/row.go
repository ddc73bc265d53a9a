package suite

import (
	"fmt"
	"math"

	"github.com/fleetgate/fleetgate/bench/measure"
	"github.com/fleetgate/fleetgate/bench/peer"
)

// Row is a line of the table.
type Row struct {
	// Case is the name of the case that it comes from, Title what was measured, Unit of what.
	Case, Title, Unit string
	// Values are the medians by proxy; NaN for one that has no round without an error.
	Values map[peer.Kind]float64
	// Ratio is the median of the ratios, round by round, of ours to Against; 0 if there is none.
	Ratio, Least, Greatest float64
	// Against is what Ratio is to.
	Against string
	// Goal is what was aimed at, in words; "" when nothing was.
	Goal string
	// Met says whether it was met; without meaning when there is no Goal.
	Met bool
	// Notes say what else there is to know: rounds with errors above all.
	Notes []string
}

// ratioTo fills in the ratio of one series to another.
func (r *Row) ratioTo(ours, other []float64, against string) {
	ratios := measure.Ratios(ours, other)
	r.Ratio, r.Against = measure.Median(ratios), against
	r.Least, r.Greatest = measure.Spread(ratios)
}

// atMost sets the goal of a ratio.
func (r *Row) atMost(goal float64) {
	r.Goal = fmt.Sprintf("≤ %.2f", goal)
	r.Met = r.Ratio <= goal // never so when it is NaN
}

// note tells of rounds with errors; a goal is not met with any of ours.
func (r *Row) note(contenders []*contender) {
	for _, c := range contenders {
		n, first := c.faults()
		if n == 0 {
			continue
		}
		r.Notes = append(r.Notes, fmt.Sprintf("%s: %d of %d rounds void: %s", c.label, n, len(c.samples), first))
		if c.kind == peer.Ours {
			r.Met = false
		}
	}
}

// noTraefik is a note for rows in which Traefik would take part if it were built.
func (b *Bench) noTraefik() []string {
	if b.peers.Has(peer.Traefik) {
		return nil
	}
	return []string{"Traefik is not there, so not measured; make bench-traefik builds it"}
}

// find is the contender of a kind, nil if it does not take part.
func find(contenders []*contender, kind peer.Kind) *contender {
	for _, c := range contenders {
		if c.kind == kind {
			return c
		}
	}
	return nil
}

// values are the medians of a figure.
func values(contenders []*contender, figure func(s *sample) float64) map[peer.Kind]float64 {
	medians := map[peer.Kind]float64{}
	for _, c := range contenders {
		medians[c.kind] = measure.Median(c.series(figure))
	}
	return medians
}

func micros(s *sample) float64 { return s.micros }

// better is, round by round, the lesser of two series.
func better(a, b []float64) []float64 {
	lesser := make([]float64, min(len(a), len(b)))
	for i := range lesser {
		switch {
		case math.IsNaN(a[i]):
			lesser[i] = b[i]
		case math.IsNaN(b[i]):
			lesser[i] = a[i]
		default:
			lesser[i] = min(a[i], b[i])
		}
	}
	return lesser
}
