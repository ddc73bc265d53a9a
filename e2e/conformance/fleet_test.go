package conformance

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	"sigs.k8s.io/gateway-api/conformance/utils/config"
	"sigs.k8s.io/gateway-api/conformance/utils/roundtripper"
	"sigs.k8s.io/gateway-api/conformance/utils/suite"
	"sigs.k8s.io/gateway-api/pkg/features"
)

const listTimeout = 5 * time.Second

// TestFleet runs the core of the HTTP profile against a fleet of three: the hub and two members that are registered on
// it. The suite makes its backends on the hub, a mirror makes the same in the other members, and requests go to the
// Gateway's front in each member in turn.
func TestFleet(t *testing.T) {
	if os.Getenv(enabled) != "1" {
		t.Skip("needs root and real clusters: set " + enabled + "=1, or run make conformance-fleet")
	}
	stand := raise(t, []string{"member-a", "member-b"})
	options := defaults(t, stand)
	options.ConformanceProfiles = []suite.ConformanceProfileName{suite.GatewayHTTPConformanceProfileName}
	options.SupportedFeatures = features.SetsToNamesSet(features.GatewayCoreFeatures, features.HTTPRouteCoreFeatures, features.ReferenceGrantCoreFeatures).UnsortedList()
	config.SetupTimeoutConfig(&options.TimeoutConfig)
	trip := &turns{
		RoundTripper: &roundtripper.DefaultRoundTripper{Debug: options.Debug, TimeoutConfig: options.TimeoutConfig},
		members:      len(stand.Fleet.Clusters()),
		addresses:    func(address string) ([]string, error) { return addresses(t.Context(), options, address) },
	}
	options.RoundTripper = trip
	if options.ReportOutputPath == "" {
		options.ReportOutputPath = t.TempDir() + "/report.yaml"
	}
	ctx, cancel := context.WithCancel(context.Background())
	m, err := startMirror(ctx, stand.Fleet)
	t.Cleanup(cancel)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); m.wait() })
	t.Cleanup(func() {
		for _, c := range stand.Fleet.Clusters() {
			if n := trip.within(c.Balancers); n == 0 {
				t.Errorf("no request went to %s", c.Name)
			} else {
				t.Logf("%d requests went to %s", n, c.Name)
			}
		}
	})
	run(t, options, coreAlone)
}

// addresses are those of the Gateway that has this one.
func addresses(ctx context.Context, options suite.ConformanceOptions, address string) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, listTimeout)
	defer cancel()
	var list gatewayv1.GatewayList
	if err := options.Client.List(ctx, &list); err != nil {
		return nil, err
	}
	for i := range list.Items {
		var all []string
		ours := false
		for _, a := range list.Items[i].Status.Addresses {
			all = append(all, a.Value)
			ours = ours || a.Value == address
		}
		if ours {
			return all, nil
		}
	}
	return nil, errors.New("no Gateway has the address " + address)
}
