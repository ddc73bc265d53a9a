package aws

import (
	"context"
	"errors"
	"fmt"
	"slices"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/wafv2"

	"github.com/fleetgate/fleetgate/providers"
)

// account is one account in one region: clients, rate limits, and what is believed for a while.
type account struct {
	opts        Options
	region      string
	credentials awssdk.CredentialsProvider

	elb elbAPI
	ec2 ec2API
	acm acmAPI
	waf wafAPI

	networks     *cache[string, network]
	nodeGroups   *cache[string, []NodeGroup]
	certificates *cache[string, []listedCertificate]
	certTags     *tagCache
	quotas       *cache[string, map[string]int]
	webACLs      *cache[string, []listedWebACL]
	webACL       *cache[string, observedWebACL]
	associated   *cache[string, string]
}

// open makes the clients. It calls nothing.
func open(ctx context.Context, o Options, region string) (*account, error) {
	load := []func(*config.LoadOptions) error{config.WithRetryer(retryer)}
	if region != "" {
		load = append(load, config.WithRegion(region))
	}
	if o.Endpoint != "" {
		load = append(load, config.WithBaseEndpoint(o.Endpoint))
	}
	if o.Credentials != nil {
		load = append(load, config.WithCredentialsProvider(o.Credentials))
	}
	cfg, err := config.LoadDefaultConfig(ctx, load...)
	if err != nil {
		return nil, fmt.Errorf("loading the AWS configuration: %w", err)
	}
	if cfg.Region == "" {
		return nil, providers.Terminal("no AWS region is known: set spec.region in the ALBConfig, or AWS_REGION for the operator", nil)
	}
	if !o.NoRateLimit {
		cfg.APIOptions = append(cfg.APIOptions, newLimiter().install)
	}
	return newAccount(o, cfg), nil
}

func newAccount(o Options, cfg awssdk.Config) *account {
	slow := o
	slow.CacheTTL *= 10 // WAF's reads are scarce
	return &account{
		opts: o, region: cfg.Region, credentials: cfg.Credentials,
		elb: elb.NewFromConfig(cfg), ec2: ec2.NewFromConfig(cfg), acm: acm.NewFromConfig(cfg), waf: wafv2.NewFromConfig(cfg),
		networks:     newCache[string, network](o),
		nodeGroups:   newCache[string, []NodeGroup](o),
		certificates: newCache[string, []listedCertificate](o),
		certTags:     &tagCache{},
		quotas:       newCache[string, map[string]int](o),
		webACLs:      newCache[string, []listedWebACL](o),
		webACL:       newCache[string, observedWebACL](slow),
		associated:   newCache[string, string](slow),
	}
}

// check tells whether there are credentials at all; the SDK keeps them until they expire.
func (a *account) check(ctx context.Context) error {
	if a.credentials == nil {
		return noCredentials(errors.New("the credential chain is empty"))
	}
	if _, err := a.credentials.Retrieve(ctx); err != nil && ctx.Err() == nil {
		return noCredentials(err)
	}
	return ctx.Err()
}

// retryer is the SDK's standard one, which gives three attempts, without the code by which ACM tells a
// quota: that is on the SDK's list of throttles.
func retryer() awssdk.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.Retryables = append([]retry.IsErrorRetryable{retry.IsErrorRetryableFunc(func(err error) awssdk.Ternary {
			if slices.Contains([]string{"LimitExceededException"}, code(err)) {
				return awssdk.FalseTernary
			}
			return awssdk.UnknownTernary
		})}, o.Retryables...)
	})
}

// Calls that make something new each time must not be repeated by the SDK when an answer is lost: the next
// pass looks first.

func onceACM(o *acm.Options)   { o.Retryer = awssdk.NopRetryer{} }
func onceELB(o *elb.Options)   { o.Retryer = awssdk.NopRetryer{} }
func onceEC2(o *ec2.Options)   { o.Retryer = awssdk.NopRetryer{} }
func onceWAF(o *wafv2.Options) { o.Retryer = awssdk.NopRetryer{} }
