package conformance

import (
	"strings"
	"testing"

	confv1 "sigs.k8s.io/gateway-api/conformance/apis/v1"
)

func TestComplete(t *testing.T) {
	for name, c := range map[string]struct {
		reason string
		spoil  func(*confv1.ProfileReport)
		want   string
	}{
		"whole":       {"nothing is lacking", func(*confv1.ProfileReport) {}, ""},
		"failed":      {"a failure is told by name", func(p *confv1.ProfileReport) { p.Core.Failed, p.Core.FailedTests = 1, []string{"A"} }, "failed [A]"},
		"skipped":     {"so is a skip", func(p *confv1.ProfileReport) { p.Extended.Skipped, p.Extended.SkippedTests = 1, []string{"B"} }, "skipped [B]"},
		"partial":     {"partial is no success", func(p *confv1.ProfileReport) { p.Core.Result = confv1.Partial }, "core: partial"},
		"empty":       {"no test is no success", func(p *confv1.ProfileReport) { p.Core.Passed = 0 }, "0 passed"},
		"core alone":  {"extended tests belong to it", func(p *confv1.ProfileReport) { p.Extended = nil }, "extended: not in the report"},
		"unsupported": {"tests of features that are not claimed do not run", func(p *confv1.ProfileReport) { p.Extended.UnsupportedFeatures = []string{"ListenerSet"} }, "ListenerSet"},
		"untested":    {"a feature without a test may be missing", func(p *confv1.ProfileReport) { p.Extended.UnsupportedFeatures = untested }, ""},
		"absent":      {"every profile must be there", func(p *confv1.ProfileReport) { p.Name = "OTHER" }, "X: not in the report"},
	} {
		t.Run(name, func(t *testing.T) {
			good := confv1.Status{Result: confv1.Success, Statistics: confv1.Statistics{Passed: 1}}
			profile := confv1.ProfileReport{Name: "X", Core: good, Extended: &confv1.ExtendedStatus{Status: good}}
			c.spoil(&profile)
			err := complete(confv1.ConformanceReport{ProfileReports: []confv1.ProfileReport{profile}}, everything, "X")
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: got %v, want %q", c.reason, err, c.want)
			}
			if err := complete(confv1.ConformanceReport{ProfileReports: []confv1.ProfileReport{profile}}, coreAlone, "X"); name == "core alone" && err != nil {
				t.Errorf("where the core is wanted alone it is enough: %v", err)
			}
		})
	}
}
