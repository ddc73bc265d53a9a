// Demo-backend answers every request with JSON that tells who answered and what it saw. It is the backend of
// the examples and of the end-to-end tests; package responder says how to make it fail or dawdle.
package main

import (
	"context"
	"flag"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/fleetgate/fleetgate/e2e/backend/responder"
)

func main() {
	if err := start(); err != nil {
		slog.Error("demo backend", "error", err)
		os.Exit(1)
	}
}

// start reads flags and serves until a signal.
func start() error {
	who := responder.FromEnvironment()
	listen := flag.String("listen", ":8080", "address to listen on")
	packets := flag.String("udp", "", "address to answer datagrams on; none by default")
	grace := flag.Duration("grace", 10*time.Second, "how long requests in flight may take after SIGTERM")
	linger := flag.Duration("linger", 2*time.Second, "how long to go on accepting after SIGTERM, until proxies have heard of it")
	flag.StringVar(&who.Service, "service", who.Service, "name of the Service (SERVICE)")
	flag.StringVar(&who.Version, "version", who.Version, "version to tell (VERSION)")
	flag.StringVar(&who.Member, "member", who.Member, "member cluster to tell (MEMBER, else NODE)")
	flag.Parse()

	signalled, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if *packets != "" {
		c, err := (&net.ListenConfig{}).ListenPacket(signalled, "udp", *packets)
		if err != nil {
			return err
		}
		go func() { _ = responder.ServePackets(context.WithoutCancel(signalled), c, who) }() // ends with the process
	}
	return run(signalled, *listen, who, *linger, *grace)
}

func run(signalled context.Context, listen string, who responder.Identity, linger, grace time.Duration) error {
	l, err := (&net.ListenConfig{}).Listen(signalled, "tcp", listen)
	if err != nil {
		return err
	}
	slog.Info("listening", "address", l.Addr().String(), "service", who.Service, "member", who.Member)
	ctx, stop := context.WithCancel(context.WithoutCancel(signalled))
	context.AfterFunc(signalled, func() { time.AfterFunc(linger, stop) })
	return responder.Serve(ctx, l, &responder.Responder{Identity: who}, grace)
}
