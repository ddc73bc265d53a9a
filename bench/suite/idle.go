package suite

import (
	"context"
	"math"
	"time"

	"github.com/fleetgate/fleetgate/bench/measure"
	"github.com/fleetgate/fleetgate/bench/peer"
	"github.com/fleetgate/fleetgate/bench/tool"
)

// idle measures the processor time of proxies that have nothing to do, all at the same time.
func idle(ctx context.Context, b *Bench) ([]Row, error) {
	contenders := b.contenders(&comparison{path: "/1k", size: size("1k"), tool: tool.Wrk{}}, everyone)
	stop, err := b.start(ctx, contenders)
	defer stop()
	if err != nil {
		return nil, err
	}
	const settle, windows = 2 * time.Second, 3
	pause(ctx, settle) // what a start leaves to be done is not idling
	for range b.Rounds {
		if err := b.rest(ctx, contenders, windows*b.Window); err != nil {
			return nil, err
		}
	}
	row := Row{Title: "idle, with a full route table", Unit: "ms of processor time a second"}
	row.Values = values(contenders, micros)
	const goal = 1
	row.Goal, row.Met = "≤ 1 ms", row.Values[peer.Ours] <= goal
	return []Row{row}, nil
}

// rest notes what each proxy uses in a window, in ms a second.
func (b *Bench) rest(ctx context.Context, contenders []*contender, window time.Duration) error {
	begin := time.Now()
	spent := make([]time.Duration, len(contenders))
	for i, c := range contenders {
		var err error
		if spent[i], err = measure.CPU(c.tree...); err != nil {
			return err
		}
	}
	pause(ctx, window)
	for i, c := range contenders {
		now, err := measure.CPU(c.tree...)
		if err != nil {
			return err
		}
		c.samples = append(c.samples, sample{micros: milliseconds(now-spent[i]) / time.Since(begin).Seconds()})
	}
	return ctx.Err()
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// pause waits, but not longer than the context lasts.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// megabytes is a number of bytes in MB, NaN if there was an error.
func megabytes(bytes int64, err error) float64 {
	if err != nil {
		return math.NaN()
	}
	return float64(bytes) / (1 << 20)
}
