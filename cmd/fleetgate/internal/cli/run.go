package cli

import (
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/fleetgate/fleetgate/cmd/fleetgate/internal/local"
)

func runCommand() *cobra.Command {
	var o local.Options
	var mode, listen string
	var accessLog, verbose bool
	c := &cobra.Command{
		Use:   "run -f DIR",
		Short: "Run a whole gateway from a folder of YAML on this machine, without any cluster",
		Long: `Run a whole gateway from a folder of YAML on this machine, without any cluster.

Objects and EndpointSlices come from the files. A Service whose Deployment runs the image fleetgate/demo-backend gets
that backend in this process. Before the proxies of AWS classes stands an emulated AWS, whose load balancers listen on
loopback addresses, or nothing (--provider plain); those of classes of Services are reached as Services with loopback
addresses. The folder is loaded again whenever a file changes.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			address, err := netip.ParseAddr(listen)
			if err != nil {
				return fmt.Errorf("--listen: %w", err)
			}
			o.Mode, o.Listen, o.Out = local.Mode(mode), address, c.OutOrStdout()
			level := slog.LevelWarn
			if verbose {
				level = slog.LevelDebug
			}
			o.Log = slog.New(slog.NewTextHandler(c.ErrOrStderr(), &slog.HandlerOptions{Level: level}))
			if accessLog {
				o.AccessLog = c.ErrOrStderr()
			}
			ctx, stop := signal.NotifyContext(c.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			return local.Run(ctx, o, nil)
		},
	}
	folderFlag(c, &o.Path)
	f := c.Flags()
	f.StringVar(&mode, "provider", string(local.Emulator), "what stands before the proxies of AWS classes: emulator or plain")
	f.StringVar(&listen, "listen", "127.0.0.1", "address of the first Gateway with --provider plain; the next ones get the next addresses")
	f.Int32Var(&o.PortOffset, "port-offset", 0, "added to the port of every listener, for users who may not bind low ports")
	f.StringSliceVar(&o.Members, "members", []string{"local"}, "clusters to play; each gets proxies and backends of its own")
	f.BoolVar(&accessLog, "access-log", false, "write a line of JSON for each request to standard error")
	f.BoolVarP(&verbose, "verbose", "v", false, "log more")
	return c
}
