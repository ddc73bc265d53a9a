// Command testbed brings real Kubernetes clusters up and down on this machine; see package
// testbed for what they are.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

// verb is one thing that the program does.
type verb struct {
	name, args, help string
	run              func(ctx context.Context, args []string) error
}

func verbs() []verb {
	return []verb{
		{"up", "", "bring the clusters up, or take over those that are", up},
		{"down", "", "end the clusters and remove all they made", down},
		{"status", "", "tell what runs, with its memory", status},
		{"kubeconfig", "CLUSTER", "print the path of a cluster's kubeconfig", kubeconfig},
		{"images", "load FILE...", "load image archives into every cluster, or those of --cluster", images},
		{"register", "", "declare the members on the hub, as Cluster API objects", register},
		{"gateway-api", "", "install Gateway API's definitions into every cluster, or those of --cluster", gatewayAPI},
		{"kube", "", "build the Kubernetes programs if need be, and print their folder", kube},
		{"check", "", "tell what this machine lacks", check},
		{"bind", "KUBECONFIG...", "bind pods to their clusters' only node (used by the testbed itself)", bind},
		{"balance", "RANGE=KUBECONFIG...", "give addresses to Services of type LoadBalancer (used by the testbed itself)", balance},
	}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := dispatch(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "testbed:", err)
		os.Exit(1)
	}
}

func dispatch(ctx context.Context, args []string) error {
	if len(args) > 0 {
		for _, v := range verbs() {
			if v.name == args[0] {
				return v.run(ctx, args[1:])
			}
		}
	}
	return errors.New(usage())
}

func usage() string {
	var out strings.Builder
	out.WriteString("usage: testbed VERB [FLAGS] [ARGS], where VERB is one of\n")
	for _, v := range verbs() {
		fmt.Fprintf(&out, "  %-32s %s\n", v.name+" "+v.args, v.help)
	}
	out.WriteString("testbed VERB --help tells the flags.")
	return out.String()
}
