package stage

import (
	"context"
	"errors"

	"golang.org/x/sync/errgroup"

	"github.com/fleetgate/fleetgate/e2e/admin"
	"github.com/fleetgate/fleetgate/e2e/testbed"
)

// Namespace is where the operator is installed on the hub.
const Namespace = admin.Namespace

// install puts Gateway API's CRDs and ours on the hub, ours on the members, registers those, and installs the operator.
func (s *Stage) install(ctx context.Context) error {
	group, each := errgroup.WithContext(ctx)
	group.Go(func() error { return s.Fleet.Hub.InstallGatewayAPI(each, testbed.Standard) })
	for _, c := range s.Fleet.Clusters() {
		group.Go(func() error { return s.admin.Install(each, c, "fleetgate-crds") })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	if err := s.admin.RegisterMembers(ctx); err != nil {
		return err
	}
	// The chart makes a Role in each namespace that holds certificates, so the namespaces come first.
	if err := s.applyFiles(ctx, s.Fleet.Hub, "00-*.yaml"); err != nil {
		return err
	}
	err := s.admin.Install(ctx, s.Fleet.Hub, "fleetgate",
		"--values", "e2e/stage/values.yaml", "--set", "aws.endpointURL="+s.Cloud.Endpoint, "--wait", "--timeout", "3m")
	if err != nil {
		return errors.Join(err, s.whyNotReady(ctx))
	}
	return nil
}
