package suite

import (
	"context"
	"fmt"

	"github.com/fleetgate/fleetgate/bench/peer"
	"github.com/fleetgate/fleetgate/bench/tool"
)

// scaling lets proxies use the processors of the load as well, which then all share: what is gained
// in throughput over a proxy on its own processor, and what a request costs then.
func scaling(ctx context.Context, b *Bench) ([]Row, error) {
	kinds := []peer.Kind{peer.Nginx, peer.Ours, peer.HAProxy}
	c := comparison{path: "/1k", size: size("1k"), tool: tool.Wrk{Connections: 64}}
	apart := b.contenders(&c, kinds)
	if err := b.rounds(ctx, apart); err != nil {
		return nil, err
	}
	options := b.Options
	options.ProxyCPUs, options.LoadCPUs = b.ProxyCPUs+","+b.LoadCPUs, b.ProxyCPUs+","+b.LoadCPUs
	wide, err := Open(options)
	if err != nil {
		return nil, err
	}
	defer wide.Close()
	c.setup.Workers = 2
	shared := wide.contenders(&c, kinds)
	if err := wide.rounds(ctx, shared); err != nil {
		return nil, err
	}
	cost := Row{Title: "a proxy on both processors, which the load shares", Values: values(shared, micros)}
	cost.ratioTo(find(shared, peer.Ours).series(micros), find(shared, peer.Nginx).series(micros), "nginx")
	cost.note(shared)
	rate := Row{Title: "the same", Unit: "requests a second", Values: values(shared, throughput)}
	rate.ratioTo(find(shared, peer.Ours).series(throughput), find(shared, peer.Nginx).series(throughput), "nginx")
	before := values(apart, throughput)
	rate.Notes = []string{fmt.Sprintf("on one processor, the load on the other: %.0f, nginx %.0f, HAProxy %.0f requests a second",
		before[peer.Ours], before[peer.Nginx], before[peer.HAProxy])}
	return []Row{cost, rate}, nil
}

func throughput(s *sample) float64 { return s.throughput }
