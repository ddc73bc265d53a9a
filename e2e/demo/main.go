// Command demo brings the whole product up on this machine with examples/seed, and removes it again.
//
//	demo up     clusters, charts, example; prints curl lines
//	demo down   removes all of it
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/fleetgate/fleetgate/e2e/stage"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	options := stage.Options{Log: os.Stderr}
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	flags.StringVar(&options.Bin, "bin", "bin", "folder of the built programs")
	flags.StringVar(&options.Manifests, "f", "examples/seed", "folder of the scenario, from the module's root")
	if len(args) == 0 {
		return fmt.Errorf("say up or down")
	}
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	switch args[0] {
	case "up":
		return up(ctx, options)
	case "down":
		return stage.Down(ctx, options)
	}
	return fmt.Errorf("%s: say up or down", args[0])
}

func up(ctx context.Context, options stage.Options) error {
	s, err := stage.Up(ctx, options)
	if err != nil {
		return err
	}
	lines, err := s.Lines(ctx)
	if err != nil {
		return err
	}
	fmt.Println(lines)
	for _, c := range s.Fleet.Clusters() {
		fmt.Printf("# %s: export KUBECONFIG=%s\n", c.Name, c.Kubeconfig)
	}
	fmt.Println("# AWS: export AWS_ENDPOINT_URL=" + s.Cloud.Endpoint)
	fmt.Println("# Remove everything: make demo-down")
	return nil
}
