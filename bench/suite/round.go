package suite

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/fleetgate/fleetgate/bench/measure"
	"github.com/fleetgate/fleetgate/bench/peer"
	"github.com/fleetgate/fleetgate/bench/routes"
	"github.com/fleetgate/fleetgate/bench/tool"
)

// contender is a proxy with a task that takes its turn in every round.
type contender struct {
	kind  peer.Kind
	label string // in messages, if there are several of a kind
	setup peer.Setup
	// target's address is filled in when the proxy runs.
	target tool.Target
	tool   tool.Tool
	// messages says that messages are counted, not requests.
	messages bool
	// rate is how many requests a second there have to be, 0 for any number.
	rate float64
	// needs is what the proxy must answer before it is measured.
	probe probe

	process *peer.Process
	tree    []int
	before  measure.Memory
	samples []sample
}

// sample is what came of one round.
type sample struct {
	// micros is the processor time of the proxy per request or message, in µs; NaN when there was an error.
	micros float64
	// throughput is requests or messages a second.
	throughput float64
	memory     measure.Memory
	report     tool.Report
	// fault says what makes the round void; "" when it counts.
	fault string
}

// start runs the contenders' proxies and has each answer once. stop ends them, also after an error.
func (b *Bench) start(ctx context.Context, contenders []*contender) (stop func(), err error) {
	stop = func() {
		for _, c := range contenders {
			if c.process != nil {
				c.process.Stop()
			}
		}
	}
	for _, c := range contenders {
		if err := b.launch(ctx, c); err != nil {
			return stop, err
		}
	}
	return stop, nil
}

func (b *Bench) launch(ctx context.Context, c *contender) (err error) {
	if c.process, err = b.peers.Start(ctx, c.kind, c.setup); err != nil {
		return err
	}
	c.target.Address = c.process.Address
	if c.target.Host == "" {
		c.target.Host = routes.Host(0)
	}
	if err := c.probe.run(ctx, c.target, c.setup); err != nil {
		return fmt.Errorf("%s: %w: %s", c.label, err, c.process.Messages())
	}
	if c.tree, err = c.process.Tree(); err != nil {
		return err
	}
	c.before, err = measure.MemoryOf(c.tree...)
	return err
}

// rounds has the contenders take turns, every second round in the opposite order.
func (b *Bench) rounds(ctx context.Context, contenders []*contender) error {
	stop, err := b.start(ctx, contenders)
	defer stop()
	if err != nil {
		return err
	}
	for round := range b.Rounds {
		for i := range contenders {
			if round%2 == 1 {
				i = len(contenders) - 1 - i
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
			b.turn(ctx, contenders[i], round)
		}
	}
	return nil
}

func (b *Bench) turn(ctx context.Context, c *contender, round int) {
	s, err := b.measure(ctx, c)
	if err != nil {
		s.fault, _, _ = strings.Cut(err.Error(), "\n")
	}
	if c.process.Ended() {
		s.fault = "the proxy has ended"
		b.sayf("%s has ended: %s", c.label, c.process.Messages())
	}
	if s.fault != "" {
		s.micros = math.NaN()
	}
	c.samples = append(c.samples, s)
	b.sayf("  round %d  %-22s %7.1f µs  %8.0f/s  %s", round+1, c.label, s.micros, s.throughput, s.fault)
}

var errLoad = errors.New("errors of the load")

// measure puts the load on one proxy, and reads clocks and counters at the start and at the end of
// a window in which it runs steadily.
func (b *Bench) measure(ctx context.Context, c *contender) (s sample, err error) {
	if own, ok := c.tool.(tool.Own); ok {
		own.Load.Warmup = warmup
		c.tool = own
	}
	arguments := peer.Pinned(b.LoadCPUs, c.tool.Command(c.target, warmup+b.Window+warmup/2))
	run, err := tool.Start(ctx, c.tool, arguments)
	if err != nil {
		return s, err
	}
	time.Sleep(warmup)
	begin, err := b.read(c)
	if err == nil {
		time.Sleep(b.Window)
		err = b.difference(c, begin, &s)
	}
	report, failed := run.Wait()
	if err = errors.Join(err, failed); err != nil {
		return s, err
	}
	s.report = report
	switch {
	case report.Errors > 0:
		return s, fmt.Errorf("%w: %d, %s", errLoad, report.Errors, report.First)
	case report.Done == 0:
		return s, fmt.Errorf("%w: no answer", errLoad)
	}
	return s, nil
}

// reading is all clocks and counters at one moment.
type reading struct {
	at    time.Time
	spent time.Duration
	units int64
}

func (b *Bench) read(c *contender) (r reading, err error) {
	r.at = time.Now()
	r.spent, err = measure.CPU(c.tree...)
	if r.units = b.counters.Requests.Load(); c.messages {
		r.units = b.counters.Messages.Load()
	}
	return r, err
}

func (b *Bench) difference(c *contender, begin reading, s *sample) error {
	end, err := b.read(c)
	if err != nil {
		return err
	}
	units := float64(end.units - begin.units)
	s.throughput = units / end.at.Sub(begin.at).Seconds()
	s.micros = float64((end.spent - begin.spent).Nanoseconds()) / 1000 / units
	const enough = 0.97
	if c.rate > 0 && s.throughput < enough*c.rate {
		s.fault = fmt.Sprintf("reached only %.0f a second", s.throughput)
	}
	s.memory, err = measure.MemoryOf(c.tree...)
	return err
}

// series is a figure of all rounds of a contender; NaN where a round is void.
func (c *contender) series(figure func(s *sample) float64) []float64 {
	values := make([]float64, len(c.samples))
	for i := range c.samples {
		values[i] = math.NaN()
		if c.samples[i].fault == "" {
			values[i] = figure(&c.samples[i])
		}
	}
	return values
}

// faults is how many rounds are void, and why the first one is.
func (c *contender) faults() (n int, first string) {
	for i := range c.samples {
		if fault := c.samples[i].fault; fault != "" {
			if n++; n == 1 {
				first = fault
			}
		}
	}
	return n, first
}
