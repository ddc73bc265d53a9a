package proxy

import (
	"context"
	"crypto/tls"
	"sync/atomic"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/balance"
	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/dataplane/health"
	"github.com/fleetgate/fleetgate/dataplane/upstream"
)

// pool is what the proxy keeps for a port of a Service, whatever rules use it.
type pool struct {
	*balance.Pool
	// budget is for retries of requests that may have cost an endpoint something.
	budget *balance.Budget
	// judges5xx says that answers of 5xx count against an endpoint.
	judges5xx bool
	// scheme is that of requests to it.
	scheme string
	gap    gap
	// longestGap is Options.GapTimeout.
	longestGap time.Duration
}

func (p *Proxy) newPool(c *config.Pool) *pool {
	policy := ejection(p.options.Health, c.Eject)
	made := &pool{
		Pool:   balance.NewPool(*c, policy, balance.WithConns(p.connects(c)), balance.WithGone(disconnect)),
		budget: balance.NewBudget(budgetOf(c.RetryBudget)), judges5xx: policy.Server > 0, scheme: "http",
		longestGap: p.options.GapTimeout,
	}
	if c.TLS != nil {
		made.scheme = "https"
	}
	made.gap.never()
	return made
}

func (p *pool) update(endpoints []config.Endpoint) {
	if len(endpoints) == 0 && p.Size() > 0 {
		p.gap.restart(time.Now()) // before anybody sees that they are gone
	}
	if p.Update(endpoints) {
		p.gap.end()
	}
}

// budgetOf is what a pool's budget allows: its own, or the default.
func budgetOf(own *config.RetryBudget) balance.Limits {
	if own == nil || own.Interval <= 0 {
		return balance.DefaultLimits
	}
	limits := balance.Limits{Share: float64(own.Percent) / 100, Window: time.Duration(own.Interval) * time.Millisecond}
	if own.MinInterval > 0 {
		limits.PerSecond = float64(own.MinRetries) * 1000 / float64(own.MinInterval)
	}
	return limits
}

// ejection is the policy of a pool: its own where it says something.
func ejection(policy health.Policy, own config.Eject) health.Policy {
	for threshold, value := range map[*int]int32{&policy.Failures: own.Connect, &policy.Gateway: own.Gateway, &policy.Server: own.Server} {
		if value != 0 {
			*threshold = max(int(value), 0)
		}
	}
	if own.For > 0 {
		policy.For = time.Duration(own.For) * time.Millisecond
		policy.Longest = max(policy.Longest, policy.For)
	}
	if own.Longest > 0 {
		policy.Longest = max(time.Duration(own.Longest)*time.Millisecond, policy.For)
	}
	if own.MaxPercent > 0 {
		policy.MaxShare = min(float64(own.MaxPercent), 100) / 100
	}
	return policy
}

// connects and disconnect give the endpoints of pools their connections.
func (p *Proxy) connects(c *config.Pool) func(address string) any {
	var security *upstream.Security
	if c.TLS != nil {
		security = upstream.NewSecurity(c.TLS, p.backendCertificate)
	}
	return func(address string) any { return p.connector.SecureEndpoint(address, security) }
}

// backendCertificate is what backends are shown that ask for a certificate; nil for none.
func (p *Proxy) backendCertificate() *tls.Certificate {
	s := &p.state.Load().snapshot
	return s.Certificates[s.Root.BackendSecret]
}

func disconnect(conns any) { conns.(*upstream.Endpoint).Close() } //nolint:errcheck // connect made it

const (
	// maxWaiting bounds the requests that wait in a gap of a pool.
	maxWaiting = 1024
	// lookAgain is how often they try the endpoints that there are.
	lookAgain = 100 * time.Millisecond
)

// gap is a time in which nobody in a pool takes connections: its last endpoints are gone, or are
// about to be known as gone, and the next ones are not here yet.
type gap struct {
	since   atomic.Int64 // Unix nanoseconds; 0 when there is none
	waiting atomic.Int32
}

// never says that nobody ever was there, so that there is nobody to wait for.
func (g *gap) never() { g.since.Store(1) }

// begin notes that nobody is there, and gives since when that is so.
func (g *gap) begin(now time.Time) time.Time {
	for !g.since.CompareAndSwap(0, now.UnixNano()) {
		if since := g.since.Load(); since != 0 {
			return time.Unix(0, since)
		}
	}
	return now
}

// restart notes that nobody is there from now on, whatever was the matter before.
func (g *gap) restart(now time.Time) { g.since.Store(now.UnixNano()) }

// end notes that somebody is there. It is called for every request.
func (g *gap) end() {
	if g.since.Load() != 0 {
		g.since.Store(0)
	}
}

// await waits for a pool that has nobody to change, and says whether it is worth to look again. It gives
// up at once when the gap has lasted too long or too many wait. since is when who waits began to, zero before that: others
// may end a gap again and again.
func (p *pool) await(ctx context.Context, since *time.Time) bool {
	changed, now := p.Changed(), time.Now()
	if since.IsZero() {
		*since = now
	}
	left := p.left(*since, now)
	defer p.gap.waiting.Add(-1)
	if p.gap.waiting.Add(1) > maxWaiting || left <= 0 {
		return false
	}
	end := time.NewTimer(left)
	defer end.Stop()
	var again <-chan time.Time
	if p.Size() > 0 {
		again = time.After(lookAgain)
	}
	for {
		select {
		case <-ctx.Done():
			return false
		case <-end.C:
			if left = p.left(*since, time.Now()); left <= 0 { // or else another gap has begun
				return p.Size() > 0
			}
			end.Reset(left)
		case <-again:
			return true
		case <-changed:
			if changed, again = p.Changed(), nil; p.Size() > 0 {
				return true
			}
		}
	}
}

// left is how much longer who waits since a time may wait in the gap.
func (p *pool) left(since, now time.Time) time.Duration {
	if begin := p.gap.begin(now); begin.Before(since) {
		since = begin
	}
	return since.Add(p.longestGap).Sub(now)
}
