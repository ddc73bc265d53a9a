// Command fleetgate is the proxy as it is measured: the data plane with its metrics, a route table
// of any size instead of a cluster's, and nothing else. It reads commands from its standard input.
package main

import (
	"context"
	"crypto/tls"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"os/signal"
	"runtime/pprof"
	"syscall"

	"github.com/fleetgate/fleetgate/bench/table"
	"github.com/fleetgate/fleetgate/dataplane/admin"
	"github.com/fleetgate/fleetgate/dataplane/proxy"
)

type options struct {
	listen, backend, certificate, key, accessLog, profile string
	table                                                 table.Table
}

func main() {
	var o options
	flag.StringVar(&o.listen, "listen", "", "address to listen on")
	flag.StringVar(&o.backend, "backend", "", "IPv4 address and port of the backend")
	flag.StringVar(&o.certificate, "certificate", "", "certificate file, for TLS")
	flag.StringVar(&o.key, "key", "", "key file")
	flag.StringVar(&o.accessLog, "access-log", "", "file of the access log")
	flag.StringVar(&o.profile, "profile", "", "file of a profile of the processor")
	flag.IntVar(&o.table.Hosts, "hosts", 1000, "hosts in the route table")
	flag.IntVar(&o.table.Paths, "paths", 0, "routes by path of one host, instead of hosts")
	flag.BoolVar(&o.table.H2C, "h2c", false, "the backend speaks HTTP/2 without TLS")
	flag.Parse()
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "fleetgate:", err)
		os.Exit(1)
	}
}

func run(o options) error {
	if err := o.load(); err != nil {
		return err
	}
	log, err := openLog(o.accessLog)
	if err != nil {
		return err
	}
	stop, err := startProfile(o.profile)
	if err != nil {
		return err
	}
	defer stop()
	p := proxy.New(proxy.Options{
		Listen:   func(ctx context.Context, _ int32) (net.Listener, error) { return proxy.Listen(ctx, "tcp4", o.listen) },
		Observer: admin.NewMetrics(), AccessLog: log, Log: slog.New(slog.NewTextHandler(os.Stderr, nil)),
	})
	if err := p.Apply(o.table.Snapshot()); err != nil {
		return err
	}
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer cancel()
	go control(p, o.table)
	return p.Run(ctx)
}

// load reads what flags name.
func (o *options) load() (err error) {
	if o.table.Backend, err = netip.ParseAddrPort(o.backend); err != nil {
		return err
	}
	if o.certificate == "" {
		return nil
	}
	pair, err := tls.LoadX509KeyPair(o.certificate, o.key)
	o.table.Certificate = &pair
	return err
}

func openLog(path string) (io.Writer, error) {
	if path == "" {
		return nil, nil
	}
	return os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
}

func startProfile(path string) (stop func(), err error) {
	if path == "" {
		return func() {}, nil
	}
	file, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	return func() { pprof.StopCPUProfile(); file.Close() }, pprof.StartCPUProfile(file)
}
