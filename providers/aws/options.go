// Package aws makes fronts of AWS Application Load Balancers.
package aws

import (
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"

	"github.com/fleetgate/fleetgate/providers"
)

// Options say which AWS to talk to and how.
type Options struct {
	// HubID tells this hub's resources from those of other hubs in the account. Required.
	HubID string
	// Region of fronts whose ALBConfig names none. Default: the SDK's own (AWS_REGION, the shared
	// configuration file).
	Region string
	// Endpoint replaces AWS's own. Default: the SDK's, so that AWS_ENDPOINT_URL is honoured.
	Endpoint string
	// Credentials replace the SDK's default chain.
	// https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
	Credentials awssdk.CredentialsProvider
	// CacheTTL is how long facts that change slowly (subnets, certificates, web ACLs and what they are
	// associated with, quotas) are believed. Default: one minute; a negative value never believes them.
	CacheTTL time.Duration
	// ReplacementGrace is how long the old load balancer stays after the one that takes its place became
	// ready, for DNS caches to expire. Default: two minutes; a negative value means none.
	ReplacementGrace time.Duration
	// NoRateLimit switches our own rate limits off: for tests against an emulator.
	NoRateLimit bool
	// Now is the clock. Default: time.Now.
	Now func() time.Time
	// Features replaces what Features answers. Default: providers.HTTPFeatures.
	Features []string
}

func (o Options) withDefaults() Options {
	if o.CacheTTL == 0 {
		o.CacheTTL = time.Minute
	}
	if o.ReplacementGrace == 0 {
		o.ReplacementGrace = 2 * time.Minute
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Features == nil {
		o.Features = providers.HTTPFeatures()
	}
	return o
}
