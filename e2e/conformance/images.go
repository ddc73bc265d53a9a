package conformance

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"golang.org/x/sync/errgroup"
	_ "sigs.k8s.io/gateway-api-conformance-images/echo-basic/udpechoserver" // keeps the module of the suite's backend required

	"github.com/fleetgate/fleetgate/e2e/testbed/image"
	"github.com/fleetgate/fleetgate/e2e/testbed/kubebin"
)

// echo is the program behind the suite's backends.
const echo = "sigs.k8s.io/gateway-api-conformance-images/echo-basic"

// picture is an image and how its program is built.
type picture struct {
	names   []string
	program string
	build   func(ctx context.Context, out string) error
}

// pictures are the product's images, and the suite's backend under the very names that its manifests have.
func (g *Ground) pictures() []picture {
	ours := func(pkg string) func(context.Context, string) error {
		return func(ctx context.Context, out string) error { return kubebin.Build(ctx, pkg, out) }
	}
	return []picture{
		{[]string{"fleetgate/operator:conformance"}, "operator", ours("cmd/operator")},
		{[]string{"fleetgate/proxy:conformance"}, "proxy", ours("cmd/proxy")},
		{
			[]string{
				"registry.k8s.io/gateway-api/conformance/echo-basic:v0.1.0",
				"registry.k8s.io/gateway-api/conformance/echo-basic:v0.2.0",
			}, "echo-basic", g.buildEcho,
		},
	}
}

// buildEcho builds the suite's backend from its own sources, static, as its image has it.
func (g *Ground) buildEcho(ctx context.Context, out string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", out, echo)
	cmd.Dir = filepath.Join(g.source, "e2e", "conformance")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building %s: %w: %s", echo, err, output)
	}
	return nil
}

func (g *Ground) loadImages(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, p := range g.pictures() {
		group.Go(func() error { return g.load(ctx, p) })
	}
	return group.Wait()
}

func (g *Ground) load(ctx context.Context, p picture) error {
	binary := g.scratch(filepath.Join("bin", p.program))
	if err := p.build(ctx, binary); err != nil {
		return err
	}
	for i, name := range p.names {
		tar := fmt.Sprintf("%s-%d.tar", binary, i)
		if err := image.Build(tar, image.Spec{Name: name, Binary: binary, User: "65532:65532"}); err != nil {
			return err
		}
		if err := g.fleet.Hub.LoadImages(ctx, tar); err != nil {
			return err
		}
	}
	return nil
}
