package cli

import (
	"fmt"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"

	"github.com/fleetgate/fleetgate/cmd/fleetgate/internal/cloud"
	"github.com/fleetgate/fleetgate/cmd/fleetgate/internal/manifest"
	"github.com/fleetgate/fleetgate/cmd/fleetgate/internal/selfsigned"
)

// secretsOptions are the flags of `fleetgate demo-secrets`.
type secretsOptions struct {
	path, ca, endpoint string
	acm                bool
}

func secretsCommand() *cobra.Command {
	var o secretsOptions
	c := &cobra.Command{
		Use:   "demo-secrets -f DIR",
		Short: "Print the TLS Secrets that a demonstration lacks, with certificates made now",
		Long: `Print the TLS Secrets that a demonstration lacks, with certificates made now: those that listeners name, of
Gateways with the annotation ` + selfsigned.Annotation + `: "true". Keys exist nowhere but in this output.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return o.run(c) },
	}
	folderFlag(c, &o.path)
	f := c.Flags()
	f.StringVar(&o.ca, "ca-out", "", "file to write the certificate to that clients have to trust")
	f.BoolVar(&o.acm, "acm", false, "also import certificates into ACM for listeners that name none")
	f.StringVar(&o.endpoint, "acm-endpoint", "", "ACM's endpoint, implies --acm; default: AWS's, or AWS_ENDPOINT_URL")
	return c
}

func (o secretsOptions) run(c *cobra.Command) error {
	folder, err := manifest.Read(o.path)
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
	if o.acm || o.endpoint != "" {
		if err := cloud.ImportTo(c.Context(), o.endpoint, wallet, selfsigned.Unnamed(folder)); err != nil {
			return err
		}
	}
	if err := writeFile(o.ca, wallet.Authority.PEM); err != nil {
		return err
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
	return nil
}
