package memory_test

import (
	"errors"
	"fmt"
	"testing"

	awsv1alpha1 "github.com/fleetgate/fleetgate/apis/aws/v1alpha1"
	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/plan"
	"github.com/fleetgate/fleetgate/providers"
	"github.com/fleetgate/fleetgate/providers/memory"
	"github.com/fleetgate/fleetgate/providers/providertest"
)

type cloud struct{ *memory.Cloud }

func (c cloud) Open(*testing.T) providers.Provider { return memory.New(c.Cloud) }

func (c cloud) Owned(_ *testing.T, owner ir.Owner) []string {
	var out []string
	for _, r := range c.Cloud.Owned(owner) {
		out = append(out, r.ID.String())
	}
	return out
}

func (c cloud) Foreign(*testing.T, ir.Owner) string {
	return fmt.Sprint(c.Cloud.Owned(ir.Owner{Hub: "other", UID: "other"}))
}

func (c cloud) LoseAnswers(*testing.T) bool {
	for _, op := range []plan.Op{plan.Create, plan.Update, plan.Delete} {
		c.Inject(memory.Fault{Op: op, Count: 1, Err: errors.New("connection reset"), TakesEffect: true})
	}
	return true
}

func front(*testing.T) ir.Front {
	targets := []ir.TargetSet{
		{Member: "east", Weight: 100, Addresses: []string{"10.0.1.1", "10.0.1.2"}},
		{Member: "west", Weight: 100, Addresses: []string{"10.0.2.1"}},
	}
	return ir.Front{
		Owner:   ir.Owner{Hub: "hub", UID: "uid", Namespace: "default", Name: "shop"},
		ALB:     &awsv1alpha1.ALBConfigSpec{Scheme: "internal"},
		Members: []string{"east", "west"},
		Ports: []ir.FrontPort{
			{Port: 80, Protocol: ir.FrontHTTP, Targets: targets},
			{Port: 8443, Protocol: ir.FrontHTTPS, Targets: targets, Certificates: []ir.Certificate{
				{Secret: "default/shop", Fingerprint: "11"}, {Secret: "default/api", Fingerprint: "22"},
			}},
		},
		HealthPort: 15021, HealthPath: "/ready",
	}
}

func TestContract(t *testing.T) {
	for _, looks := range []int{0, 3} {
		t.Run(fmt.Sprintf("active after %d looks", looks), func(t *testing.T) {
			providertest.Run(t, providertest.Suite{
				New: func(*testing.T) providertest.Cloud {
					return cloud{memory.NewCloud(memory.Options{ActivateAfter: looks})}
				},
				Front: front,
			})
		})
	}
}
