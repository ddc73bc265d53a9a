package local

import (
	"context"
	"errors"
	"slices"

	"github.com/fleetgate/fleetgate/cmd/fleetgate/internal/cloud"
	"github.com/fleetgate/fleetgate/cmd/fleetgate/internal/cluster"
	"github.com/fleetgate/fleetgate/cmd/fleetgate/internal/selfsigned"
	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/world"
)

// clouded is the emulated AWS around load balancers.
type clouded struct {
	aws    *cloud.Emulated
	wallet *selfsigned.Wallet
	// discover are the hostnames for which ACM is given a certificate.
	discover []string
}

// prepare gives ACM the certificates that a demonstration expects there.
func (c *clouded) prepare(ctx context.Context, front ir.Front) error {
	region := ""
	if front.ALB != nil {
		region = front.ALB.Region
	}
	var errs []error
	for _, p := range front.Ports {
		for _, d := range p.DiscoverHostnames {
			if slices.Contains(c.discover, d.Hostname) {
				errs = append(errs, c.aws.Import(ctx, c.wallet, region, d.Hostname))
			}
		}
	}
	return errors.Join(errs...)
}

func (c *clouded) subnets() []string { return []string{"127.0.0.0/8"} }

func (c *clouded) locate(address world.Address) string {
	ip, _ := c.aws.Resolve(address.Hostname)
	return ip
}

func (c *clouded) close() { c.aws.Close() }

// clustered is the members around Services. Nothing in their way rewrites requests, so that nobody's forwarded headers are believed.
type clustered struct{ fleet *cluster.Fleet }

func (c *clustered) prepare(context.Context, ir.Front) error { return nil }

func (c *clustered) subnets() []string { return nil }

func (c *clustered) locate(address world.Address) string { return c.fleet.At(address.IP) }

func (c *clustered) close() {}
