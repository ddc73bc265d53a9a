// Command operator turns Gateway API objects into cloud load balancers in front of a fleet of proxies.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/healthz"

	"github.com/fleetgate/fleetgate/cmd/internal/slack"
	"github.com/fleetgate/fleetgate/cmd/leaks"
	"github.com/fleetgate/fleetgate/controllers"
	"github.com/fleetgate/fleetgate/controllers/fleet"
	"github.com/fleetgate/fleetgate/controllers/rewatch"
)

const (
	// shutdown is how long what runs may take to end.
	shutdown = 20 * time.Second
	// late is how much later than asked for the operator's threads may wake: a seventh of its processor time went into waking in time.
	late = 500 * time.Microsecond
)

func main() {
	if err := slack.Take(late); err != nil {
		fmt.Fprintln(os.Stderr, "operator: it will take more processor time than it has to:", err)
	}
	settings, err := parse(os.Args[1:], os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err == nil {
		err = errors.Join(run(ctrl.SetupSignalHandler(), settings), leaks.Check())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "operator:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, s settings) error {
	log := logr.FromSlogHandler(slog.NewJSONHandler(os.Stdout, &slog.HandlerOptions{Level: s.logLevel}))
	ctrl.SetLogger(log)
	klog.SetLogger(log)
	config, err := ctrl.GetConfig()
	if err != nil {
		return fmt.Errorf("find the hub: %w", err)
	}
	config.QPS = -1                  // what is written at once is bounded, and the API server has its own limits
	config.DisableCompression = true // the hub is near: its watches cost more to unpack than to send
	config.UserAgent = "fleetgate-operator"
	scheme, err := controllers.Scheme()
	if err != nil {
		return err
	}
	reader, err := client.New(config, client.Options{Scheme: scheme}) // the manager, which has one, takes the address of the probes
	if err != nil {
		return fmt.Errorf("make a client of the hub: %w", err)
	}
	options := s.options
	options.Services = &fleet.Services{}
	options.HubID, err = awaitHub(ctx, log, s.healthAddr, patient(), func(ctx context.Context) (string, error) {
		return controllers.HubID(ctx, reader, s.options.HubID)
	})
	if err != nil {
		return err
	}
	web, err := rest.HTTPClientFor(config)
	if err != nil {
		return fmt.Errorf("make an HTTP client: %w", err)
	}
	mgr, err := ctrl.NewManager(config, s.manager(scheme, rewatch.Client(web)))
	if err != nil {
		return fmt.Errorf("make a manager: %w", err)
	}
	if options.Providers, err = registered(ctx, s, options.HubID, options.Services); err != nil {
		return err
	}
	if err := controllers.Add(mgr, options); err != nil {
		return err
	}
	if err := errors.Join(mgr.AddHealthzCheck("live", healthz.Ping), mgr.AddReadyzCheck("ready", healthz.Ping)); err != nil {
		return fmt.Errorf("add checks: %w", err)
	}
	return mgr.Start(ctx)
}
