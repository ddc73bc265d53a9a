// Command load puts a load on a proxy and prints what came of it as a line of JSON.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/fleetgate/fleetgate/bench/load"
)

func main() {
	var o load.Options
	address := flag.String("address", "", "IPv4 address and port of the proxy")
	flag.StringVar((*string)(&o.Kind), "kind", string(load.Requests), "requests, connects, uploads, idle, handshakes, websockets or streams")
	flag.StringVar(&o.Host, "host", "", "host that is asked for")
	flag.StringVar(&o.Path, "path", "/1k", "path that is asked for")
	flag.IntVar(&o.Connections, "connections", 64, "connections at a time")
	flag.IntVar(&o.Streams, "streams", 1, "calls on each connection, for streams")
	flag.Float64Var(&o.Rate, "rate", 0, "requests a second of all connections; 0 for as many as there can be")
	flag.IntVar(&o.Body, "body", 64, "bytes of a body or of a message")
	flag.DurationVar(&o.Warmup, "warmup", 0, "time at the start in which latencies are not counted")
	flag.DurationVar(&o.Duration, "duration", time.Second, "time after that")
	flag.Parse()
	o.Ready = func() { fmt.Fprintln(os.Stdout, "ready") }
	if err := run(o, *address); err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

func run(o load.Options, address string) (err error) {
	if o.Address, err = netip.ParseAddrPort(address); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	result, err := load.Run(ctx, o)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(result)
}
