// Scale measures the whole product on a real cluster: how long a route takes from its creation to its first answer, what
// thousands of routes and ListenerSets cost the operator and the proxy, and whether a request is lost while routes change.
// It brings a testbed up, prints a table, and writes it into a document when told to.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/go-logr/logr"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/fleetgate/fleetgate/bench/document"
	"github.com/fleetgate/fleetgate/e2e/ground"
	"github.com/fleetgate/fleetgate/e2e/testbed"
)

const (
	prefix      = "fgscale"
	network     = "10.224.0.0/16"
	downTimeout = 2 * time.Minute
)

// study is one thing that is measured; it leaves the stand as it found it.
type study struct {
	name string
	run  func(ctx context.Context, s *stand) ([]row, error)
}

var studies = []study{{"propagation", propagation}, {"attach", attach}, {"changes", changes}, {"listenersets", listenerSets}}

func main() {
	var names []string
	for _, s := range studies {
		names = append(names, s.name)
	}
	cases := flag.String("cases", strings.Join(names, ","), "what is measured, with commas between")
	out := flag.String("out", "", "file for the table, as Markdown: between its marks if it has them, else anew")
	keep := flag.Bool("keep", false, "leave the cluster up, for the next run to take over")
	flag.Parse()
	log.SetLogger(logr.Discard()) // what the client would tell is in its errors
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, strings.Split(*cases, ","), *out, *keep)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "scale:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, cases []string, out string, keep bool) (err error) {
	options := testbed.Options{Prefix: prefix, Network: netip.MustParsePrefix(network), Members: []string{}, Roomy: true}
	if !keep {
		defer func() {
			down, cancel := context.WithTimeout(context.WithoutCancel(ctx), downTimeout)
			defer cancel()
			err = errors.Join(err, testbed.Down(down, options))
		}()
	}
	fmt.Fprintln(os.Stderr, "bringing a cluster up")
	g, err := ground.Up(ctx, ground.Options{
		Testbed: options,
		// The limits are the chart's own but for the operator, of which the largest study asks more.
		Values: []string{"resources.limits.memory=4Gi", "proxy.resources.limits.memory=1Gi"},
		Images: []ground.Image{ground.Ours(backendImage, "e2e/backend")},
	})
	if err != nil {
		return err
	}
	s, err := open(ctx, g, keep)
	if err != nil {
		return err
	}
	rows, err := runStudies(ctx, s, cases)
	text := table(rows)
	fmt.Print("\n", text)
	if out == "" || err != nil {
		return err
	}
	return document.Write(out, "scale", text)
}

func runStudies(ctx context.Context, s *stand, cases []string) ([]row, error) {
	var rows []row
	for _, study := range studies {
		if !slices.Contains(cases, study.name) {
			continue
		}
		fmt.Fprintln(os.Stderr, study.name)
		some, err := study.run(ctx, s)
		rows = append(rows, some...)
		if err != nil {
			return rows, fmt.Errorf("%s: %w", study.name, err)
		}
	}
	return rows, nil
}
