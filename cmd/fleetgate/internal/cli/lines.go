package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fleetgate/fleetgate/cmd/fleetgate/internal/try"
)

func linesCommand() *cobra.Command {
	var path, ca string
	var addresses, members []string
	c := &cobra.Command{
		Use:   "demo-lines -f DIR --address IP",
		Short: "Print a line for a shell for every rule of the folder's routes",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			at, err := look(path, members)
			if err != nil {
				return err
			}
			if err := at.writeFaults(c.ErrOrStderr()); err != nil {
				return err
			}
			for _, r := range try.All(at.meaning) {
				address := pick(addresses, r.Gateway)
				if address == "" {
					continue
				}
				if _, err := fmt.Fprintf(c.OutOrStdout(), "\n# %s\n%s\n", r.Title, r.Line(address, ca)); err != nil {
					return err
				}
			}
			return nil
		},
	}
	folderFlag(c, &path)
	f := c.Flags()
	f.StringSliceVar(&addresses, "address", nil, "where Gateways are reached: an IP address, or NAMESPACE/NAME=IP for each Gateway")
	f.StringVar(&ca, "ca", "", "file with the certificate to trust")
	f.StringSliceVar(&members, "members", []string{"local"}, "clusters that have the folder's Services")
	_ = c.MarkFlagRequired("address") // the flag exists
	return c
}

// pick is the address given for a Gateway, else the one given for all.
func pick(addresses []string, gateway string) string {
	general := ""
	for _, a := range addresses {
		name, address, named := strings.Cut(a, "=")
		switch {
		case !named:
			general = a
		case name == gateway:
			return address
		}
	}
	return general
}
