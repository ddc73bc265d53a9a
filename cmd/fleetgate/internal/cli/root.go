// Package cli is the command line of fleetgate.
package cli

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"
)

// Root is the command fleetgate. version is what `fleetgate version` prints.
func Root(version string) *cobra.Command {
	root := &cobra.Command{
		Use:           "fleetgate",
		Short:         "Gateway API objects as cloud load balancers in front of proxies, across clusters",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(
		runCommand(), planCommand(), statusCommand(), secretsCommand(), linesCommand(), versionCommand(version),
	)
	return root
}

func versionCommand(version string) *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(c.OutOrStdout(), version)
			return err
		},
	}
}

// folderFlag adds the flag that every command on a folder has.
func folderFlag(c *cobra.Command, path *string) {
	c.Flags().StringVarP(path, "filename", "f", "", "folder of YAML files, or one file")
	_ = c.MarkFlagRequired("filename") // the flag exists
	_ = c.MarkFlagDirname("filename")  // the flag exists
}

// outputFlag adds the flag for the form of the output.
func outputFlag(c *cobra.Command, form *string) {
	c.Flags().StringVarP(form, "output", "o", "", "form of the output: json or yaml; default: text for people")
}

// writeFile writes a file that others may read, or nothing when path is empty.
func writeFile(path string, data []byte) error {
	if path == "" {
		return nil
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		return fmt.Errorf("writing a file: %w", err)
	}
	return nil
}
