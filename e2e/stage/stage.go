// Package stage puts the whole product on a testbed, as `make demo` shows it and as the end-to-end tests
// need it: clusters, images, an emulated AWS, both charts, registered members and the example.
package stage

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/fleetgate/fleetgate/e2e/admin"
	"github.com/fleetgate/fleetgate/e2e/testbed"
)

// Options describe a stage.
type Options struct {
	// Testbed is passed on.
	Testbed testbed.Options
	// Bin is the folder of built programs: operator, proxy, backend, aws-emulator, fleetgate.
	Bin string
	// Manifests is the folder of the scenario, such as examples/seed.
	Manifests string
	// Log gets a line for each step.
	Log io.Writer
}

// Stage is a testbed with the product on it.
type Stage struct {
	Fleet *testbed.Fleet
	// Cloud is the emulated AWS.
	Cloud Cloud
	// CA is the file with the authority that signed the scenario's certificates.
	CA string

	options Options
	admin   *admin.Admin
	started time.Time
}

// Up brings everything up and returns when the scenario's Gateways are programmed. A stage that is up is taken over.
func Up(ctx context.Context, options Options) (*Stage, error) {
	s := &Stage{options: options, started: time.Now()}
	steps := []struct {
		name string
		run  func(context.Context) error
	}{
		{"bringing the clusters up", s.clusters},
		{"starting the emulated AWS", s.startCloud},
		{"loading images", s.loadImages},
		{"installing Gateway API and the charts", s.install},
		{"applying the scenario", s.apply},
		{"waiting for the Gateways", s.programmed},
	}
	for _, step := range steps {
		s.logf("%s", step.name)
		if err := step.run(ctx); err != nil {
			return nil, fmt.Errorf("%s: %w", step.name, err)
		}
	}
	s.logf("up")
	return s, nil
}

// Down removes all that Up made.
func Down(ctx context.Context, options Options) error {
	return testbed.Down(ctx, options.Testbed)
}

func (s *Stage) clusters(ctx context.Context) error {
	fleet, err := testbed.Up(ctx, s.options.Testbed)
	if err != nil {
		return err
	}
	s.Fleet = fleet
	s.CA = filepath.Join(fleet.Options().Dir, "scenario-ca.pem")
	s.admin, err = admin.New(ctx, fleet, "AWS_REGION="+Region, "AWS_ACCESS_KEY_ID="+emulated, "AWS_SECRET_ACCESS_KEY="+emulated)
	return err
}

func (s *Stage) logf(format string, args ...any) {
	fmt.Fprintf(s.options.Log, "%6.1fs  %s\n", time.Since(s.started).Seconds(), fmt.Sprintf(format, args...))
}
