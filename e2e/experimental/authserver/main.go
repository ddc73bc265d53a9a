// Authserver says who may pass, for the examples of external authorization and their tests: over HTTP, and over gRPC
// with Envoy's own messages of ext_authz, so that a proxy's are read by another's code than its own. See verdict.
package main

import (
	"context"
	"errors"
	"flag"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/grpc"
)

func main() {
	if err := start(); err != nil {
		slog.Error("auth server", "error", err)
		os.Exit(1)
	}
}

func start() error {
	overHTTP := flag.String("http", ":8080", "address to answer HTTP on")
	overGRPC := flag.String("grpc", ":9000", "address to answer gRPC on")
	flag.Parse()
	signalled, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	web, err := (&net.ListenConfig{}).Listen(signalled, "tcp", *overHTTP)
	if err != nil {
		return err
	}
	calls, err := (&net.ListenConfig{}).Listen(signalled, "tcp", *overGRPC)
	if err != nil {
		return err
	}
	return serve(signalled, web, calls)
}

// serve answers on both listeners until ctx is done, and closes them.
func serve(ctx context.Context, web, calls net.Listener) error {
	pages := &http.Server{Handler: http.HandlerFunc(answer), ReadHeaderTimeout: 30 * time.Second}
	service := grpc.NewServer()
	authv3.RegisterAuthorizationServer(service, checker{})
	ended := make(chan error, 2)
	go func() { ended <- pages.Serve(web) }()
	go func() { ended <- service.Serve(calls) }()
	var err error
	select {
	case err = <-ended:
	case <-ctx.Done():
	}
	service.Stop()
	err = errors.Join(err, pages.Close())
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}
