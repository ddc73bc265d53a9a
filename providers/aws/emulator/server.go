package emulator

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// Server is a running emulator. It is also the http.Handler of its own API.
type Server struct {
	// URL is the endpoint to give to an SDK.
	URL string

	opts     Options
	services map[string]service
	faults   faults
	throttle throttle
	calls    callLog
	admin    http.Handler
	plane    *plane // nil without a data plane
	api      *http.Server
	stop     context.CancelFunc
	wake     chan struct{}
	running  sync.WaitGroup

	mu    sync.Mutex // guards state, and is taken before any lock of the plane's
	state *state
}

// Start serves the emulated AWS until Close, or until ctx is done.
func Start(ctx context.Context, opts Options) (*Server, error) {
	s, err := newServer(ctx, opts)
	if err != nil {
		return nil, err
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.opts.Listen)
	if err != nil {
		s.Close()
		return nil, fmt.Errorf("listening for the API: %w", err)
	}
	s.URL = "http://" + l.Addr().String()
	s.api = &http.Server{Handler: s, ReadHeaderTimeout: time.Minute}
	s.running.Go(func() { _ = s.api.Serve(l) }) // returns when Close closes it
	context.AfterFunc(ctx, s.Close)
	return s, nil
}

func newServer(ctx context.Context, opts Options) (*Server, error) {
	opts = opts.withDefaults()
	for _, cidr := range []string{opts.Network.VPCCIDR, opts.DataPlane.CIDR} {
		if _, err := netip.ParsePrefix(cidr); err != nil {
			return nil, fmt.Errorf("options: %w", err)
		}
	}
	st, err := load(opts.StateFile)
	if err != nil {
		return nil, err
	}
	inner, stop := context.WithCancel(context.WithoutCancel(ctx))
	s := &Server{
		opts: opts, state: st, stop: stop, wake: make(chan struct{}, 1),
		throttle: throttle{rates: opts.Throttle},
	}
	s.services = map[string]service{
		"elasticloadbalancing": elbService(), "ec2": ec2Service(), "acm": acmService(), "wafv2": wafService(), "sts": stsService(),
	}
	s.admin = s.adminHandler()
	if !opts.DataPlane.Disabled {
		s.plane = newPlane(opts)
	}
	s.mu.Lock()
	s.settle(time.Now())
	s.mu.Unlock()
	s.running.Go(func() { s.keepTime(inner) })
	return s, nil
}

// Close stops the API and every load balancer and waits for them. It can be called more than once.
func (s *Server) Close() {
	s.stop()
	if s.api != nil {
		_ = s.api.Close() // a second Close finds it closed
	}
	if s.plane != nil {
		s.plane.close()
	}
	s.running.Wait()
}

// Inject adds a fault. See Fault for which calls it hits.
func (s *Server) Inject(f Fault) error { return s.faults.add(f) }

// ClearFaults removes the faults that were not used up.
func (s *Server) ClearFaults() { s.faults.clear() }

// Reset puts every account and region back to the default world, and forgets faults and calls.
func (s *Server) Reset() {
	s.faults.clear()
	s.calls.clear()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.Regions = map[string]*region{}
	s.state.Sessions = map[string]session{}
	_ = s.commit(time.Now()) // logged there; the next call will fail to save too
}

// ServeHTTP answers AWS calls, and the emulator's own under /_emulator/.
func (s *Server) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if isAdmin(req) {
		s.admin.ServeHTTP(w, req)
		return
	}
	c, err := readCall(req)
	if c == nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	svc, known := s.services[c.service]
	if err == nil && !known {
		err = fail("UnknownService", "the emulator has no service %q", c.service)
	}
	fault := s.faults.next(c.service, c.action)
	var out any
	switch {
	case err != nil:
	case !s.throttle.allow(c):
		err = svc.throttledError()
	case fault.spoils():
		err = fault.err()
	default:
		if out, err = s.run(svc, c); err == nil {
			err = fault.err()
		}
	}
	s.calls.add(c, fault, err)
	s.answer(w, req, svc, answer{c, fault, out, err})
}

// answer is what came of a call.
type answer struct {
	call  *call
	fault *Fault
	out   any
	err   error
}

func (s *Server) answer(w http.ResponseWriter, req *http.Request, svc service, a answer) {
	if a.fault != nil {
		pause(req.Context(), time.Duration(a.fault.Latency))
		if a.fault.LoseResponse || a.fault.DropRequest {
			panic(http.ErrAbortHandler) // closes the connection
		}
	}
	if a.err == nil {
		r, err := svc.encode(a.call, a.out)
		if err == nil {
			r.write(w, a.call.id)
			return
		}
		a.err = err
	}
	svc.encodeError(a.call, a.err).write(w, a.call.id)
}

func pause(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// run executes the call alone, and makes its effect last before it returns.
func (s *Server) run(svc service, c *call) (any, error) {
	do, ok := svc.operations[c.action]
	if !ok {
		return nil, fail("InvalidAction", "the emulator has no action %s in %s", c.action, c.service)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c.server = s
	c.account = s.opts.Account
	if as, ok := s.state.Sessions[c.principal]; ok {
		c.account = as.Account
	}
	c.r = s.regionOf(c.account, c.region)
	out, err := do(c)
	if c.reads() {
		return out, err
	}
	if saved := s.commit(c.now); saved != nil {
		return nil, saved
	}
	return out, err
}

// commit makes a change last and lets the data plane follow. The caller holds mu.
func (s *Server) commit(now time.Time) error {
	if err := s.state.save(s.opts.StateFile); err != nil {
		s.opts.Log.Error("the state was not saved", "error", err)
		return err
	}
	s.settle(now)
	return nil
}

// settle brings the data plane in line with the state at the given time. The caller holds mu.
func (s *Server) settle(now time.Time) {
	s.state.expire(now)
	if s.plane != nil {
		s.plane.follow(s.state.fronts(now), s.state.pools(now))
	}
	select {
	case s.wake <- struct{}{}:
	default:
	}
}
