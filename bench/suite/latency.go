package suite

import (
	"context"
	"fmt"

	"github.com/fleetgate/fleetgate/bench/load"
	"github.com/fleetgate/fleetgate/bench/measure"
	"github.com/fleetgate/fleetgate/bench/peer"
	"github.com/fleetgate/fleetgate/bench/tool"
)

// latency measures how long answers take at half of what nginx can do at most.
func latency(ctx context.Context, b *Bench) ([]Row, error) {
	peak := comparison{path: "/1k", size: size("1k"), tool: tool.Wrk{Connections: 64}}
	first := b.contenders(&peak, []peer.Kind{peer.Nginx})
	if err := b.rounds(ctx, first); err != nil {
		return nil, err
	}
	rate := float64(int(measure.Median(first[0].series(func(s *sample) float64 { return s.throughput })) / 2))
	half := comparison{
		path: "/1k", size: size("1k"), rate: rate, tool: own(load.Options{Kind: load.Requests, Connections: 64, Rate: rate}),
	}
	contenders := b.contenders(&half, everyone)
	if err := b.rounds(ctx, contenders); err != nil {
		return nil, err
	}
	var rows []Row
	for _, quantile := range []struct {
		name   string
		figure func(s *sample) float64
	}{
		{"p50", func(s *sample) float64 { return float64(s.report.P50.Microseconds()) }},
		{"p99", func(s *sample) float64 { return float64(s.report.P99.Microseconds()) }},
	} {
		row := Row{
			Title: fmt.Sprintf("latency at %.0f requests a second (half of nginx's peak), %s", rate, quantile.name),
			Unit:  "µs of waiting", Values: values(contenders, quantile.figure),
		}
		row.ratioTo(find(contenders, peer.Ours).series(quantile.figure), find(contenders, peer.Nginx).series(quantile.figure), "nginx")
		rows = append(rows, row)
	}
	rows[0].note(contenders)
	return rows, nil
}
