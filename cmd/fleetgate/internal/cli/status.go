package cli

import (
	"github.com/spf13/cobra"

	"github.com/fleetgate/fleetgate/cmd/fleetgate/internal/report"
	"github.com/fleetgate/fleetgate/internal/status"
)

func statusCommand() *cobra.Command {
	var path, form string
	var members []string
	c := &cobra.Command{
		Use:   "status -f DIR",
		Short: "Print the conditions that the objects of a folder would get",
		Long: `Print the conditions that the objects of a folder would get, before there are load balancers and proxies:
Programmed is therefore never True. Faults in the files go to standard error.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			at, err := look(path, members)
			if err != nil {
				return err
			}
			if err := at.writeFaults(c.ErrOrStderr()); err != nil {
				return err
			}
			rows := report.Rows(status.Of(at.world, at.meaning))
			if form != "" {
				return report.Encode(c.OutOrStdout(), form, rows)
			}
			return report.Table(c.OutOrStdout(), rows)
		},
	}
	folderFlag(c, &path)
	outputFlag(c, &form)
	c.Flags().StringSliceVar(&members, "members", []string{"local"}, "clusters that have the folder's Services")
	return c
}
