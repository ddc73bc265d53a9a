package conformance

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	_ "sigs.k8s.io/gateway-api-conformance-images/echo-basic/udpechoserver" // keeps the module of the suite's backend required

	"github.com/fleetgate/fleetgate/e2e/ground"
	"github.com/fleetgate/fleetgate/e2e/testbed/kubebin"
)

// echo is the program behind the suite's backends.
const echo = "sigs.k8s.io/gateway-api-conformance-images/echo-basic"

// backend is the suite's backend under the very names that its manifests have.
func backend() ground.Image {
	return ground.Image{
		Names: []string{
			"registry.k8s.io/gateway-api/conformance/echo-basic:v0.1.0",
			"registry.k8s.io/gateway-api/conformance/echo-basic:v0.2.0",
		},
		Program: "echo-basic", Build: buildEcho,
	}
}

// buildEcho builds the suite's backend from its own sources, static, as its image has it.
func buildEcho(ctx context.Context, out string) error {
	source, err := kubebin.Source(ctx)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", out, echo)
	cmd.Dir = filepath.Join(source, "e2e", "conformance")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building %s: %w: %s", echo, err, output)
	}
	return nil
}
