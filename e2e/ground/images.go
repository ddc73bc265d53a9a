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

// product are the operator and the proxy.
func (g *Ground) product() []Image {
	images := []Image{Ours(operatorImage, "cmd/operator"), Ours(proxyImage, "cmd/proxy")}
	if g.options.Checked {
		for i, pkg := range []string{"cmd/operator", "cmd/proxy"} {
			images[i].Build = func(ctx context.Context, out string) error { return kubebin.BuildChecked(ctx, pkg, out) }
		}
	}
	return images
}

func (g *Ground) loadImages(ctx context.Context) error {
	images := append(g.product(), g.options.Images...)
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
		for _, c := range g.Fleet.Clusters() {
			if err := c.LoadImages(ctx, tar); err != nil {
				return err
			}
		}
	}
	return nil
}
