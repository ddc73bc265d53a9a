package ground

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"github.com/fleetgate/fleetgate/e2e/admin"
	"github.com/fleetgate/fleetgate/e2e/testbed"
	"github.com/fleetgate/fleetgate/e2e/testbed/loadbalancer"
)

const (
	// Class is the GatewayClass that the ground has.
	Class = "fleetgate"
	// Namespace is where the operator runs.
	Namespace = admin.Namespace

	// unusable is an address that no load balancer of the testbed has (RFC 5737).
	unusable = "192.0.2.1"
	// The product's images, by the names that values.yaml has.
	operatorImage = "fleetgate/operator:ground"
	proxyImage    = "fleetgate/proxy:ground"
)

// Options say what the ground is like.
type Options struct {
	// Testbed has no members, or some that are registered; the hub is a member anyway.
	Testbed testbed.Options
	// Channel of Gateway API's definitions. Default: Standard.
	Channel testbed.Channel
	// Values are set on the chart besides those of values.yaml, as in helm --set.
	Values []string
	// Images are loaded besides the product's.
	Images []Image
	// Checked has the product built with the race detector and the check for goroutines that are left, see Witness.
	Checked bool
}

// Ground is a cluster with the product in it.
type Ground struct {
	// Kubeconfig is the file of an administrator's kubeconfig.
	Kubeconfig string
	// Usable is an address that a Gateway can ask for, Unusable one that it cannot.
	Usable, Unusable netip.Addr
	// Source is the root of the source tree.
	Source string
	// Fleet is the testbed below.
	Fleet *testbed.Fleet

	options Options
	admin   *admin.Admin
}

// Up brings the cluster up, or takes over one that is, and installs the product as it is in the source tree.
func Up(ctx context.Context, options Options) (*Ground, error) {
	if options.Channel == "" {
		options.Channel = testbed.Standard
	}
	g := &Ground{options: options}
	var err error
	if g.Fleet, err = testbed.Up(ctx, options.Testbed); err != nil {
		return nil, err
	}
	if g.admin, err = admin.New(ctx, g.Fleet); err != nil {
		return nil, err
	}
	g.Source = g.admin.Source
	g.Kubeconfig = g.Fleet.Hub.Kubeconfig
	g.Usable, g.Unusable = reserved(g.Fleet.Hub.Balancers), netip.MustParseAddr(unusable)
	if err := g.loadImages(ctx); err != nil {
		return nil, fmt.Errorf("loading images: %w", err)
	}
	if err := g.install(ctx); err != nil {
		return nil, fmt.Errorf("installing: %w", errors.Join(err, g.pods(ctx)))
	}
	return g, nil
}

// reserved is an address that is given only to who asks for it.
func reserved(pool netip.Prefix) netip.Addr {
	bytes := pool.Masked().Addr().As4()
	bytes[3] -= loadbalancer.Reserved / 2
	return netip.AddrFrom4(bytes)
}
