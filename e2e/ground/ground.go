package ground

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"github.com/fleetgate/fleetgate/e2e/testbed"
	"github.com/fleetgate/fleetgate/e2e/testbed/kubebin"
	"github.com/fleetgate/fleetgate/e2e/testbed/loadbalancer"
)

const (
	// Class is the GatewayClass that the ground has.
	Class = "fleetgate"
	// Namespace is where the operator runs.
	Namespace = "fleetgate-system"

	// unusable is an address that no load balancer of the testbed has (RFC 5737).
	unusable = "192.0.2.1"
)

// Options say what the ground is like.
type Options struct {
	Testbed testbed.Options
	// Channel of Gateway API's definitions. Default: Standard.
	Channel testbed.Channel
	// Values are set on the chart besides those of values.yaml, as in helm --set.
	Values []string
	// Images are loaded besides the product's.
	Images []Image
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
	kube    string
}

// Up brings the cluster up, or takes over one that is, and installs the product as it is in the source tree.
func Up(ctx context.Context, options Options) (*Ground, error) {
	if options.Channel == "" {
		options.Channel = testbed.Standard
	}
	g := &Ground{options: options}
	var err error
	if g.Source, err = kubebin.Source(ctx); err != nil {
		return nil, err
	}
	if g.Fleet, err = testbed.Up(ctx, options.Testbed); err != nil {
		return nil, err
	}
	if g.kube, err = kubebin.Kube(ctx, g.Fleet.Options().CacheDir); err != nil {
		return nil, err
	}
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
