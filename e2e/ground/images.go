package ground

import (
	"context"
	"fmt"
	"path/filepath"

	"golang.org/x/sync/errgroup"

	"github.com/fleetgate/fleetgate/e2e/testbed/image"
	"github.com/fleetgate/fleetgate/e2e/testbed/kubebin"
)

// Image is an image and how its program is built.
type Image struct {
	// Names that the image is loaded under.
	Names []string
	// Program is the name of its only file.
	Program string
	// Build writes that program, static, to the path out.
	Build func(ctx context.Context, out string) error
}

// Ours is an image of a program in the source tree, such as cmd/proxy.
func Ours(name, pkg string) Image {
	return Image{[]string{name}, filepath.Base(pkg), func(ctx context.Context, out string) error { return kubebin.Build(ctx, pkg, out) }}
}

func (g *Ground) loadImages(ctx context.Context) error {
	images := append([]Image{Ours("fleetgate/operator:ground", "cmd/operator"), Ours("fleetgate/proxy:ground", "cmd/proxy")}, g.options.Images...)
	group, ctx := errgroup.WithContext(ctx)
	for _, i := range images {
		group.Go(func() error { return g.load(ctx, i) })
	}
	return group.Wait()
}

func (g *Ground) load(ctx context.Context, i Image) error {
	binary := g.scratch(filepath.Join("bin", i.Program))
	if err := i.Build(ctx, binary); err != nil {
		return err
	}
	for n, name := range i.Names {
		tar := fmt.Sprintf("%s-%d.tar", binary, n)
		if err := image.Build(tar, image.Spec{Name: name, Binary: binary, User: "65532:65532"}); err != nil {
			return err
		}
		if err := g.Fleet.Hub.LoadImages(ctx, tar); err != nil {
			return err
		}
	}
	return nil
}
