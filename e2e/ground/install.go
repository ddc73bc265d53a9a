package ground

import (
	"context"
	"errors"

	"github.com/fleetgate/fleetgate/e2e/testbed"
)

// install puts the definitions, the charts and the class into the hub, and into members what they need.
func (g *Ground) install(ctx context.Context) error {
	if err := g.Fleet.Hub.InstallGatewayAPI(ctx, g.options.Channel); err != nil {
		return err
	}
	for _, c := range g.Fleet.Clusters() {
		if err := g.admin.Install(ctx, c, "fleetgate-crds", "--wait"); err != nil {
			return err
		}
	}
	if err := g.admin.RegisterMembers(ctx, "--set", "proxyCertificates=true"); err != nil {
		return err
	}
	if err := g.admin.Install(ctx, g.Fleet.Hub, "fleetgate", g.values()...); err != nil {
		return err
	}
	// A cluster that was taken over may run images of before under the same name.
	for _, args := range [][]string{
		{"apply", "--server-side", "-f", "e2e/ground/class.yaml"},
		{"-n", Namespace, "rollout", "restart", "deployment/fleetgate"},
		{"-n", Namespace, "rollout", "status", "deployment/fleetgate", "--timeout", "3m"},
		{"wait", "gatewayclass/" + Class, "--for=condition=Accepted", "--timeout=1m"},
	} {
		if _, err := g.Kubectl(ctx, nil, args...); err != nil {
			return err
		}
	}
	return nil
}

// values are helm's arguments for the hub's chart.
func (g *Ground) values() []string {
	out := []string{"--values", "e2e/ground/values.yaml", "--wait", "--timeout", "3m"}
	if len(g.Fleet.Members) > 0 {
		out = append(out, "--set", "fleet.hubMember=always,fleet.clusterNamespace="+testbed.FleetNamespace)
	}
	if g.options.Checked {
		out = append(out, "--set", "resources.limits.memory=2Gi,proxy.resources.limits.memory=1Gi")
	}
	for _, value := range g.options.Values {
		out = append(out, "--set", value)
	}
	return out
}

// pods tells what a person would look at first.
func (g *Ground) pods(ctx context.Context) error {
	out, err := g.Kubectl(context.WithoutCancel(ctx), nil, "get", "pods", "-A", "-o", "wide")
	return errors.Join(errors.New(out), err)
}
