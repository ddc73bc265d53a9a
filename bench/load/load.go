// Package load is the load on a proxy that no common tool makes: requests at a fixed rate, a
// connection for each request, uploads, idle connections, full TLS handshakes, messages on WebSockets
// and on streams of gRPC. Every answer is checked; whatever is not as it must be is an error.
package load

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/fleetgate/fleetgate/bench/loop"
	"github.com/fleetgate/fleetgate/bench/measure"
)

// Kind is a kind of load.
type Kind string

// Kinds of load.
const (
	// Requests are GETs on connections that stay, at Options.Rate, or one after the other.
	Requests Kind = "requests"
	// Connects are GETs with a connection each.
	Connects Kind = "connects"
	// Uploads are POSTs of Options.Body bytes.
	Uploads Kind = "uploads"
	// Idle is connections that stay after one GET each.
	Idle Kind = "idle"
	// Handshakes are GETs with a connection of TLS 1.3 each, never resumed.
	Handshakes Kind = "handshakes"
	// WebSockets and Streams send a message and wait for its echo, over and over.
	WebSockets Kind = "websockets"
	Streams    Kind = "streams"
)

// Options are what a load is like.
type Options struct {
	Kind Kind
	// Address is the proxy's, Host what is asked for there.
	Address    netip.AddrPort
	Host, Path string
	// Connections are how many there are at a time, Streams how many calls each of them has (for Streams).
	Connections, Streams int
	// Rate is requests a second, of all connections; 0 for as many as there can be (for Requests).
	Rate float64
	// Body is the size of a body or of a message, in bytes (for Uploads, WebSockets, Streams).
	Body int
	// Warmup is how long latencies are not counted at the start, Duration how long they are then.
	Warmup, Duration time.Duration
	// Ready is called when all connections of Idle are there; nil for nothing.
	Ready func()
}

// Result is what came of a load.
type Result struct {
	// Done is how many requests or messages were answered as they must be, warm-up included.
	Done int64
	// Errors is how many were not, First says what the first one was.
	Errors int64
	First  string
	// P50, P99 and Max are latencies after the warm-up. At a fixed rate they are counted from the
	// moment at which the request was due.
	P50, P99, Max time.Duration
}

// grace is how long the last answers may take.
const grace = 5 * time.Second

// Run puts the load on the proxy and waits for its end; when the context ends, what is under way is
// not waited for.
func Run(ctx context.Context, options Options) (Result, error) {
	if options.Kind == Handshakes {
		return handshakes(ctx, options), nil
	}
	l, err := loop.New()
	if err != nil {
		return Result{}, err
	}
	defer l.Close()
	r := &run{Options: options, loop: l, started: time.Now()}
	if err := r.start(); err != nil {
		return Result{}, err
	}
	l.At(r.end(), r.finish)
	defer context.AfterFunc(ctx, l.Stop)()
	if err := l.Run(); err != nil {
		return Result{}, err
	}
	return r.summary(), nil
}

// run is a load under way, on a loop.
type run struct {
	Options

	loop    *loop.Loop
	started time.Time
	ending  bool
	// active is how many answers are awaited.
	active    int
	latencies measure.Histogram
	result    Result
}

func (r *run) start() error {
	switch r.Kind {
	case Requests, Uploads:
		r.startRequests()
	case Connects:
		r.startConnects()
	case Idle:
		r.startIdle()
	case WebSockets:
		r.startSockets()
	case Streams:
		r.startStreams()
	case Handshakes: // needs no loop
	default:
		return fmt.Errorf("no such load: %q", r.Kind)
	}
	return nil
}

func (r *run) end() time.Time { return r.started.Add(r.Warmup + r.Duration) }

// sent notes that an answer is awaited.
func (r *run) sent() { r.active++ }

// answered notes an answer to what was due at a time, and says whether to go on.
func (r *run) answered(due time.Time) bool {
	r.result.Done++
	now := time.Now()
	if now.Sub(r.started) >= r.Warmup && !r.ending {
		r.latencies.Add(now.Sub(due))
	}
	return r.settled()
}

// failed notes that no answer comes, or a bad one, and says whether to go on.
func (r *run) failed(format string, arguments ...any) bool {
	if r.result.Errors == 0 {
		r.result.First = fmt.Sprintf(format, arguments...)
	}
	r.result.Errors++
	return r.settled()
}

func (r *run) settled() bool {
	r.active--
	if r.ending && r.active == 0 {
		r.loop.Stop()
	}
	return !r.ending
}

// finish starts nothing any more, and waits for what is under way.
func (r *run) finish() {
	r.ending = true
	if r.active == 0 {
		r.loop.Stop()
	}
	r.loop.At(time.Now().Add(grace), func() {
		if r.active > 0 && r.result.Errors == 0 {
			r.result.First = fmt.Sprintf("no answer for %v", grace)
		}
		r.result.Errors += int64(r.active)
		r.loop.Stop()
	})
}

func (r *run) summary() Result {
	r.result.setLatencies(&r.latencies)
	return r.result
}

func (r *Result) setLatencies(h *measure.Histogram) {
	r.P50, r.P99, r.Max = h.Quantile(0.5), h.Quantile(0.99), h.Max()
}

// message is the content of a body or of a message.
func message(size int) []byte {
	const text = "fleetgate bench "
	return slices.Clip([]byte(strings.Repeat(text, size/len(text)+1)[:size]))
}
