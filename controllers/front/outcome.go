package front

import (
	"math/rand/v2"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/controllers/proxies"
	"github.com/fleetgate/fleetgate/internal/world"
	"github.com/fleetgate/fleetgate/providers"
)

// Pace is when a front is looked at again.
type Pace struct {
	// Pending and MaxPending bound the wait for what the cloud does by itself.
	Pending, MaxPending time.Duration
	// Retry and MaxRetry bound the wait after a failure that may go away.
	Retry, MaxRetry time.Duration
	// Mend is the first wait for what a user has to mend in the cloud, such as a certificate that a listener
	// needs: nothing tells when it is there. It grows to Terminal.
	Mend time.Duration
	// Terminal is the wait after a failure that a user has to mend. Any change of input ends it.
	Terminal time.Duration
	// Resync is how often drift is looked for.
	Resync time.Duration
	// Pass bounds one pass.
	Pass time.Duration
}

// DefaultPace is what production uses.
func DefaultPace() Pace {
	return Pace{
		Pending: 500 * time.Millisecond, MaxPending: 5 * time.Second,
		Retry: time.Second, MaxRetry: 2 * time.Minute,
		Mend: 5 * time.Second, Terminal: time.Minute, Resync: 5 * time.Minute, Pass: 2 * time.Minute,
	}
}

// next says when to look again, after tries passes in a row that did not end well. Without jitter.
func (p Pace) next(got outcome, tries int) time.Duration {
	if throttled, ok := providers.AsThrottled(got.err); ok {
		return max(throttled.After, p.Retry)
	}
	if _, ok := providers.AsTerminal(got.err); ok {
		return p.Terminal
	}
	_, waiting := providers.AsPending(got.err)
	switch {
	case waiting, got.err == nil && got.pending != "":
		return grow(p.Pending, p.MaxPending, tries)
	case got.err != nil:
		return grow(p.Retry, p.MaxRetry, tries)
	case got.faulty():
		return grow(p.Mend, p.Terminal, tries)
	}
	return p.Resync
}

func grow(from, to time.Duration, tries int) time.Duration {
	out := from
	for range min(tries, 20) {
		out = min(out*3/2, to)
	}
	return out
}

// jitter adds up to a quarter, so that fronts which failed together do not come back together.
func jitter(d time.Duration) time.Duration {
	if d < 4 {
		return d
	}
	return d + rand.N(d/4)
}

// report is what the World gets to know of a pass. A pass that could not see the front leaves what was
// known of it: the front is there, whether it can be asked or not.
func report(before world.Front, want wish, result providers.Result, err error) world.Front {
	out := world.Front{
		Generation: want.generation, Active: result.Active, Subnets: result.Subnets,
		Pending: result.Pending, Problems: result.Problems,
		Ports: before.Ports, Remembered: before.Remembered,
	}
	if result.Whole {
		out.Ports, out.Remembered = world.PortsOf(want.front), false
	}
	for _, address := range result.Addresses {
		out.Addresses = append(out.Addresses, world.Address(address))
	}
	if err == nil {
		return out
	}
	if len(out.Addresses) == 0 {
		out.Addresses, out.Active, out.Subnets = before.Addresses, before.Active, before.Subnets
	}
	if len(out.Problems) == 0 {
		out.Problems = before.Problems
	}
	explain(&out, err)
	return out
}

// explain says what is awaited or what failed.
func explain(out *world.Front, err error) {
	if pending, ok := providers.AsPending(err); ok {
		if _, terminal := providers.AsTerminal(err); !terminal {
			out.Pending = pending.What
			return
		}
	}
	out.Error = err.Error()
	if terminal, ok := providers.AsTerminal(err); ok {
		out.Invalid = true
		out.Error = terminal.Error()
	}
}

// Remembered is the front as the Gateway's own status tells it. It stands in for a front that was not looked
// at since the operator started, so that a restart changes no status.
func Remembered(gateway *gatewayv1.Gateway) (world.Front, bool) {
	if !slices.Contains(gateway.Finalizers, proxies.FinalizerFront) {
		return world.Front{}, false
	}
	out := world.Front{Pending: "the operator to look at the front", Remembered: true}
	for _, condition := range gateway.Status.Conditions {
		if condition.Type == string(gatewayv1.GatewayConditionProgrammed) {
			out.Generation = condition.ObservedGeneration
			out.Active = condition.Status == metav1.ConditionTrue
		}
	}
	for _, address := range gateway.Status.Addresses {
		if address.Type != nil && *address.Type == gatewayv1.IPAddressType {
			out.Addresses = append(out.Addresses, world.Address{IP: address.Value})
		} else {
			out.Addresses = append(out.Addresses, world.Address{Hostname: address.Value})
		}
	}
	if out.Active {
		out.Pending = ""
	}
	return out, true
}
