// Package gather keeps the World up to date: events of the hub's and the members' caches go into an
// Inbox, and an Assembler turns them into the next World.
package gather

import (
	"sync"

	"github.com/fleetgate/fleetgate/internal/world"
)

// Kinds of input beyond those of world.Key.
const (
	KindPod         world.Kind = "Pod"
	KindProxyConfig world.Kind = "ProxyConfig"
	// KindDeployment carries a proxy Deployment, as slim as the cache has it. It is not in the World: who deploys looks at it.
	KindDeployment world.Kind = "Deployment"
	// KindProxyProblem carries a string: why the proxies of the Gateway of that name cannot be deployed in Member.
	KindProxyProblem world.Kind = "ProxyProblem"
)

// Key names one input. Member is "" for what is not in a member.
type Key struct {
	Member string
	Kind   world.Kind
	Name   world.Name
}

// MemberState is the value of a world.KindMember: what the fleet knows of a member itself.
type MemberState struct {
	Labels map[string]string
	// Unreachable says why the member cannot be asked, or is "".
	Unreachable string
}

// Installed is the value of world.KindGatewayAPI.
type Installed struct {
	// Version is the bundle version of the CRDs; "" if it cannot be told.
	Version string
	// Experimental says that the CRDs are of the experimental channel.
	Experimental bool
	// Absent are the kinds that are not installed, sorted.
	Absent []world.Kind
}

// Missing is the value of something that was looked for and not found, where that differs from not looked for.
type Missing struct{}

// Inbox collects changes until the next World is built. Safe for concurrent use. Values are shared
// and frozen from Put on.
type Inbox struct {
	mu      sync.Mutex
	pending map[Key]any
	wake    chan struct{}
}

// NewInbox gives an empty Inbox.
func NewInbox() *Inbox {
	return &Inbox{pending: map[Key]any{}, wake: make(chan struct{}, 1)}
}

// Put tells the newest value of key; nil says that it is gone.
func (b *Inbox) Put(key Key, value any) {
	b.mu.Lock()
	b.pending[key] = value
	b.mu.Unlock()
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// Take empties the Inbox.
func (b *Inbox) Take() map[Key]any {
	b.mu.Lock()
	defer b.mu.Unlock()
	taken := b.pending
	b.pending = map[Key]any{}
	return taken
}

// Wake gets a value when there is something to take.
func (b *Inbox) Wake() <-chan struct{} { return b.wake }
