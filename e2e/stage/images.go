package stage

import (
	"context"
	"path/filepath"

	"golang.org/x/sync/errgroup"

	"github.com/fleetgate/fleetgate/e2e/testbed"
	"github.com/fleetgate/fleetgate/e2e/testbed/image"
)

// Names of the images, as manifests and chart values have them.
const (
	OperatorImage = "fleetgate/operator:dev"
	ProxyImage    = "fleetgate/proxy:dev"
	BackendImage  = "fleetgate/demo-backend:dev"
)

// loadImages builds images from the programs in Bin and loads each where it is needed.
func (s *Stage) loadImages(ctx context.Context) error {
	images := []struct {
		name, program string
		clusters      []*testbed.Cluster
	}{
		{OperatorImage, "operator", []*testbed.Cluster{s.Fleet.Hub}},
		{ProxyImage, "proxy", s.Fleet.Members},
		{BackendImage, "backend", s.Fleet.Members},
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, i := range images {
		group.Go(func() error {
			out := s.scratch(i.program + ".tar")
			spec := image.Spec{Name: i.name, Binary: filepath.Join(s.options.Bin, i.program), User: "65532:65532"}
			if err := image.Build(out, spec); err != nil {
				return err
			}
			for _, c := range i.clusters {
				if err := c.LoadImages(ctx, out); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}
