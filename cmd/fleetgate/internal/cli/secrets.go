package cli

import (
	"fmt"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"

	"github.com/fleetgate/fleetgate/cmd/fleetgate/internal/cloud"
	"github.com/fleetgate/fleetgate/cmd/fleetgate/internal/manifest"
	"github.com/fleetgate/fleetgate/cmd/fleetgate/internal/selfsigned"
)

func secretsCommand() *cobra.Command {
	var path, ca, endpoint string
	var intoACM bool
	c := &cobra.Command{
		Use:   "demo-secrets -f DIR",
		Short: "Print the TLS Secrets that a demonstration lacks, with certificates made now",
		Long: `Print the TLS Secrets that a demonstration lacks, with certificates made now: those that listeners name, of
Gateways with the annotation ` + selfsigned.Annotation + `: "true". Keys exist nowhere but in this output.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			folder, err := manifest.Read(path)
			if err != nil {
				return err
			}
			wallet, err := selfsigned.NewWallet()
			if err != nil {
				return err
			}
			secrets, err := wallet.Secrets(folder)
			if err != nil {
				return err
			}
			if intoACM || endpoint != "" {
				if err := cloud.ImportTo(c.Context(), endpoint, wallet, selfsigned.Unnamed(folder)); err != nil {
					return err
				}
			}
			for _, s := range secrets {
				data, err := yaml.Marshal(s)
				if err != nil {
					return fmt.Errorf("encoding a Secret: %w", err)
				}
				if _, err := fmt.Fprintf(c.OutOrStdout(), "---\n%s", data); err != nil {
					return err
				}
			}
			return writeFile(ca, wallet.Authority.PEM)
		},
	}
	folderFlag(c, &path)
	c.Flags().StringVar(&ca, "ca-out", "", "file to write the certificate to that clients have to trust")
	c.Flags().BoolVar(&intoACM, "acm", false, "also import certificates into ACM for listeners that name none")
	c.Flags().StringVar(&endpoint, "acm-endpoint", "", "ACM's endpoint, and --acm; default: AWS's, or AWS_ENDPOINT_URL")
	return c
}
