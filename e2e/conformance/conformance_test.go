package conformance

import (
	"context"
	"net/netip"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	"sigs.k8s.io/gateway-api/conformance"
	confv1 "sigs.k8s.io/gateway-api/conformance/apis/v1"
	"sigs.k8s.io/gateway-api/conformance/utils/suite"
	"sigs.k8s.io/yaml"

	"github.com/fleetgate/fleetgate/e2e/ground"
	"github.com/fleetgate/fleetgate/e2e/ground/groundtest"
	"github.com/fleetgate/fleetgate/e2e/testbed"
)

// Variables that steer the run besides the suite's own flags.
const (
	// enabled lets the suite run: it needs root and a machine of its own.
	enabled = "FLEETGATE_CONFORMANCE"
	// kept leaves the cluster up, for the next run to take over.
	kept = "FLEETGATE_CONFORMANCE_KEEP"
	// prefix and network set this run's cluster apart from that of another at the same time, see testbed.Options.
	prefix  = "FLEETGATE_CONFORMANCE_PREFIX"
	network = "FLEETGATE_CONFORMANCE_NETWORK"
	// checked has the product built with the race detector and the check for goroutines that are left.
	checked = "FLEETGATE_CONFORMANCE_RACE"
	// version is what the report says was tested.
	version = "FLEETGATE_VERSION"
)

const (
	// reportFile is where a whole run writes its report, below the source tree.
	reportFile = "docs/conformance/v1.7.0-report.yaml"
	upTimeout  = 15 * time.Minute
	// deleteTimeout is for Kubernetes to remove a namespace after a test, which takes long where the processors are busy.
	deleteTimeout = 3 * time.Minute
	endTimeout    = 10 * time.Minute
	downTimeout   = 2 * time.Minute
)

// TestConformance runs the suite. Its flags work: -run-test NAME for a single test, -debug for its requests.
func TestConformance(t *testing.T) {
	if os.Getenv(enabled) != "1" {
		t.Skip("needs root and a real cluster: set " + enabled + "=1, or run make conformance")
	}
	stand := raise(t, []string{})
	options := defaults(t, stand)
	options.UsableNetworkAddresses = []gatewayv1.GatewaySpecAddress{address(stand.Usable)}
	options.UnusableNetworkAddresses = []gatewayv1.GatewaySpecAddress{address(stand.Unusable)}
	if len(options.ConformanceProfiles) == 0 {
		options.ConformanceProfiles = []suite.ConformanceProfileName{
			suite.GatewayHTTPConformanceProfileName, suite.GatewayGRPCConformanceProfileName,
			suite.GatewayTLSConformanceProfileName, suite.GatewayTCPConformanceProfileName,
			suite.GatewayUDPConformanceProfileName,
		}
	}
	if options.RunTest == "" && options.ReportOutputPath == "" {
		options.ReportOutputPath = filepath.Join(stand.Source, reportFile)
	}
	run(t, options, everything)
}

// defaults are the suite's options by its flags, for the class of the ground.
func defaults(t *testing.T, stand *ground.Ground) suite.ConformanceOptions {
	t.Helper()
	t.Setenv("KUBECONFIG", stand.Kubeconfig)
	options := conformance.DefaultOptions(t)
	options.GatewayClassName, options.Implementation = ground.Class, implementation()
	options.TimeoutConfig.DeleteTimeout = deleteTimeout
	return options
}

// run runs the suite and judges its report, which must be complete in that scope.
func run(t *testing.T, options suite.ConformanceOptions, wanted scope) {
	t.Helper()
	if options.RunTest == "" {
		// The suite writes its report when the test ends. What is registered first is cleaned up last.
		t.Cleanup(func() { judge(t, options, wanted) })
	}
	conformance.RunConformanceWithOptions(t, options)
}

// raise brings the ground up, with members besides the hub, until the test ends.
func raise(t *testing.T, members []string) *ground.Ground {
	t.Helper()
	options := testbed.Options{Prefix: or(prefix, "fgconf"), Members: members}
	var err error
	if options.Network, err = netip.ParsePrefix(or(network, "10.217.0.0/16")); err != nil {
		t.Fatal(err)
	}
	alone(t, options.Prefix)
	ctx, cancel := context.WithTimeout(t.Context(), upTimeout)
	defer cancel()
	t.Cleanup(func() {
		if os.Getenv(kept) == "1" {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), downTimeout)
		defer cancel()
		if err := testbed.Down(ctx, options); err != nil {
			t.Error(err)
		}
	})
	stand, err := ground.Up(ctx, ground.Options{Testbed: options, Images: []ground.Image{backend()}, Checked: os.Getenv(checked) == "1"})
	if err != nil {
		t.Fatal(err)
	}
	if os.Getenv(checked) == "1" {
		groundtest.Witness(t, stand, endTimeout)
	}
	return stand
}

// judge reads the report that the suite wrote.
func judge(t *testing.T, options suite.ConformanceOptions, wanted scope) {
	t.Helper()
	text, err := os.ReadFile(options.ReportOutputPath)
	if err != nil {
		t.Fatal(err)
	}
	var report confv1.ConformanceReport
	if err := yaml.Unmarshal(text, &report); err != nil {
		t.Fatal(err)
	}
	var profiles []string
	for _, name := range options.ConformanceProfiles {
		profiles = append(profiles, string(name))
	}
	if err := complete(report, wanted, profiles...); err != nil {
		t.Error(err)
	}
}

// or is the value of a variable, or else a default.
func or(variable, otherwise string) string {
	if value := os.Getenv(variable); value != "" {
		return value
	}
	return otherwise
}

// alone keeps a second run off this one's cluster until the test ends: the suite's objects have fixed names.
func alone(t *testing.T, cluster string) {
	t.Helper()
	file, err := os.OpenFile(filepath.Join(os.TempDir(), "fleetgate-conformance-"+cluster+".lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		t.Fatalf("another run is at work on the cluster %s: wait for it, or set %s and %s: %v", cluster, prefix, network, err)
	}
}

func address(ip netip.Addr) gatewayv1.GatewaySpecAddress {
	kind := gatewayv1.IPAddressType
	return gatewayv1.GatewaySpecAddress{Type: &kind, Value: ip.String()}
}

func implementation() confv1.Implementation {
	return confv1.Implementation{
		Organization: "fleetgate", Project: "fleetgate", URL: "https://github.com/fleetgate/fleetgate",
		Version: or(version, "dev"), Contact: []string{"https://github.com/fleetgate/fleetgate/issues"},
	}
}
