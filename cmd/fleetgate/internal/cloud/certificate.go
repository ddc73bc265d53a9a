package cloud

import (
	"context"
	"fmt"

	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/acm"

	"github.com/fleetgate/fleetgate/cmd/fleetgate/internal/selfsigned"
)

// Import puts a certificate for a hostname into the emulated ACM of a region, once, so that a listener that
// names none finds it.
func (e *Emulated) Import(ctx context.Context, wallet *selfsigned.Wallet, region, hostname string) error {
	if region == "" {
		region = Region
	}
	key := region + " " + hostname
	if e.imported[key] {
		return nil
	}
	client := acm.New(acm.Options{Region: region, BaseEndpoint: &e.server.URL, Credentials: e.credentials})
	if err := importInto(ctx, client, wallet, hostname); err != nil {
		return err
	}
	e.imported[key] = true
	return nil
}

// ImportTo puts certificates for hostnames into the ACM at endpoint, with the SDK's own configuration for
// everything else; an empty endpoint is AWS's, or that of AWS_ENDPOINT_URL.
func ImportTo(ctx context.Context, endpoint string, wallet *selfsigned.Wallet, hostnames []string) error {
	config, err := awsconfig.LoadDefaultConfig(ctx)
	if err != nil {
		return fmt.Errorf("configuring the AWS SDK: %w", err)
	}
	client := acm.NewFromConfig(config, func(o *acm.Options) {
		if endpoint != "" {
			o.BaseEndpoint = &endpoint
		}
	})
	for _, hostname := range hostnames {
		if err := importInto(ctx, client, wallet, hostname); err != nil {
			return err
		}
	}
	return nil
}

func importInto(ctx context.Context, client *acm.Client, wallet *selfsigned.Wallet, hostname string) error {
	pair, err := wallet.Pair("acm "+hostname, []string{hostname})
	if err != nil {
		return err
	}
	_, err = client.ImportCertificate(ctx, &acm.ImportCertificateInput{
		Certificate: pair.Cert, PrivateKey: pair.Key, CertificateChain: wallet.Authority.PEM,
	})
	if err != nil {
		return fmt.Errorf("importing a certificate for %s into ACM: %w", hostname, err)
	}
	return nil
}
