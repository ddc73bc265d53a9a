package proxies

import (
	"context"
	"maps"
	"strings"
	"sync"

	"github.com/go-logr/logr"

	dataplanev1alpha1 "github.com/fleetgate/fleetgate/apis/dataplane/v1alpha1"
	"github.com/fleetgate/fleetgate/controllers/fleet"
	"github.com/fleetgate/fleetgate/controllers/gather"
	"github.com/fleetgate/fleetgate/internal/compile"
	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/world"
)

// Connections finds the connection to a member that is reachable now.
type Connections interface {
	Connection(member string) (*fleet.Connection, bool)
}

// Options of a Manager.
type Options struct {
	Settings    Settings
	Connections Connections
	// Inbox gets what hinders proxies.
	Inbox *gather.Inbox
	Log   logr.Logger

	// roots are shared by the workers of a Manager.
	roots *compile.Roots
}

// Manager makes the proxies in all members what the latest IR wants. Each member has a worker of its own,
// so that a slow one holds up nobody else.
type Manager struct {
	options Options

	mu      sync.Mutex
	ctx     context.Context //nolint:containedctx // the life of Start, which owns the workers' goroutines
	view    *view
	gone    map[world.Name]string
	workers map[string]*worker
	running sync.WaitGroup
}

// NewManager gives a Manager that does nothing before Start and the first Set.
func NewManager(options Options) *Manager {
	options.roots = compile.NewRoots()
	return &Manager{options: options, workers: map[string]*worker{}, gone: map[world.Name]string{}}
}

// Start runs the workers until ctx ends, and returns when all of them did.
func (m *Manager) Start(ctx context.Context) error {
	m.mu.Lock()
	m.ctx = ctx
	if m.view != nil {
		m.startWorkers()
	}
	m.mu.Unlock()
	<-ctx.Done()
	m.mu.Lock()
	for _, worker := range m.workers {
		worker.queue.ShutDown()
	}
	m.mu.Unlock()
	m.running.Wait()
	return nil
}

// Set tells the newest World and what it means. changed are the inputs that brought it.
func (m *Manager) Set(w *world.World, r ir.IR, changed map[gather.Key]any) {
	m.mu.Lock()
	defer m.mu.Unlock()
	before := view{}
	if m.view != nil {
		before = *m.view
	}
	after := view{world: w, ir: r, gone: maps.Clone(m.gone)}
	maps.DeleteFunc(m.gone, func(name world.Name, _ string) bool {
		return !held(w.Gateways[name]) || !after.isGone(name) || after.wanted(name)
	})
	after.gone = maps.Clone(m.gone)
	m.view = &after
	m.startWorkers()
	for name := range touched(before, after) {
		m.enqueueAll(name)
	}
	for key, value := range changed {
		m.react(key, value)
	}
}

// react looks at what Set's IR does not tell: a member that came back, and drift of what we made.
func (m *Manager) react(key gather.Key, value any) {
	switch key.Kind {
	case world.KindMember:
		if worker := m.workers[key.Name.Name]; worker != nil {
			worker.enqueueWanted(*m.view)
			worker.queue.Add(everything)
		}
	case world.KindGateway:
		m.enqueueAll(key.Name)
	case gather.KindDeployment:
		if worker := m.workers[key.Member]; worker != nil {
			worker.queue.Add(key.Name)
		}
	case gather.KindProxyConfig:
		if worker := m.workers[key.Member]; worker != nil {
			part, _ := value.(*dataplanev1alpha1.ProxyConfig)
			worker.lookAgain(key.Name, part)
		}
	default: // all else changes the IR, or nothing
	}
}

// enqueueAll looks at the proxies of a Gateway in all members. The lock is held.
func (m *Manager) enqueueAll(gateway world.Name) {
	for _, worker := range m.workers {
		worker.queue.Add(proxyOf(gateway))
	}
}

// startWorkers gives every member a worker, and ends those of members that left. The lock is held.
func (m *Manager) startWorkers() {
	if m.ctx == nil || m.ctx.Err() != nil {
		return
	}
	for name, worker := range m.workers {
		if m.view.world.Members[name] == nil {
			worker.queue.ShutDown()
			delete(m.workers, name)
		}
	}
	for name := range m.view.world.Members {
		if m.workers[name] != nil {
			continue
		}
		worker := newWorker(name, m.options, m.current)
		m.workers[name] = worker
		m.running.Go(func() { worker.run(m.ctx) })
		worker.enqueueWanted(*m.view)
	}
}

func (m *Manager) current() view {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := *m.view
	out.gone = maps.Clone(m.gone)
	return out
}

// Remove takes the proxies of the Gateway of that UID away, whose front is gone, and tells in which reachable members
// something is left. A member that cannot be asked is cleaned when it is back.
func (m *Manager) Remove(gateway world.Name, uid string) (left []string) {
	m.mu.Lock()
	before, known := m.gone[gateway]
	m.gone[gateway] = uid
	if !known || before != uid {
		m.enqueueAll(gateway)
	}
	workers := maps.Clone(m.workers)
	m.mu.Unlock()
	for name, worker := range workers {
		if _, reachable := m.options.Connections.Connection(name); reachable && !worker.isClean(proxyOf(gateway)) {
			left = append(left, name)
		}
	}
	return left
}

func proxyOf(gateway world.Name) world.Name {
	return world.Name{Namespace: gateway.Namespace, Name: compile.ProxyName(gateway)}
}

func cut(name string) (namespace, rest string, ok bool) { return strings.Cut(name, "/") }
