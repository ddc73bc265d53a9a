// Demo-backend answers every request with JSON that tells who answered and what it saw. It is the backend of
// the examples and of the end-to-end tests; package responder says how to make it fail or dawdle.
package main

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

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
	plain := flag.String("listen", ":8080", "address to listen on")
	packets := flag.String("udp", "", "address to answer datagrams on; none by default")
	grace := flag.Duration("grace", 10*time.Second, "how long requests in flight may take after SIGTERM")
	linger := flag.Duration("linger", 2*time.Second, "how long to go on accepting after SIGTERM, until proxies have heard of it")
	secure := flag.String("tls-listen", "", "address to answer HTTPS on too, with tls.crt and tls.key of -tls-dir")
	pair := flag.String("tls-dir", "/tls", "folder of the certificate; while it is empty there is no HTTPS")
	flag.StringVar(&who.Service, "service", who.Service, "name of the Service (SERVICE)")
	flag.StringVar(&who.Version, "version", who.Version, "version to tell (VERSION)")
	flag.StringVar(&who.Member, "member", who.Member, "member cluster to tell (MEMBER, else NODE)")
	flag.Parse()

	signalled, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if *packets != "" {
		if err := answerPackets(signalled, *packets, who); err != nil {
			return err
		}
	}
	listeners, err := listen(signalled, *plain, *secure, *pair)
	if err != nil {
		return err
	}
	slog.Info("listening", "address", *plain, "service", who.Service, "member", who.Member)
	ctx, end := context.WithCancel(context.WithoutCancel(signalled))
	defer end()
	context.AfterFunc(signalled, func() { time.AfterFunc(*linger, end) })
	answers := &responder.Responder{Identity: who}
	var serving errgroup.Group
	for _, l := range listeners {
		serving.Go(func() error {
			defer end() // one that ends by itself ends the others
			return responder.Serve(ctx, l, answers, *grace)
		})
	}
	return serving.Wait()
}

// listen listens in the clear, and for TLS if there is an address for it and a certificate.
func listen(ctx context.Context, plain, secure, pair string) ([]net.Listener, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", plain)
	if err != nil || secure == "" {
		return []net.Listener{l}, err
	}
	certificate, err := tls.LoadX509KeyPair(filepath.Join(pair, "tls.crt"), filepath.Join(pair, "tls.key"))
	if errors.Is(err, fs.ErrNotExist) {
		return []net.Listener{l}, nil
	}
	if err != nil {
		return nil, err
	}
	s, err := (&net.ListenConfig{}).Listen(ctx, "tcp", secure)
	if err != nil {
		return nil, err
	}
	config := &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}}
	return []net.Listener{l, tls.NewListener(s, config)}, nil
}

// answerPackets answers datagrams until the process ends.
func answerPackets(ctx context.Context, address string, who responder.Identity) error {
	c, err := (&net.ListenConfig{}).ListenPacket(ctx, "udp", address)
	if err != nil {
		return err
	}
	go func() { _ = responder.ServePackets(context.WithoutCancel(ctx), c, who) }() // ends with the process
	return nil
}
