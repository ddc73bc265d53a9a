package conformance

import (
	"errors"
	"fmt"
	"slices"

	confv1 "sigs.k8s.io/gateway-api/conformance/apis/v1"
)

// untested are the extended features that need not be supported: experimental ones, which no test of the suite is about.
var untested = []string{"ClusterTrustBundle", "GatewayAddressRoutability", "GatewayAddressRoutabilityCluster", "GatewayListenerFilters"}

// scope is what a report must tell of.
type scope bool

const (
	// everything is all that the product claims to support.
	everything scope = true
	// coreAlone leaves out extended features.
	coreAlone scope = false
)

// complete tells what the report of a whole run lacks: each of the profiles must be there and have passed, the core and
// what is extended, with no test that failed or was skipped, and no feature left out that has a test.
func complete(report confv1.ConformanceReport, wanted scope, profiles ...string) error {
	var faults []error
	for _, name := range profiles {
		i := slices.IndexFunc(report.ProfileReports, func(p confv1.ProfileReport) bool { return p.Name == name })
		if i < 0 {
			faults = append(faults, fmt.Errorf("%s: not in the report", name))
			continue
		}
		profile := report.ProfileReports[i]
		faults = append(faults, passed(name+", core", profile.Core))
		if wanted == everything {
			faults = append(faults, extended(name, profile.Extended))
		}
	}
	return errors.Join(faults...)
}

func extended(profile string, status *confv1.ExtendedStatus) error {
	if status == nil {
		return fmt.Errorf("%s, extended: not in the report", profile)
	}
	faults := []error{passed(profile+", extended", status.Status)}
	for _, feature := range status.UnsupportedFeatures {
		if !slices.Contains(untested, feature) {
			faults = append(faults, fmt.Errorf("%s: the feature %s is not supported", profile, feature))
		}
	}
	return errors.Join(faults...)
}

// passed tells whether the tests of one status ran and passed, all of them.
func passed(what string, status confv1.Status) error {
	if status.Result == confv1.Success && status.Passed > 0 && status.Failed == 0 && status.Skipped == 0 {
		return nil
	}
	return fmt.Errorf("%s: %s with %d passed, failed %v, skipped %v", what, status.Result, status.Passed, status.FailedTests, status.SkippedTests)
}
