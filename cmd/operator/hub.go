package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/wait"
)

// patience with the hub.
type patience struct {
	// pace of the questions.
	pace wait.Backoff
	// refusals in a row are taken for so long: an API server that has just started does not know yet what it permits.
	refusals time.Duration
}

// patient asks without end, with jitter.
func patient() patience {
	return patience{
		pace:     wait.Backoff{Duration: 250 * time.Millisecond, Factor: 1.5, Jitter: 0.3, Steps: 1 << 30, Cap: 5 * time.Second},
		refusals: 30 * time.Second,
	}
}

// awaitHub asks until the hub answers: an operator that exits while the API server is away is restarted later and
// later, and comes back minutes after it. Until then /healthz on healthAddr says that it lives, and /readyz that it is not
// ready; healthAddr is free again when it returns. A hub that goes on to refuse the answer is an error.
func awaitHub(
	ctx context.Context, log logr.Logger, healthAddr string, with patience, ask func(context.Context) (string, error),
) (string, error) {
	stop, err := serveWaiting(ctx, log, healthAddr)
	if err != nil {
		return "", err
	}
	defer stop()
	good := time.Now() // when it was last not a refusal
	for {
		id, err := ask(ctx)
		if !refused(err) {
			good = time.Now()
		}
		if err == nil || time.Since(good) > with.refusals {
			return id, err
		}
		delay := with.pace.Step()
		log.Info("the hub does not answer", "error", err.Error(), "again", delay.String())
		select {
		case <-ctx.Done():
			return "", errors.Join(ctx.Err(), err)
		case <-time.After(delay):
		}
	}
}

// refused says that somebody may have to change something before asking again helps.
func refused(err error) bool {
	return apierrors.IsForbidden(err) || apierrors.IsNotFound(err)
}

// serveWaiting answers the probes of an operator that waits, until stop is called. Addresses that the manager takes for none
// ("" and "0") are none here too.
func serveWaiting(ctx context.Context, log logr.Logger, address string) (stop func(), err error) {
	if address == "" || address == "0" {
		return func() {}, nil
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen for probes: %w", err)
	}
	answers := http.NewServeMux()
	answers.HandleFunc("/healthz", func(http.ResponseWriter, *http.Request) {})
	answers.HandleFunc("/readyz", func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "the hub does not answer", http.StatusServiceUnavailable)
	})
	server := &http.Server{Handler: answers, ReadHeaderTimeout: 5 * time.Second}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			log.Error(err, "serve probes")
		}
	}()
	return func() {
		_ = server.Close()
		<-done
	}, nil
}
