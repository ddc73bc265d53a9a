// Package admin does what an administrator does with the clusters of a testbed: kubectl, helm, and making a cluster a
// member of the fleet.
package admin

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/fleetgate/fleetgate/e2e/testbed"
	"github.com/fleetgate/fleetgate/e2e/testbed/kubebin"
)

// Namespace is where the charts go, in every cluster.
const Namespace = "fleetgate-system"

// Admin runs programs in the source tree.
type Admin struct {
	// Source is the root of the source tree.
	Source string

	fleet *testbed.Fleet
	// kube is the folder of Kubernetes' programs.
	kube string
	env  []string
}

// New is an administrator of a fleet, whose programs have env in their environment too.
func New(ctx context.Context, fleet *testbed.Fleet, env ...string) (*Admin, error) {
	source, err := kubebin.Source(ctx)
	if err != nil {
		return nil, err
	}
	kube, err := kubebin.Kube(ctx, fleet.Options().CacheDir)
	if err != nil {
		return nil, err
	}
	helm := filepath.Join(fleet.Options().Dir, "helm")
	env = append([]string{"HELM_CACHE_HOME=" + helm, "HELM_CONFIG_HOME=" + helm, "HELM_DATA_HOME=" + helm}, env...)
	return &Admin{Source: source, fleet: fleet, kube: kube, env: env}, nil
}

// Run runs a program and returns its output; an error carries what it said.
func (a *Admin) Run(ctx context.Context, stdin []byte, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = a.Source
	cmd.Env = append(os.Environ(), a.env...)
	cmd.Stdin = bytes.NewReader(stdin)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("%s %s: %w: %s", filepath.Base(name), strings.Join(args, " "), err, strings.TrimSpace(errs.String()))
	}
	return out.String(), nil
}

// Kubectl runs kubectl against a cluster.
func (a *Admin) Kubectl(ctx context.Context, c *testbed.Cluster, stdin []byte, args ...string) (string, error) {
	return a.Run(ctx, stdin, filepath.Join(a.kube, "kubectl"), append([]string{"--kubeconfig", c.Kubeconfig}, args...)...)
}

// Install installs or updates a chart of the source tree in a cluster.
func (a *Admin) Install(ctx context.Context, c *testbed.Cluster, chart string, args ...string) error {
	all := []string{
		"tool", "-modfile=hack/tools/helm/go.mod", "helm", "--kubeconfig", c.Kubeconfig,
		"upgrade", "--install", chart, "charts/" + chart, "--namespace", Namespace, "--create-namespace",
	}
	_, err := a.Run(ctx, nil, "go", append(all, args...)...)
	return err
}
