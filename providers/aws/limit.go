package aws

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/smithy-go/middleware"
	"golang.org/x/time/rate"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"

	"github.com/fleetgate/fleetgate/providers"
)

// family is a set of calls that share one of our own rate limits. AWS limits by account, region and API;
// our limits stay below, so that one hub does not eat what others in the account live on.
type family struct {
	service  string
	prefixes []string
	perSec   rate.Limit
	burst    int
}

// families in order: the first that matches counts. The rates are known to be good in practice.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/throttling.html
// https://docs.aws.amazon.com/waf/latest/developerguide/limits.html
var families = []family{
	{"WAFV2", []string{"Associate", "Disassociate"}, 0.5, 2},
	{"WAFV2", []string{"Get", "List"}, 1, 10},
	{"WAFV2", []string{""}, 1, 5},
	{"Elastic Load Balancing v2", []string{"RegisterTargets", "DeregisterTargets"}, 4, 20},
	{"Elastic Load Balancing v2", []string{"Describe"}, 50, 50},
	{"Elastic Load Balancing v2", []string{""}, 3, 20},
	{"EC2", []string{"Describe"}, 20, 50},
	{"EC2", []string{""}, 5, 20},
	{"ACM", []string{"List"}, 5, 20},
	{"ACM", []string{""}, 1, 10},
}

func (f family) matches(service, operation string) bool {
	return f.service == service && slices.ContainsFunc(f.prefixes, func(p string) bool { return strings.HasPrefix(operation, p) })
}

// limiter is the rate limits of one account and region.
type limiter struct{ buckets []*rate.Limiter }

func newLimiter() *limiter {
	l := &limiter{}
	for _, f := range families {
		l.buckets = append(l.buckets, rate.NewLimiter(f.perSec, f.burst))
	}
	return l
}

// wait returns when the call may be made. If that is later than ctx allows it does so at once, with a ThrottledError.
func (l *limiter) wait(ctx context.Context, service, operation string) error {
	i := slices.IndexFunc(families, func(f family) bool { return f.matches(service, operation) })
	if i < 0 {
		return nil
	}
	if err := l.buckets[i].Wait(ctx); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		after := time.Duration(float64(time.Second) / float64(families[i].perSec))
		return providers.Throttled(after, fmt.Errorf("our own limit for %s: %w", operation, err))
	}
	return nil
}

// install makes every call of a client wait for the limiter.
func (l *limiter) install(s *middleware.Stack) error {
	return s.Initialize.Add(middleware.InitializeMiddlewareFunc("FleetgateRateLimit", func(
		ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
	) (middleware.InitializeOutput, middleware.Metadata, error) {
		if err := l.wait(ctx, awsmiddleware.GetServiceID(ctx), awsmiddleware.GetOperationName(ctx)); err != nil {
			return middleware.InitializeOutput{}, middleware.Metadata{}, err
		}
		return next.HandleInitialize(ctx, in)
	}), middleware.After)
}
