package suite

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/fleetgate/fleetgate/bench/load"
	"github.com/fleetgate/fleetgate/bench/measure"
	"github.com/fleetgate/fleetgate/bench/peer"
	"github.com/fleetgate/fleetgate/bench/routes"
)

const (
	swapHosts = 10_000
	// swapRate is the load while routes change, in requests a second.
	swapRate = 4000
	// changes is how often one route is added in a round.
	changes = 10
)

// swap measures what clients feel while all routes are replaced, once in the middle of each round,
// and how soon one added route is served. Rounds without a swap come between.
func swap(ctx context.Context, b *Bench) ([]Row, error) {
	c := comparison{
		path: "/1k", size: size("1k"), rate: swapRate,
		tool: own(load.Options{Kind: load.Requests, Connections: 64, Rate: swapRate}),
	}
	run := &swapRun{contender: b.contenders(&c, []peer.Kind{peer.Ours})[0]}
	run.contender.setup.Hosts = swapHosts
	stop, err := b.start(ctx, []*contender{run.contender})
	defer stop()
	if err != nil {
		return nil, err
	}
	for round := range b.Rounds {
		if err := run.round(ctx, b, round); err != nil {
			return nil, err
		}
	}
	return run.rows(), nil
}

// swapRun is the samples of quiet rounds and of rounds with a swap, and how long things took, in ms.
type swapRun struct {
	contender      *contender
	quiet, swapped []sample
	applied, alive []float64
	hosts          int
}

func (r *swapRun) round(ctx context.Context, b *Bench, round int) error {
	r.contender.label = "without a swap"
	b.turn(ctx, r.contender, round)
	if _, _, err := r.command("prepare"); err != nil {
		return err
	}
	r.contender.label = "with a swap"
	outcome := make(chan error, 1)
	go func() {
		time.Sleep(warmup + b.Window/2)
		outcome <- r.replace()
	}()
	b.turn(ctx, r.contender, round)
	if err := <-outcome; err != nil {
		return err
	}
	n := len(r.contender.samples)
	r.quiet, r.swapped = append(r.quiet, r.contender.samples[n-2]), append(r.swapped, r.contender.samples[n-1])
	r.contender.label = "with added routes"
	go func() {
		time.Sleep(warmup)
		outcome <- r.add(ctx, b)
	}()
	b.turn(ctx, r.contender, round)
	return <-outcome
}

func (r *swapRun) replace() error {
	_, took, err := r.command("swap")
	r.applied = append(r.applied, milliseconds(took))
	return err
}

// add adds routes one by one, and waits for each until it is served.
func (r *swapRun) add(ctx context.Context, b *Bench) error {
	for range changes {
		time.Sleep(b.Window / changes)
		host := routes.Host(swapHosts + r.hosts)
		r.hosts++
		served := make(chan result[time.Duration], 1)
		go func() { served <- firstAnswer(ctx, r.contender.process, host) }()
		start, _, err := r.command("change")
		answer := <-served
		if err = errors.Join(err, answer.err); err != nil {
			return err
		}
		r.alive = append(r.alive, milliseconds(answer.value-start))
	}
	return nil
}

// result is a value or an error.
type result[T any] struct {
	value T
	err   error
}

// command has ours obey, and gives the moment at which it began, and how long it took.
func (r *swapRun) command(line string) (start, took time.Duration, err error) {
	answer, err := r.contender.process.Command(line)
	if err != nil {
		return 0, 0, err
	}
	var host string // that was added
	if _, err := fmt.Sscan(answer, &host, (*int64)(&start), (*int64)(&took)); err != nil {
		return 0, 0, fmt.Errorf("answer %q to %q: %w", answer, line, err)
	}
	return start, took, nil
}

var errNotServed = errors.New("the new route is not served")

// firstAnswer asks for a host until it is served, and gives the moment of that on the monotonic clock.
func firstAnswer(ctx context.Context, process *peer.Process, host string) (r result[time.Duration]) {
	const patience = 5 * time.Second
	conn, err := new(net.Dialer).DialContext(ctx, "tcp4", process.Address.String())
	if err != nil {
		return result[time.Duration]{err: err}
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience)) // an error shows when it is used
	request := fmt.Appendf(nil, "GET /1k HTTP/1.1\r\nHost: %s\r\n\r\n", host)
	buffer := make([]byte, 16<<10)
	for {
		if _, err := conn.Write(request); err != nil {
			return result[time.Duration]{err: fmt.Errorf("%w: %w", errNotServed, err)}
		}
		n, err := conn.Read(buffer) // an answer is small enough to come in one piece
		if err != nil {
			return result[time.Duration]{err: fmt.Errorf("%w: %w", errNotServed, err)}
		}
		if strings.HasPrefix(string(buffer[:n]), "HTTP/1.1 200") {
			return result[time.Duration]{value: measure.Monotonic()}
		}
		time.Sleep(100 * time.Microsecond)
	}
}

func (r *swapRun) rows() []Row {
	const goal, liveGoal = 1.10, 5
	p99 := func(s *sample) float64 { return float64(s.report.P99.Microseconds()) }
	quiet := (&contender{samples: r.quiet}).series(p99)
	swapped := contender{kind: peer.Ours, label: "with a swap", samples: r.swapped}
	row := Row{Title: fmt.Sprintf("p99 at %d requests a second while 10,000 routes are replaced", swapRate), Unit: "µs of waiting"}
	row.Values = map[peer.Kind]float64{peer.Ours: measure.Median(swapped.series(p99))}
	row.ratioTo(swapped.series(p99), quiet, fmt.Sprintf("the same without (%.0f µs)", measure.Median(quiet)))
	row.atMost(goal)
	row.note([]*contender{r.contender})
	live := Row{Title: "one added route of 10,000: from Apply to the first answer, under load", Unit: "ms", Goal: "≤ 5 ms"}
	live.Values = map[peer.Kind]float64{peer.Ours: measure.Median(r.alive)}
	live.Met = live.Values[peer.Ours] <= liveGoal
	least, greatest := measure.Spread(r.alive)
	live.Notes = []string{fmt.Sprintf("%d routes were added; the fastest was served after %.2f ms, the slowest after %.2f ms", len(r.alive), least, greatest)}
	apply := Row{Title: "10,000 routes replaced under load: Apply", Unit: "ms", Values: map[peer.Kind]float64{peer.Ours: measure.Median(r.applied)}}
	return []Row{row, live, apply}
}
