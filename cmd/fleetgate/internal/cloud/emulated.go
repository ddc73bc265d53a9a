// Package cloud gives the CLI an AWS: emulated in this process, or the real one.
package cloud

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/fleetgate/fleetgate/cmd/fleetgate/internal/manifest"
	"github.com/fleetgate/fleetgate/providers"
	"github.com/fleetgate/fleetgate/providers/aws"
	"github.com/fleetgate/fleetgate/providers/aws/emulator"
)

// Region is where fronts whose ALBConfig names no region are made in the emulated AWS.
const Region = "eu-central-1"

// HubID marks what the CLI makes.
const HubID = "fleetgate-cli"

// Emulated is an AWS in this process, and the provider that talks to it.
type Emulated struct {
	Provider providers.Provider

	server      *emulator.Server
	credentials awssdk.CredentialsProvider
	imported    map[string]bool
}

// Options of an emulated AWS.
type Options struct {
	// Traffic makes its load balancers listen.
	Traffic bool
	// Log of its load balancers; may be nil.
	Log *slog.Logger
}

// Emulate starts an AWS in which the security groups and subnets exist that the folder's ALBConfigs name.
func Emulate(ctx context.Context, folder manifest.Folder, o Options) (*Emulated, error) {
	server, err := emulator.Start(ctx, emulator.Options{
		Log:     o.Log,
		Network: network(folder),
		Timing: emulator.Timing{
			Provisioning: 20 * time.Millisecond, InterfaceLinger: -1, WebACLUnavailable: -1,
			Scale: 100, HealthInterval: 50 * time.Millisecond,
		},
		DataPlane: emulator.DataPlane{Disabled: !o.Traffic, EnforceSecurityGroups: true},
	})
	if err != nil {
		return nil, fmt.Errorf("starting the emulated AWS: %w", err)
	}
	keys := credentials.NewStaticCredentialsProvider("emulated", "emulated", "")
	provider, err := aws.New(ctx, aws.Options{
		HubID: HubID, Region: Region, Endpoint: server.URL, Credentials: keys,
		NoRateLimit: true, ReplacementGrace: -1, CacheTTL: -1,
	})
	if err != nil {
		server.Close()
		return nil, fmt.Errorf("making the provider: %w", err)
	}
	return &Emulated{Provider: provider, server: server, credentials: keys, imported: map[string]bool{}}, nil
}

// Close stops the emulated AWS.
func (e *Emulated) Close() { e.server.Close() }

// Resolve is the address of a load balancer's DNS name.
func (e *Emulated) Resolve(name string) (string, bool) { return e.server.Resolve(name) }

// network is the default one, and what ALBConfigs name.
func network(folder manifest.Folder) emulator.Network {
	var n emulator.Network
	for _, c := range folder.ALBConfigs {
		for _, id := range c.Spec.SecurityGroups {
			if !slices.ContainsFunc(n.SecurityGroups, func(g emulator.SecurityGroup) bool { return g.ID == id }) {
				n.SecurityGroups = append(n.SecurityGroups, emulator.SecurityGroup{ID: id, Name: "existing-" + id})
			}
		}
		if c.Spec.Subnets == nil {
			continue
		}
		for _, id := range c.Spec.Subnets.IDs {
			i := len(n.Subnets)
			n.Subnets = append(n.Subnets, emulator.Subnet{
				ID: id, CIDR: fmt.Sprintf("10.%d.0.0/16", 128+i%128), Zone: string(rune('a' + i%3)),
			})
		}
	}
	return n
}
