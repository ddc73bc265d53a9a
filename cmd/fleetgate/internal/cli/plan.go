package cli

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/cmd/fleetgate/internal/cloud"
	"github.com/fleetgate/fleetgate/cmd/fleetgate/internal/cluster"
	"github.com/fleetgate/fleetgate/cmd/fleetgate/internal/report"
	"github.com/fleetgate/fleetgate/cmd/fleetgate/internal/selfsigned"
	"github.com/fleetgate/fleetgate/cmd/internal/classes"
	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/plan"
	"github.com/fleetgate/fleetgate/internal/status"
	"github.com/fleetgate/fleetgate/providers"
	"github.com/fleetgate/fleetgate/providers/aws"
	"github.com/fleetgate/fleetgate/providers/service"
)

// planOptions are the flags of `fleetgate plan`.
type planOptions struct {
	path, form, cloud, hub, region string
	members                        []string
}

// planned is the cloud plan of one Gateway.
type planned struct {
	Gateway  string       `json:"gateway"`
	Plan     plan.Plan    `json:"plan"`
	Problems []ir.Problem `json:"problems,omitempty"`
	Error    string       `json:"error,omitempty"`
}

func planCommand() *cobra.Command {
	var o planOptions
	c := &cobra.Command{
		Use:   "plan -f DIR",
		Short: "Print what would be made in the cloud for a folder; change nothing",
		Long: `Print what would be made in the cloud for a folder, with the code that the operator runs; change nothing.

By default the cloud is an empty emulated AWS. --cloud aws asks the real one, with the SDK's own configuration and
credentials, and --hub then is the operator's hub id, by which it owns what is there. Proxies are not known here, so
target groups are planned without targets. The Services of classes of ` + classes.Service + ` are compared with members
that have none yet, whatever the cloud.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return runPlan(c, o) },
	}
	folderFlag(c, &o.path)
	outputFlag(c, &o.form)
	f := c.Flags()
	f.StringVar(&o.cloud, "cloud", "emulator", "whose state to compare with: emulator (nothing there yet) or aws")
	f.StringVar(&o.hub, "hub", cloud.HubID, "hub id, with --cloud aws")
	f.StringVar(&o.region, "region", "", "region of fronts whose ALBConfig names none, with --cloud aws; default: the SDK's")
	f.StringSliceVar(&o.members, "members", []string{"local"}, "clusters that have the folder's Services")
	return c
}

func runPlan(c *cobra.Command, o planOptions) error {
	at, err := look(o.path, o.members)
	if err != nil {
		return err
	}
	amazon, done, err := o.amazon(c.Context(), at)
	if err != nil {
		return err
	}
	defer done()
	by := map[string]providers.Provider{
		classes.AWS: amazon, classes.Service: service.New(cluster.New(o.members, nil)),
	}
	if err := at.writeFaults(c.ErrOrStderr()); err != nil {
		return err
	}
	var plans []planned
	for _, g := range at.meaning.Gateways {
		next := planned{Gateway: g.Key().String()}
		if !g.Frozen {
			if next.Plan, next.Problems, err = providers.Plan(c.Context(), by[g.Controller], g.Front); err != nil {
				next.Error = err.Error()
			}
		}
		plans = append(plans, next)
	}
	if o.form != "" {
		return report.Encode(c.OutOrStdout(), o.form, plans)
	}
	return writePlans(c.OutOrStdout(), plans, report.Amiss(report.Rows(status.Of(at.world, at.meaning))))
}

// amazon is the AWS to compare with, and what to call when done with it.
func (o planOptions) amazon(ctx context.Context, at *offline) (providers.Provider, func(), error) {
	switch o.cloud {
	case "aws":
		p, err := aws.New(ctx, aws.Options{HubID: o.hub, Region: o.region})
		return p, func() {}, err
	case "emulator":
		e, err := cloud.Emulate(ctx, at.folder, cloud.Options{})
		if err != nil {
			return nil, nil, err
		}
		for _, hostname := range selfsigned.Unnamed(at.folder) {
			for _, region := range regions(at.meaning) {
				if err := e.Import(ctx, at.wallet, region, hostname); err != nil {
					e.Close()
					return nil, nil, err
				}
			}
		}
		return e.Provider, e.Close, nil
	}
	return nil, nil, fmt.Errorf("there is no cloud %q: use emulator or aws", o.cloud)
}

// regions that fronts name; "" is one of them when a front names none.
func regions(r ir.IR) []string {
	var out []string
	for _, g := range r.Gateways {
		if g.Front.ALB != nil {
			out = append(out, g.Front.ALB.Region)
		}
	}
	return out
}

func writePlans(w io.Writer, plans []planned, amiss []report.Row) error {
	var b strings.Builder
	for _, row := range amiss {
		if row.Type != string(gatewayv1.GatewayConditionProgrammed) { // nothing is, before the plan is carried out
			fmt.Fprintln(&b, row)
		}
	}
	for _, p := range plans {
		fmt.Fprintf(&b, "\nGateway %s\n%s", p.Gateway, p.Plan)
		for _, problem := range p.Problems {
			fmt.Fprintf(&b, "listener %s: %s: %s\n", problem.Listener, problem.Reason, problem.Message)
		}
		if p.Error != "" {
			fmt.Fprintf(&b, "error: %s\n", p.Error)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
