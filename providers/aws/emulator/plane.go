package emulator

import (
	"context"
	"crypto/tls"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// plane is the data plane: it listens where the state says, and knows nothing else of it.
type plane struct {
	opts Options
	// stop is called once, by close; stopped tells whether it was, and onStop runs a function when it is.
	stop    func()
	stopped func() bool
	onStop  func(func()) func() bool

	mu         sync.Mutex
	gates      map[string]*gate
	pools      map[string]*pool
	pairs      map[pair]*tls.Certificate
	transports map[string]*http.Transport
	broken     map[string]string // gates that could not listen, and why
	running    sync.WaitGroup
}

func newPlane(opts Options) *plane {
	life, stop := context.WithCancel(context.Background())
	return &plane{
		opts: opts, stop: stop,
		stopped: func() bool { return life.Err() != nil },
		onStop:  func(f func()) func() bool { return context.AfterFunc(life, f) },
		gates:   map[string]*gate{}, pools: map[string]*pool{}, pairs: map[pair]*tls.Certificate{},
		transports: map[string]*http.Transport{}, broken: map[string]string{},
	}
}

// close stops everything at once and waits for it.
func (p *plane) close() {
	p.stop()
	p.follow(nil, nil)
	p.running.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, t := range p.transports {
		t.CloseIdleConnections()
	}
}

// follow makes gates and pools those of the state.
func (p *plane) follow(fronts []front, specs []poolSpec) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopped() { // a call that was under way when the server was closed
		fronts, specs = nil, nil
	}
	p.followPools(specs)
	wanted := map[string]*gateConfig{}
	for _, f := range fronts {
		for _, l := range f.listeners {
			key := net.JoinHostPort(f.address, strconv.Itoa(l.port+p.opts.DataPlane.PortOffset))
			wanted[key] = &gateConfig{front: f, listener: l}
		}
	}
	for key, g := range p.gates {
		// What a socket was opened with cannot change under it.
		if w := wanted[key]; w == nil || !g.keeps(w) {
			g.close()
			delete(p.gates, key)
		}
	}
	clear(p.broken)
	for _, key := range slices.Sorted(maps.Keys(wanted)) {
		if err := p.open(key, wanted[key]); err != nil {
			p.broken[key] = err.Error()
			p.opts.Log.Error("a load balancer cannot listen", "address", key, "error", err)
		}
	}
}

func (p *plane) followPools(specs []poolSpec) {
	seen := map[string]bool{}
	for _, spec := range specs {
		seen[spec.arn] = true
		if p.pools[spec.arn] == nil {
			p.pools[spec.arn] = newPool(p)
		}
		p.pools[spec.arn].follow(spec)
	}
	for arn, one := range p.pools {
		if !seen[arn] {
			one.follow(poolSpec{arn: arn})
			delete(p.pools, arn)
		}
	}
}

// open makes the gate listen with this configuration, or gives it to the one that does.
func (p *plane) open(key string, c *gateConfig) error {
	g := p.gates[key]
	if g != nil && g.config.Load().same(c) {
		return nil
	}
	if c.listener.secure {
		var err error
		if c.tls, err = p.tlsConfig(c); err != nil {
			return err
		}
	}
	if g != nil {
		g.config.Store(c)
		return nil
	}
	g, err := p.newGate(key, c)
	if err != nil {
		return err
	}
	p.gates[key] = g
	return nil
}

func (p *plane) pool(arn string) *pool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.pools[arn]
}

// transport is the pool of connections to targets of one kind. Idle ones go after two seconds, long before any
// target would close them, so that a request does not meet a connection that is being closed.
func (p *plane) transport(protocol, version string, idle time.Duration) *http.Transport {
	p.mu.Lock()
	defer p.mu.Unlock()
	key := fmt.Sprint(protocol, version, idle)
	if t := p.transports[key]; t != nil {
		return t
	}
	dialer := &net.Dialer{Timeout: 10 * time.Second} // AWS's
	if src := p.opts.DataPlane.Source; src.IsValid() {
		dialer.LocalAddr = &net.TCPAddr{IP: src.AsSlice()}
	}
	t := &http.Transport{
		DialContext:           dialer.DialContext,
		MaxIdleConnsPerHost:   256,
		IdleConnTimeout:       2 * time.Second,
		ResponseHeaderTimeout: idle,
		DisableCompression:    true,
		TLSClientConfig:       &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // a load balancer does not check targets' certificates
		Protocols:             &http.Protocols{},
	}
	switch {
	case version == "HTTP1" || version == "":
		t.Protocols.SetHTTP1(true)
	case protocol == "HTTPS":
		t.Protocols.SetHTTP2(true)
	default:
		t.Protocols.SetUnencryptedHTTP2(true)
	}
	p.transports[key] = t
	return t
}

// health is what a target's checks have found.
func (p *plane) health(pool, target string) health {
	if one := p.pool(pool); one != nil {
		return one.health(target)
	}
	return health{State: "initial", Reason: "Elb.RegistrationInProgress", Description: "Target registration is in progress"}
}

// listenErrors are the gates that could not listen.
func (p *plane) listenErrors() map[string]string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.broken)
}
