package aws

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/plan"
	"github.com/fleetgate/fleetgate/internal/stack"
	"github.com/fleetgate/fleetgate/providers"
)

// Provider makes fronts of application load balancers, in as many regions as ALBConfigs name.
type Provider struct {
	opts Options

	mu       sync.Mutex
	accounts map[string]*account // by region as declared
}

var (
	_ providers.Provider     = (*Provider)(nil)
	_ providers.SubnetLister = (*Provider)(nil)
	_ providers.Placer       = (*Provider)(nil)
)

// New makes a Provider. It does not call AWS yet, so that missing credentials show on the Gateways and
// not as an operator that does not start.
func New(_ context.Context, o Options) (providers.Provider, error) {
	if o.HubID == "" {
		return nil, errors.New("aws: Options.HubID is required")
	}
	return &Provider{opts: o.withDefaults(), accounts: map[string]*account{}}, nil
}

// Place is the region of a front: its own, or the operator's.
func (p *Provider) Place(front ir.Front) string {
	if front.ALB != nil && front.ALB.Region != "" {
		return front.ALB.Region
	}
	return p.opts.Region
}

// account opens the region of a front once.
func (p *Provider) account(ctx context.Context, front ir.Front) (*account, error) {
	region := p.Place(front)
	p.mu.Lock()
	defer p.mu.Unlock()
	if a := p.accounts[region]; a != nil {
		return a, nil
	}
	a, err := open(ctx, p.opts, region)
	if err != nil {
		return nil, err
	}
	p.accounts[region] = a
	return a, nil
}

// Observe reads what the owner has, by tags, and the facts that Render needs. That a front which is to go has nothing left is told
// only after a look past what is believed: an operator that had the lead before may have made something since.
func (p *Provider) Observe(ctx context.Context, front ir.Front) (stack.Observed, error) {
	a, err := p.account(ctx, front)
	if err != nil {
		return stack.Observed{}, err
	}
	have, err := newObserver(a, front).observe(ctx)
	if err != nil || len(front.Ports) > 0 || len(have.Resources) > 0 {
		return have, err
	}
	a.certificates.forget("")
	a.webACLs.forget("")
	return newObserver(a, front).observe(ctx)
}

// Apply performs one step.
func (p *Provider) Apply(ctx context.Context, front ir.Front, step plan.Step) (stack.Resource, error) {
	a, err := p.account(ctx, front)
	if err != nil {
		return stack.Resource{}, err
	}
	return a.apply(ctx, task{front: front, step: step})
}

// Addresses are the DNS name of the load balancer that takes requests: one that is active and has a
// listener, the newest if there are two because one takes the place of the other.
func (p *Provider) Addresses(have stack.Observed) []providers.Address {
	var out []providers.Address
	for _, r := range serving(have) {
		out = append(out, providers.Address{Hostname: r.Facts[factDNSName]})
	}
	return out
}

// Subnets are the CIDRs of the load balancers' subnets: also of one that is about to go, which still sends.
func (p *Provider) Subnets(have stack.Observed) []string {
	var out []string
	for _, r := range have.Resources {
		if cidrs := r.Facts[factSubnets]; r.ID.Kind == KindLoadBalancer && cidrs != "" {
			out = append(out, strings.Split(cidrs, ",")...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Features are those of the proxies: the load balancer forwards everything.
func (p *Provider) Features() []string { return slices.Clone(p.opts.Features) }

// serving is the newest load balancer that takes requests, or none.
func serving(have stack.Observed) []stack.Resource {
	var out []stack.Resource
	for _, r := range have.Resources {
		if r.ID.Kind != KindLoadBalancer || r.State != stack.Active {
			continue
		}
		listens := slices.ContainsFunc(have.Resources, func(l stack.Resource) bool {
			return l.ID.Kind == KindListener && loadBalancerOf(l.ID) == r.ID.Name
		})
		if listens && (len(out) == 0 || r.Facts[factCreated] > out[0].Facts[factCreated]) {
			out = []stack.Resource{r}
		}
	}
	return out
}
