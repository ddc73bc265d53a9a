package main

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

const (
	edits      = 1_000
	editRate   = 20
	leastAsked = 100_000
	// changing is how many routes are changed in turn, among bystanders that are not.
	changing, bystanders = 20, 200
)

// traffic counts requests to the routes that change.
type traffic struct {
	sent, failed atomic.Int64
	mu           sync.Mutex
	firstBad     string
}

// changes sends requests over plain connections, TLS ones that stay, and TLS ones made anew, while routes and the
// certificate change.
func changes(ctx context.Context, s *stand) ([]row, error) {
	if err := s.fill(ctx, 0, changing, func(i int) client.Object { return newEverywhere(i) }); err != nil {
		return nil, err
	}
	if err := s.others(ctx, changing, bystanders); err != nil {
		return nil, err
	}
	var t traffic
	loading, stop := context.WithCancel(ctx)
	group, loading := errgroup.WithContext(loading)
	for worker, c := range s.clients() {
		group.Go(func() error { return t.load(loading, worker, c.http, c.scheme) })
	}
	err := s.edit(ctx, &t)
	stop()
	if waited := group.Wait(); err == nil {
		err = waited
	}
	if err != nil {
		return nil, err
	}
	progressf("%d requests, %d failed %s", t.sent.Load(), t.failed.Load(), t.firstBad)
	return []row{{
		what: fmt.Sprintf("requests over HTTP/1.1, HTTP/2 and new TLS connections during %d changes of weights, backends, "+
			"filters, hostnames and certificates: failed", edits),
		value: fmt.Sprintf("%d of %d", t.failed.Load(), t.sent.Load()),
		goal:  fmt.Sprintf("0 of ≥ %d", leastAsked), met: t.failed.Load() == 0 && t.sent.Load() >= leastAsked,
	}}, s.clear(ctx, &gatewayv1.HTTPRoute{}, bystanders, other)
}

type scheme struct {
	http   *http.Client
	scheme string
}

// clients are the load's: four with plain connections, two with HTTP/2, one that connects for each request.
func (s *stand) clients() []scheme {
	kept, fresh := s.newHTTP(false), s.newHTTP(true)
	return []scheme{{kept, "http"}, {kept, "http"}, {kept, "http"}, {kept, "http"}, {kept, "https"}, {kept, "https"}, {fresh, "https"}}
}

// load asks for the changing routes in turn until the context ends.
func (t *traffic) load(ctx context.Context, worker int, c *http.Client, scheme string) error {
	for i := worker; ctx.Err() == nil; i++ {
		// A request in flight when the load ends is neither lost nor answered, so it is let to end.
		status, err := get(context.WithoutCancel(ctx), c, scheme+"://"+otherHost(i%changing)+"/")
		t.sent.Add(1)
		if err == nil && status == http.StatusOK {
			continue
		}
		t.failed.Add(1)
		t.mu.Lock()
		if t.firstBad == "" {
			t.firstBad = fmt.Sprintf("%s: %d %v", scheme, status, err)
		}
		t.mu.Unlock()
	}
	return nil
}

// edit makes all changes at a steady rate, and lets the load go on until it has sent enough.
func (s *stand) edit(ctx context.Context, t *traffic) error {
	limit := rate.NewLimiter(editRate, 1)
	for i := range edits {
		if err := limit.Wait(ctx); err != nil {
			return err
		}
		if err := s.change(ctx, i); err != nil {
			return fmt.Errorf("change %d: %w", i, err)
		}
	}
	for t.sent.Load() < leastAsked {
		if err := pause(ctx, pollInterval); err != nil {
			return err
		}
	}
	return pause(ctx, time.Second) // the last change arrives
}

// change is the i-th: every fifth one of the certificate, the others of a route that goes on answering at its first hostname.
func (s *stand) change(ctx context.Context, i int) error {
	turn := i / 5
	route := newEverywhere(turn % changing)
	odd := int32(turn / changing % 2)
	rule := &route.Spec.Rules[0]
	switch i % 5 {
	case 0:
		rule.BackendRefs = []gatewayv1.HTTPBackendRef{toBackend(backendA, 1+9*odd), toBackend(backendB, 10-9*odd)}
	case 1:
		rule.BackendRefs = []gatewayv1.HTTPBackendRef{toBackend(backendB, 1)}
	case 2:
		rule.Filters = []gatewayv1.HTTPRouteFilter{addHeader(i)}
	case 3:
		route.Spec.Hostnames = append(route.Spec.Hostnames, gatewayv1.Hostname(fmt.Sprintf("more-%d.example.com", i)))
	default:
		return s.rotate(ctx)
	}
	return s.replace(ctx, route)
}
