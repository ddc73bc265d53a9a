// Command bench measures the proxy against nginx, HAProxy, net/http and Traefik where it is built, and prints a table.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/fleetgate/fleetgate/bench/document"
	"github.com/fleetgate/fleetgate/bench/suite"
)

func main() {
	o := suite.Options{Progress: os.Stderr}
	selected := flag.String("cases", "", "names of cases, with commas between them; none for all: "+strings.Join(suite.Names(), ", "))
	seconds := flag.Float64("seconds", 2, "how long each proxy is measured in a round")
	out := flag.String("out", "", "file for the table, as Markdown: between its marks if it has them, else anew")
	flag.IntVar(&o.Rounds, "rounds", 5, "rounds in which the proxies take turns")
	flag.StringVar(&o.ProxyCPUs, "proxy-cpus", "0", "processor of the proxy")
	flag.StringVar(&o.LoadCPUs, "load-cpus", "1", "processors of load and backend")
	flag.StringVar(&o.Profile, "profile", "", "file for a profile of ours; use it with one case")
	flag.Parse()
	o.Window = time.Duration(*seconds * float64(time.Second))
	if *selected != "" {
		o.Cases = strings.Split(*selected, ",")
	}
	if err := run(o, *out); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(o suite.Options, out string) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	o.Programs = filepath.Dir(program)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	b, err := suite.Open(o)
	if err != nil {
		return err
	}
	defer b.Close()
	rows, failed := b.Run(ctx)
	var text strings.Builder
	if err := suite.WriteTable(&text, rows); err != nil {
		return err
	}
	fmt.Fprint(os.Stdout, "\n", text.String())
	if out != "" && ctx.Err() == nil {
		if err := document.Write(out, "figures", o.Describe(ctx)+"\n"+text.String()); err != nil {
			return err
		}
	}
	return failed
}
