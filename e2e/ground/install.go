package ground

import (
	"context"
	"errors"
)

// install puts the definitions, the charts and the class into the cluster.
func (g *Ground) install(ctx context.Context) error {
	if err := g.Fleet.Hub.InstallGatewayAPI(ctx, g.options.Channel); err != nil {
		return err
	}
	operator := []string{"fleetgate", "charts/fleetgate", "--values", "e2e/ground/values.yaml"}
	for _, value := range g.options.Values {
		operator = append(operator, "--set", value)
	}
	for _, chart := range [][]string{{"fleetgate-crds", "charts/fleetgate-crds"}, operator} {
		if err := g.helm(ctx, append([]string{"upgrade", "--install", "--namespace", Namespace, "--create-namespace", "--wait", "--timeout", "3m"}, chart...)...); err != nil {
			return err
		}
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

// pods tells what a person would look at first.
func (g *Ground) pods(ctx context.Context) error {
	out, err := g.Kubectl(context.WithoutCancel(ctx), nil, "get", "pods", "-A", "-o", "wide")
	return errors.Join(errors.New(out), err)
}
