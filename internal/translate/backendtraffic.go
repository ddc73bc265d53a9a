package translate

import (
	"time"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	gatewayxv1alpha1 "sigs.k8s.io/gateway-api/apisx/v1alpha1"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/internal/ir"
)

// What a retry constraint has where it does not say otherwise (GEP-3388), and what it may have.
const (
	defaultRetryPercent  = 20
	defaultRetryInterval = 10 * time.Second
	defaultMinRetries    = 10
	defaultMinInterval   = time.Second

	mostRetries     = 1_000_000
	longestInterval = time.Hour
)

// backendTraffic reads an XBackendTrafficPolicy. One that is not accepted changes nothing.
func (p *policyContext) backendTraffic(object *gatewayxv1alpha1.XBackendTrafficPolicy) {
	if object.Spec.SessionPersistence != nil { //nolint:staticcheck // users still have it, and must be told that it does nothing
		p.refusef(ir.FieldIgnored, "spec.sessionPersistence has no effect: set sessionPersistence in the rules of routes")
	}
	constraint := object.Spec.RetryConstraint
	if constraint == nil {
		return
	}
	budget := derefOr(constraint.Budget, gatewayxv1alpha1.BudgetDetails{})
	rate := derefOr(constraint.MinRetryRate, gatewayxv1alpha1.RequestRate{})
	made := &config.RetryBudget{
		Percent:     p.within("budget.percent", derefOr(budget.Percent, defaultRetryPercent), 0, 100),
		Interval:    p.interval("budget.interval", budget.Interval, defaultRetryInterval, time.Second),
		MinRetries:  p.within("minRetryRate.count", derefOr(rate.Count, defaultMinRetries), 1, mostRetries),
		MinInterval: p.interval("minRetryRate.interval", rate.Interval, defaultMinInterval, time.Millisecond),
	}
	if p.usable() {
		p.out.RetryBudget = made
	}
}

func (p *policyContext) within(field string, value, least, most int) int32 {
	if value < least || value > most {
		p.refusef(ir.PolicyInvalid, "spec.retryConstraint.%s: %d is not between %d and %d", field, value, least, most)
		return 0
	}
	return int32(value)
}

// interval reads a duration in milliseconds.
func (p *policyContext) interval(field string, value *gatewayv1.Duration, otherwise, least time.Duration) int64 {
	if value == nil {
		return otherwise.Milliseconds()
	}
	parsed, err := time.ParseDuration(string(*value))
	if err != nil || !durationPattern.MatchString(string(*value)) || parsed < least || parsed > longestInterval {
		p.refusef(ir.PolicyInvalid, "spec.retryConstraint.%s: %q is not a duration between %s and %s", field, *value, least, longestInterval)
	}
	return parsed.Milliseconds()
}
