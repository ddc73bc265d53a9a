package translate

import (
	"regexp"
	"slices"
	"time"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/internal/ir"
)

// durationPattern is the syntax of GEP-2257.
var durationPattern = regexp.MustCompile(`^([0-9]{1,5}(h|m|s|ms)){1,4}$`)

// defaultAttempts of a retry that does not say how many (GEP-1731).
const defaultAttempts = 1

// milliseconds reads a GEP-2257 duration; 0 for none.
func (r *ruleContext) milliseconds(field string, value *gatewayv1.Duration) int64 {
	if value == nil {
		return 0
	}
	parsed, err := time.ParseDuration(string(*value))
	if err != nil || !durationPattern.MatchString(string(*value)) {
		r.brokenf(ir.UnsupportedValue, "%s: %q is not a duration such as 10s, 500ms or 1h30m", field, *value)
		return 0
	}
	return parsed.Milliseconds()
}

func (r *ruleContext) timeouts() config.Timeouts {
	spec := r.rule.timeouts
	if spec == nil {
		return config.Timeouts{}
	}
	out := config.Timeouts{
		Request:        r.milliseconds("timeouts.request", spec.Request),
		BackendRequest: r.milliseconds("timeouts.backendRequest", spec.BackendRequest),
	}
	if out.Request > 0 && out.BackendRequest > out.Request {
		r.brokenf(ir.UnsupportedValue, "timeouts.backendRequest: %s is longer than timeouts.request, which is %s and bounds it",
			*spec.BackendRequest, *spec.Request)
	}
	return out
}

func (r *ruleContext) retry() *config.Retry {
	spec := r.rule.retry
	if spec == nil {
		return nil
	}
	out := &config.Retry{
		Attempts: derefOr(spec.Attempts, defaultAttempts),
		Backoff:  r.milliseconds("retry.backoff", spec.Backoff),
	}
	if out.Attempts < 0 {
		r.brokenf(ir.UnsupportedValue, "retry.attempts: %d is negative", out.Attempts)
	}
	for _, code := range spec.Codes {
		if code < 400 || code > 599 {
			r.brokenf(ir.UnsupportedValue, "retry.codes: %d is not a status between 400 and 599", code)
		}
		out.Codes = append(out.Codes, int(code))
	}
	slices.Sort(out.Codes)
	out.Codes = slices.Compact(out.Codes)
	return out
}
