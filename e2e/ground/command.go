package ground

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Kubectl runs kubectl against the cluster, in the source tree, and returns its output.
func (g *Ground) Kubectl(ctx context.Context, stdin []byte, args ...string) (string, error) {
	return g.run(ctx, stdin, filepath.Join(g.kube, "kubectl"), append([]string{"--kubeconfig", g.Kubeconfig}, args...)...)
}

func (g *Ground) helm(ctx context.Context, args ...string) error {
	_, err := g.run(ctx, nil, "go", append([]string{"tool", "-modfile=hack/tools/helm/go.mod", "helm", "--kubeconfig", g.Kubeconfig}, args...)...)
	return err
}

// run runs a program in the source tree and returns its output; an error carries what it said.
func (g *Ground) run(ctx context.Context, stdin []byte, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = g.Source
	dir := g.scratch("helm")
	cmd.Env = append(os.Environ(), "HELM_CACHE_HOME="+dir, "HELM_CONFIG_HOME="+dir, "HELM_DATA_HOME="+dir)
	cmd.Stdin = bytes.NewReader(stdin)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("%s %s: %w: %s", filepath.Base(name), strings.Join(args, " "), err, strings.TrimSpace(errs.String()))
	}
	return out.String(), nil
}

func (g *Ground) scratch(name string) string { return filepath.Join(g.Fleet.Options().Dir, name) }
