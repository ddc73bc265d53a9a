package testbed

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"

	"github.com/fleetgate/fleetgate/e2e/testbed/kubebin"
)

// Channel is a release channel of Gateway API.
type Channel string

// The release channels of Gateway API.
const (
	Standard     Channel = "standard"
	Experimental Channel = "experimental"
)

// gatewayAPIModule holds the definitions in its sources; go.mod says at which version.
const gatewayAPIModule = "sigs.k8s.io/gateway-api"

// InstallGatewayAPI installs the custom resource definitions of Gateway API, at the version
// that this module is built against, and waits until they are served.
func (c *Cluster) InstallGatewayAPI(ctx context.Context, channel Channel) error {
	dir, err := moduleDir(ctx, gatewayAPIModule)
	if err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(dir, "config", "crd", string(channel), "gateway*.yaml"))
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return fmt.Errorf("no definitions of channel %q in %s", channel, dir)
	}
	return c.applyFiles(ctx, files)
}

// moduleDir is the folder of a required module's sources, which are fetched if need be.
func moduleDir(ctx context.Context, module string) (string, error) {
	source, err := kubebin.Source(ctx)
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, "go", "mod", "download", "-json", module)
	cmd.Dir = source
	output, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("finding the sources of %s: %w: %s", module, err, output)
	}
	var info struct{ Dir string }
	return info.Dir, json.Unmarshal(output, &info)
}
