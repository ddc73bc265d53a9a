package conformance

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/fleetgate/fleetgate/e2e/testbed"
	"github.com/fleetgate/fleetgate/e2e/testbed/kubebin"
	"github.com/fleetgate/fleetgate/e2e/testbed/loadbalancer"
)

const (
	// Class is the GatewayClass that is tested.
	Class = "fleetgate"

	namespace = "fleetgate-system"
	// unusable is an address that no load balancer of the testbed has (RFC 5737).
	unusable = "192.0.2.1"
)

// Ground is a cluster with the product in it.
type Ground struct {
	// Kubeconfig is the file of an administrator's kubeconfig.
	Kubeconfig string
	// Usable is an address that a Gateway can ask for, Unusable one that it cannot.
	Usable, Unusable netip.Addr

	fleet  *testbed.Fleet
	source string
	kube   string
}

// Up brings the cluster up, or takes over one that is, and installs the product as it is in the source tree.
func Up(ctx context.Context, options testbed.Options) (*Ground, error) {
	g := &Ground{}
	var err error
	if g.source, err = kubebin.Source(ctx); err != nil {
		return nil, err
	}
	if g.fleet, err = testbed.Up(ctx, options); err != nil {
		return nil, err
	}
	if g.kube, err = kubebin.Kube(ctx, g.fleet.Options().CacheDir); err != nil {
		return nil, err
	}
	g.Kubeconfig = g.fleet.Hub.Kubeconfig
	g.Usable, g.Unusable = reserved(g.fleet.Hub.Balancers), netip.MustParseAddr(unusable)
	if err := g.loadImages(ctx); err != nil {
		return nil, fmt.Errorf("loading images: %w", err)
	}
	if err := g.install(ctx); err != nil {
		return nil, fmt.Errorf("installing: %w", err)
	}
	return g, nil
}

// reserved is an address that is given only to who asks for it.
func reserved(pool netip.Prefix) netip.Addr {
	bytes := pool.Masked().Addr().As4()
	bytes[3] -= loadbalancer.Reserved / 2
	return netip.AddrFrom4(bytes)
}

func (g *Ground) install(ctx context.Context) error {
	if err := g.fleet.Hub.InstallGatewayAPI(ctx, testbed.Standard); err != nil {
		return err
	}
	for _, chart := range [][]string{
		{"fleetgate-crds", "charts/fleetgate-crds"},
		{"fleetgate", "charts/fleetgate", "--values", "e2e/conformance/values.yaml"},
	} {
		args := append([]string{"upgrade", "--install", "--namespace", namespace, "--create-namespace", "--wait", "--timeout", "3m"}, chart...)
		if err := g.helm(ctx, args...); err != nil {
			return errors.Join(err, g.pods(ctx))
		}
	}
	// A cluster that was taken over may run images of before under the same name.
	for _, args := range [][]string{
		{"apply", "--server-side", "-f", "e2e/conformance/class.yaml"},
		{"-n", namespace, "rollout", "restart", "deployment/fleetgate"},
		{"-n", namespace, "rollout", "status", "deployment/fleetgate", "--timeout", "3m"},
		{"wait", "gatewayclass/" + Class, "--for=condition=Accepted", "--timeout=1m"},
	} {
		if _, err := g.run(ctx, filepath.Join(g.kube, "kubectl"), append([]string{"--kubeconfig", g.Kubeconfig}, args...)...); err != nil {
			return errors.Join(err, g.pods(ctx))
		}
	}
	return nil
}

func (g *Ground) helm(ctx context.Context, args ...string) error {
	_, err := g.run(ctx, "go", append([]string{"tool", "-modfile=hack/tools/helm/go.mod", "helm", "--kubeconfig", g.Kubeconfig}, args...)...)
	return err
}

// pods tells what a person would look at first.
func (g *Ground) pods(ctx context.Context) error {
	out, err := g.run(context.WithoutCancel(ctx), filepath.Join(g.kube, "kubectl"), "--kubeconfig", g.Kubeconfig, "get", "pods", "-A", "-o", "wide")
	return errors.Join(errors.New(out), err)
}

// run runs a program in the source tree and returns its output; an error carries what it said.
func (g *Ground) run(ctx context.Context, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = g.source
	dir := g.scratch("helm")
	cmd.Env = append(os.Environ(), "HELM_CACHE_HOME="+dir, "HELM_CONFIG_HOME="+dir, "HELM_DATA_HOME="+dir)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return string(out), fmt.Errorf("%s %s: %w: %s", filepath.Base(name), strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return string(out), nil
}

func (g *Ground) scratch(name string) string { return filepath.Join(g.fleet.Options().Dir, name) }
