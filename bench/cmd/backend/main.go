// Command backend is the server behind the proxies of a benchmark. It prints its two addresses.
package main

import (
	"context"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"os/signal"
	"syscall"

	"github.com/fleetgate/fleetgate/bench/backend"
	"github.com/fleetgate/fleetgate/bench/counter"
	"github.com/fleetgate/fleetgate/bench/loop"
)

func main() {
	counters := flag.String("counters", "", "file of the counters, which exists")
	flag.Parse()
	if err := run(*counters); err != nil {
		fmt.Fprintln(os.Stderr, "backend:", err)
		os.Exit(1)
	}
}

func run(file string) error {
	counters, err := counter.Open(file)
	if err != nil {
		return err
	}
	l, err := loop.New()
	if err != nil {
		return err
	}
	defer l.Close()
	server, err := backend.Start(l, netip.AddrFrom4([4]byte{127, 0, 0, 1}), counters)
	if err != nil {
		return err
	}
	fmt.Fprintln(os.Stdout, server.HTTP, server.GRPC)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	defer context.AfterFunc(ctx, l.Stop)()
	return l.Run()
}
