package proxy

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/http1"
	"github.com/fleetgate/fleetgate/dataplane/socket"
	"github.com/fleetgate/fleetgate/dataplane/upstream"
)

// Proxy serves the listeners of one Gateway.
type Proxy struct {
	options Options
	log     *accessLog
	state   atomic.Pointer[state]
	ready   atomic.Bool
	// draining is set from the end of Run's context on.
	draining atomic.Bool

	mutex   sync.Mutex // held by Apply and Shutdown
	stopped bool
	// routes are those of the configuration in force.
	routes  map[string]*route
	servers map[int32]*server
	http3   map[int32]*server // of the ports that are served over UDP too
	sockets sockets
	udp     map[int32]*udpServer
	pace    pace
	pooling sync.Mutex // held while a pool is made, and while a state is put in force

	http1     http1.ServerOptions
	connector *upstream.Connector
	lot       *socket.Lot
	mirrors   mirrors
	// connections, sessions and inflight are how many client connections, sessions of UDP and requests there are.
	connections, sessions, inflight atomic.Int64
	// retired are servers of ports that are gone, and that finish what they have in flight. When life
	// ends they end with it.
	retired sync.WaitGroup
	life    context.Context //nolint:containedctx // it is that of the goroutines in retired
	end     context.CancelFunc
}

// New makes a Proxy that serves nothing yet. Its Shutdown must be called, by Run or otherwise.
func New(options Options) *Proxy {
	options = options.withDefaults()
	p := &Proxy{
		options: options,
		log:     newAccessLog(options.AccessLog, options.Observer.LogDropped),
		routes:  map[string]*route{},
		servers: map[int32]*server{},
		http3:   map[int32]*server{},
		udp:     map[int32]*udpServer{},
		sockets: sockets{byPort: map[int32]*sharedSocket{}},
	}
	p.life, p.end = context.WithCancel(context.Background())
	p.connector = upstream.NewConnector(upstream.Options{ConnectTimeout: options.ConnectTimeout, MaxConns: options.MaxEndpointConns})
	p.lot = socket.NewLot(options.IdleTimeout / 8)
	p.mirrors = newMirrors(options)
	p.http1 = http1.ServerOptions{
		Limits:      http1.Limits{Bytes: options.MaxHeaderBytes, Fields: options.MaxFields},
		IdleTimeout: options.IdleTimeout, HeadTimeout: options.HeaderTimeout,
		BodyTimeout: options.BodyTimeout, WriteTimeout: options.WriteTimeout,
	}
	if options.IdleTimeout >= 2*parkAfter {
		p.http1.QuietTime = parkAfter
	}
	return p
}

// Apply puts a whole configuration in force: requests that come after it returns are served by it,
// requests under way end by the one before. An error names the parts that do not work; the rest is in force.
func (p *Proxy) Apply(next Snapshot) error {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.stopped {
		return errors.New("the proxy is shut down")
	}
	before := p.state.Load()
	p.pace.begin(p.connections.Load() > 0)
	changes := changesOf(before, &next)
	table, errs := p.nextTable(before, &next, changes)
	pools, gone := p.nextPools(before, withRoots(before, &next, changes))
	built := &state{snapshot: next, table: table, pools: pools, revision: 1}
	var err error
	if built.trusted, err = parseTrusted(next.Root.TrustedProxies); err != nil {
		errs = append(errs, fmt.Errorf("trusted proxies: %w", err))
	}
	errs = append(errs, p.setListeners(built, before)...)
	if before != nil {
		built.revision = before.revision + 1
	}
	p.change(before, built, gone)
	if err := p.listen(built.ports); err != nil {
		errs = append(errs, err)
	} else {
		p.ready.Store(true)
	}
	p.count(changes)
	if before == nil || before.table != built.table {
		p.options.Observer.Applied(next.Root.Generation, built.revision, p.names(built))
	}
	return errors.Join(errs...)
}

// Ready says whether the proxy should get traffic: a configuration is in force, all its listeners
// were bound, and it is not about to stop.
func (p *Proxy) Ready() bool {
	return p.ready.Load() && !p.draining.Load()
}

// Snapshot is the configuration in force, and its revision, which is 0 before the first; for
// reading only.
func (p *Proxy) Snapshot() (Snapshot, uint64) {
	if s := p.state.Load(); s != nil {
		return s.snapshot, s.revision
	}
	return Snapshot{}, 0
}

// Run serves until the context ends, and then drains: it is not ready any more, goes on serving
// for DrainWait, and shuts down within DrainTimeout.
func (p *Proxy) Run(ctx context.Context) error {
	<-ctx.Done()
	p.draining.Store(true)
	time.Sleep(p.options.DrainWait)
	bound, cancel := context.WithTimeout(context.WithoutCancel(ctx), p.options.DrainTimeout)
	defer cancel()
	return p.Shutdown(bound)
}

// Shutdown closes the listeners, lets requests in flight end, and closes what is left when the
// context ends. No goroutine of the Proxy is left when it returns.
func (p *Proxy) Shutdown(ctx context.Context) error {
	p.draining.Store(true)
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.stopped {
		return nil
	}
	p.stopped = true
	for _, servers := range []map[int32]*server{p.servers, p.http3} {
		for port, s := range servers {
			delete(servers, port)
			p.retire(ctx, s)
		}
	}
	for port, s := range p.udp {
		delete(p.udp, port)
		p.retired.Go(func() { s.retire(ctx) })
	}
	stop := context.AfterFunc(ctx, p.end) // for those that were retired before
	p.retired.Wait()
	stop()
	p.end()
	p.mirrors.close()
	p.connector.Close()
	p.lot.Close()
	p.log.close()
	return context.Cause(ctx)
}

// Requests is how many requests are under way.
func (p *Proxy) Requests() int64 { return p.inflight.Load() }

// Connections is how many connections of clients there are.
func (p *Proxy) Connections() int64 { return p.connections.Load() }

// Sessions is how many sessions of UDP there are.
func (p *Proxy) Sessions() int64 { return p.sessions.Load() }
