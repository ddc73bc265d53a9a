package stage

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/fleetgate/fleetgate/e2e/testbed"
)

// run runs a program and returns its output; an error carries what it said.
func (s *Stage) run(ctx context.Context, stdin []byte, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = s.source
	cmd.Env = append(os.Environ(), "AWS_REGION="+Region, "AWS_ACCESS_KEY_ID="+emulated, "AWS_SECRET_ACCESS_KEY="+emulated,
		"HELM_CACHE_HOME="+s.scratch("helm"), "HELM_CONFIG_HOME="+s.scratch("helm"), "HELM_DATA_HOME="+s.scratch("helm"))
	cmd.Stdin = bytes.NewReader(stdin)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("%s %s: %w: %s", filepath.Base(name), strings.Join(args, " "), err, strings.TrimSpace(errs.String()))
	}
	return out.String(), nil
}

// Kubectl runs kubectl against a cluster.
func (s *Stage) Kubectl(ctx context.Context, c *testbed.Cluster, stdin []byte, args ...string) (string, error) {
	return s.run(ctx, stdin, filepath.Join(s.kube, "kubectl"), append([]string{"--kubeconfig", c.Kubeconfig}, args...)...)
}

func (s *Stage) helm(ctx context.Context, c *testbed.Cluster, args ...string) error {
	all := append([]string{"tool", "-modfile=hack/tools/helm/go.mod", "helm", "--kubeconfig", c.Kubeconfig}, args...)
	_, err := s.run(ctx, nil, "go", all...)
	return err
}

func (s *Stage) scratch(name string) string { return filepath.Join(s.Fleet.Options().Dir, name) }
