package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/fleetgate/fleetgate/e2e/testbed"
	"github.com/fleetgate/fleetgate/e2e/testbed/binder"
	"github.com/fleetgate/fleetgate/e2e/testbed/kubebin"
	"github.com/fleetgate/fleetgate/e2e/testbed/loadbalancer"
)

func up(ctx context.Context, args []string) error {
	options, _, err := parse("up", args, nil)
	if err != nil {
		return err
	}
	begin := time.Now()
	fleet, err := testbed.Up(ctx, options)
	if err != nil {
		return err
	}
	fmt.Printf("up after %s; pods reach this host at %s\n", time.Since(begin).Round(time.Second), fleet.HostIP)
	for _, cluster := range fleet.Clusters() {
		fmt.Printf("%s\texport KUBECONFIG=%s\n", cluster.Name, cluster.Kubeconfig)
	}
	return nil
}

func down(ctx context.Context, args []string) error {
	options, _, err := parse("down", args, nil)
	if err != nil {
		return err
	}
	return testbed.Down(ctx, options)
}

func kubeconfig(_ context.Context, args []string) error {
	options, names, err := parse("kubeconfig", args, nil)
	if err != nil {
		return err
	}
	if len(names) != 1 {
		return errors.New("kubeconfig: want the name of one cluster")
	}
	_, clusters, err := open(options, names)
	if err != nil {
		return err
	}
	fmt.Println(clusters[0].Kubeconfig)
	return nil
}

func images(ctx context.Context, args []string) error {
	if len(args) == 0 || args[0] != "load" {
		return errors.New("images: want images load FILE, one or more")
	}
	var names list
	options, files, err := parse("images load", args[1:], func(flags *flag.FlagSet) {
		flags.Var(&names, "cluster", "cluster to load into; may be given again (default all)")
	})
	if err != nil {
		return err
	}
	_, clusters, err := open(options, names)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, cluster := range clusters {
		group.Go(func() error { return cluster.LoadImages(ctx, files...) })
	}
	return group.Wait()
}

func register(ctx context.Context, args []string) error {
	options, _, err := parse("register", args, nil)
	if err != nil {
		return err
	}
	fleet, _, err := open(options, nil)
	if err != nil {
		return err
	}
	return fleet.RegisterMembers(ctx)
}

func gatewayAPI(ctx context.Context, args []string) error {
	var names list
	var experimental bool
	options, _, err := parse("gateway-api", args, func(flags *flag.FlagSet) {
		flags.Var(&names, "cluster", "cluster to install into; may be given again (default all)")
		flags.BoolVar(&experimental, "experimental", false, "install the experimental channel")
	})
	if err != nil {
		return err
	}
	_, clusters, err := open(options, names)
	if err != nil {
		return err
	}
	channel := testbed.Standard
	if experimental {
		channel = testbed.Experimental
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, cluster := range clusters {
		group.Go(func() error { return cluster.InstallGatewayAPI(ctx, channel) })
	}
	return group.Wait()
}

func kube(ctx context.Context, args []string) error {
	options, _, err := parse("kube", args, nil)
	if err != nil {
		return err
	}
	if options.CacheDir == "" {
		if options.CacheDir, err = kubebin.DefaultCache(); err != nil {
			return err
		}
	}
	dir, err := kubebin.Kube(ctx, options.CacheDir)
	if err != nil {
		return err
	}
	fmt.Println(dir)
	return nil
}

func check(context.Context, []string) error {
	return testbed.CheckMachine()
}

// bind binds pods of all the clusters until it is stopped.
func bind(ctx context.Context, args []string) error {
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	group, ctx := errgroup.WithContext(ctx)
	for _, file := range args {
		config, err := clientcmd.BuildConfigFromFlags("", file)
		if err != nil {
			return err
		}
		group.Go(func() error { return binder.Run(ctx, config, log.With("kubeconfig", file)) })
	}
	return group.Wait()
}

// balance gives addresses to the Services of all the clusters until it is stopped.
func balance(ctx context.Context, args []string) error {
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	group, ctx := errgroup.WithContext(ctx)
	for _, arg := range args {
		text, file, _ := strings.Cut(arg, "=")
		pool, err := netip.ParsePrefix(text)
		if err != nil {
			return fmt.Errorf("balance: want RANGE=KUBECONFIG: %w", err)
		}
		config, err := clientcmd.BuildConfigFromFlags("", file)
		if err != nil {
			return err
		}
		group.Go(func() error { return loadbalancer.Run(ctx, config, pool, log.With("kubeconfig", file)) })
	}
	return group.Wait()
}
