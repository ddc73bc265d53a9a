package golden

import (
	"testing"
	"time"

	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/plan"
	"github.com/fleetgate/fleetgate/internal/stack"
	"github.com/fleetgate/fleetgate/internal/translate"
	"github.com/fleetgate/fleetgate/providers"
	"github.com/fleetgate/fleetgate/providers/aws"
	"github.com/fleetgate/fleetgate/providers/service"
)

// cloudOptions say what the cloud already has. Unless told otherwise it has nothing of ours.
type cloudOptions struct {
	// Before is a case whose cloud state is there already, active.
	Before string `json:"before"`
}

// facts are of an account with two public subnets, and a certificate in ACM for the restricted listeners.
var facts = aws.Facts{
	Region: "eu-central-1",
	Subnets: []aws.Subnet{
		{ID: "subnet-0aaaaaaaaaaaaaaaa", VPC: "vpc-1", Zone: "eu-central-1a", CIDRs: []string{"10.9.0.0/24"}},
		{ID: "subnet-0bbbbbbbbbbbbbbbb", VPC: "vpc-1", Zone: "eu-central-1b", CIDRs: []string{"10.9.1.0/24"}},
	},
	VPCCIDRs: map[string][]string{"vpc-1": {"10.0.0.0/8"}},
	Certificates: []aws.IssuedCertificate{{
		ARN:       "arn:aws:acm:eu-central-1:123456789012:certificate/secured",
		Hostnames: []string{"*.secured.company.com"},
		NotAfter:  time.Date(2046, 1, 1, 0, 0, 0, 0, time.UTC),
	}},
}

// rendered is the cloud state that one Gateway wants.
type rendered struct {
	Gateway  string       `json:"gateway"`
	Stack    stack.Stack  `json:"stack"`
	Problems []ir.Problem `json:"problems,omitempty"`
}

// planned is the way there.
type planned struct {
	Gateway string   `json:"gateway"`
	Steps   []string `json:"steps"`
}

// renderers are the providers whose stacks the cases show, and the facts that they have.
func renderers(t *testing.T) (map[string]providers.Provider, map[string]any) {
	t.Helper()
	amazon, err := aws.New(t.Context(), aws.Options{HubID: "golden"})
	if err != nil {
		t.Fatal(err)
	}
	return map[string]providers.Provider{controller: amazon, plain: service.New(nil)}, map[string]any{controller: facts, plain: service.Facts{}}
}

// cloud renders the Gateways, and plans from what the cloud has.
func cloud(t *testing.T, folder string, meant ir.IR) ([]rendered, []planned) {
	t.Helper()
	known, facts := renderers(t)
	before := ir.IR{}
	if name := readOptions(t, folder).Cloud.Before; name != "" {
		before = translate.All(load(t, "cases/"+name))
	}
	var states []rendered
	var plans []planned
	for _, gateway := range meant.Gateways {
		provider := known[gateway.Controller]
		if provider == nil || gateway.Frozen {
			continue
		}
		have := stack.Observed{Facts: facts[gateway.Controller]}
		if old := before.Gateway(gateway.Namespace, gateway.Name); old != nil {
			there, _ := provider.Render(old.Front, have)
			for _, resource := range there.Resources {
				resource.Ref, resource.State = "ref-"+resource.ID.Name, stack.Active
				have.Resources = append(have.Resources, resource)
			}
		}
		state, problems := provider.Render(gateway.Front, have)
		states = append(states, rendered{gateway.Key().String(), state, problems})
		steps := []string{}
		for _, step := range plan.Diff(state, have).Steps {
			steps = append(steps, step.String())
		}
		plans = append(plans, planned{gateway.Key().String(), steps})
	}
	return states, plans
}
