package backends

import (
	"context"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	discoveryv1 "k8s.io/api/discovery/v1"

	"github.com/fleetgate/fleetgate/cmd/fleetgate/internal/manifest"
	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/e2e/backend/responder"
	"github.com/fleetgate/fleetgate/internal/world"
)

// grace is how long requests in flight may take when a backend stops.
const grace = 2 * time.Second

// Fleet runs demo backends, one for each Service and member, and knows the endpoints of all Services. Its
// methods are called by one goroutine.
type Fleet struct {
	members []string
	slices  []*discoveryv1.EndpointSlice
	running map[key]*instance
	done    sync.WaitGroup
}

type key struct {
	member  string
	service world.Name
}

// instance is one demo backend.
type instance struct {
	demo    demo
	address netip.AddrPort
	// packets is where it answers datagrams; not valid if it does not.
	packets netip.AddrPort
	stop    context.CancelFunc
}

// NewFleet makes a Fleet without backends.
func NewFleet(members []string) *Fleet {
	return &Fleet{members: members, running: map[key]*instance{}}
}

// Follow starts and stops backends so that they are those of the folder. They stop when ctx is done.
func (f *Fleet) Follow(ctx context.Context, folder manifest.Folder) error {
	f.slices = folder.EndpointSlices
	wanted := map[key]demo{}
	for name, one := range demos(folder) {
		for _, m := range f.members {
			one.who.Member = m
			wanted[key{m, name}] = one
		}
	}
	for k, i := range f.running {
		if wanted[k] != i.demo {
			i.stop()
			delete(f.running, k)
		}
	}
	for k, one := range wanted {
		if f.running[k] != nil {
			continue
		}
		i, err := f.start(ctx, one)
		if err != nil {
			return fmt.Errorf("starting a backend for Service %s: %w", k.service, err)
		}
		f.running[k] = i
	}
	return nil
}

func (f *Fleet) start(ctx context.Context, one demo) (*instance, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	i := &instance{demo: one, address: bound(l.Addr())}
	ctx, i.stop = context.WithCancel(ctx)
	f.done.Go(func() { _ = responder.Serve(ctx, l, &responder.Responder{Identity: one.who}, grace) }) // ends with ctx
	if !one.udp {
		return i, nil
	}
	c, err := (&net.ListenConfig{}).ListenPacket(ctx, "udp", "127.0.0.1:0")
	if err != nil {
		i.stop()
		return nil, err
	}
	i.packets = bound(c.LocalAddr())
	f.done.Go(func() { _ = responder.ServePackets(ctx, c, one.who) }) // ends with ctx
	return i, nil
}

// bound is the address and port that a listener has got.
func bound(a net.Addr) netip.AddrPort {
	out, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return netip.AddrPort{}
	}
	return out
}

// Close stops all backends and waits for them.
func (f *Fleet) Close() {
	for _, i := range f.running {
		i.stop()
	}
	f.done.Wait()
}

// Endpoints of a pool in a member: those of the folder's EndpointSlices, else the demo backend of its Service.
func (f *Fleet) Endpoints(member string, pool config.Pool) []config.Endpoint {
	if endpoints, found := fromSlices(f.slices, pool); found {
		return endpoints
	}
	i := f.running[key{member, world.Name{Namespace: pool.Namespace, Name: pool.Service}}]
	if i == nil {
		return nil
	}
	at := i.address
	if pool.Transport == config.TransportUDP {
		at = i.packets
	}
	if !at.IsValid() {
		return nil
	}
	return []config.Endpoint{{Address: at.Addr().String(), Port: int32(at.Port())}}
}

// Count is how many backends run.
func (f *Fleet) Count() int { return len(f.running) }

// Services are those that a demo backend stands behind, sorted.
func (f *Fleet) Services() []world.Name {
	names := map[world.Name]bool{}
	for k := range f.running {
		names[k.service] = true
	}
	return slices.SortedFunc(maps.Keys(names), world.Name.Compare)
}
