package stage

import (
	"context"
	"path/filepath"

	"github.com/fleetgate/fleetgate/e2e/testbed"
)

// Kubectl runs kubectl against a cluster.
func (s *Stage) Kubectl(ctx context.Context, c *testbed.Cluster, stdin []byte, args ...string) (string, error) {
	return s.admin.Kubectl(ctx, c, stdin, args...)
}

func (s *Stage) scratch(name string) string { return filepath.Join(s.Fleet.Options().Dir, name) }
