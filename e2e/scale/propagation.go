package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/bench/measure"
)

const (
	samples = 100
	// between two requests, and between two samples.
	requestPause, samplePause = time.Millisecond, 50 * time.Millisecond
	// after is how many requests have to succeed once one has.
	after = 20
	// churned is how many others change while there are none to speak of.
	churned         = 50
	churnRate       = 50
	medianGoal      = 15 * time.Millisecond
	tailGoal        = 50 * time.Millisecond
	idleWindow      = 10 * time.Second
	slowChurnRate   = 10
	slowChurnWindow = 20 * time.Second
	churnGoal       = 2.0 // percent of a processor
	smallGoal       = int64(45e6)
)

// propagation measures from the creation of a route to its first answer, with more and more other routes.
func propagation(ctx context.Context, s *stand) ([]row, error) {
	var rows []row
	before := 0
	for _, others := range []int{0, 1_000, 3_000, 5_000} {
		some, err := s.propagationAmong(ctx, before, others)
		rows = append(rows, some...)
		if err != nil {
			return rows, err
		}
		before = max(others, churned)
	}
	return rows, s.clear(ctx, &gatewayv1.HTTPRoute{}, before, other)
}

func (s *stand) propagationAmong(ctx context.Context, before, others int) ([]row, error) {
	if err := s.others(ctx, before, others); err != nil {
		return nil, err
	}
	now, err := s.usage(ctx)
	if err != nil {
		return nil, err
	}
	rows := []row{{
		what:  fmt.Sprintf("%d routes: memory of the proxy (the operator)", others),
		value: fmt.Sprintf("%s (%s)", megabytes(now.proxy.rss), megabytes(now.operator.rss)),
		goal:  map[bool]string{true: "≤ " + megabytes(smallGoal)}[others == 5_000], met: now.proxy.rss <= smallGoal,
	}}
	quiet, err := s.created(ctx, fmt.Sprintf("%d other routes", others))
	if rows = append(rows, quiet...); err != nil {
		return rows, err
	}
	if err := s.others(ctx, before, max(others, churned)); err != nil {
		return rows, err
	}
	var busy []row
	err = s.inChurn(ctx, max(others, churned), func(ctx context.Context) (err error) {
		busy, err = s.created(ctx, fmt.Sprintf("%d other routes, of which %d a second change", others, churnRate))
		return err
	})
	return append(rows, busy...), err
}

// created measures what follows the creation of a route: what the API server alone takes, and all until the first answer.
func (s *stand) created(ctx context.Context, among string) ([]row, error) {
	alone, err := s.yardstick(ctx)
	if err != nil {
		return nil, err
	}
	all, err := s.sample(ctx)
	if err != nil {
		return nil, err
	}
	return []row{
		alone.row(among + ": the API server alone, from a route's creation to its event at a watch"),
		all.row(among + ": from creation to the first 200"),
	}, nil
}

// others makes the other routes and waits for the operator to be done with them.
func (s *stand) others(ctx context.Context, from, to int) error {
	if err := s.fill(ctx, from, to, func(i int) client.Object { return newOther(i) }); err != nil {
		return err
	}
	if err := s.attached(ctx, to); err != nil {
		return err
	}
	return s.settle(ctx)
}

// spread is what a series of routes took, and what went wrong meanwhile.
type spread struct {
	took     measure.Histogram
	errors   int
	firstBad string
}

func (p *spread) row(what string) row {
	median, tail := p.took.Quantile(0.5), p.took.Quantile(0.99)
	progressf("%s: p50 %v p99 %v errors %d %s", what, median, tail, p.errors, p.firstBad)
	return row{
		what: what + ": p50, p99, errors", value: fmt.Sprintf("%s, %s, %d", milliseconds(median), milliseconds(tail), p.errors),
		goal: fmt.Sprintf("≤ %s, ≤ %s, 0", milliseconds(medianGoal), milliseconds(tailGoal)),
		met:  median <= medianGoal && tail <= tailGoal && p.errors == 0,
	}
}

// inChurn does something while other routes change all the time.
func (s *stand) inChurn(ctx context.Context, others int, do func(context.Context) error) error {
	churning, stop := context.WithCancel(ctx)
	group, churning := errgroup.WithContext(churning)
	group.Go(func() error {
		_, err := s.churn(churning, others, churnRate, newOther)
		return err
	})
	err := do(ctx)
	stop()
	return errors.Join(group.Wait(), err)
}

// sample creates routes one after the other, each of a new hostname, and removes them again.
func (s *stand) sample(ctx context.Context) (*spread, error) {
	p := &spread{}
	for i := range samples {
		if err := pause(ctx, samplePause); err != nil {
			return p, err
		}
		name := fmt.Sprintf("sample-%d-%d", time.Now().UnixNano(), i)
		route := newRoute(name, name+".example.com", atGateway())
		if err := s.first(ctx, route, p); err != nil {
			return p, err
		}
		if err := s.Delete(ctx, route); err != nil {
			return p, err
		}
	}
	return p, nil
}

// first creates a route and asks for it until it answers, and some times more.
func (s *stand) first(ctx context.Context, route *gatewayv1.HTTPRoute, p *spread) error {
	url := "http://" + string(route.Spec.Hostnames[0]) + "/"
	start := time.Now()
	if err := s.Create(ctx, route); err != nil {
		return err
	}
	good := 0
	for good <= after {
		status, err := get(ctx, s.http, url)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err == nil && status == http.StatusOK:
			if good == 0 {
				p.took.Add(time.Since(start))
			}
			good++
			continue
		case err != nil || status != http.StatusNotFound || good > 0:
			p.errors++
			p.firstBad = fmt.Sprintf("%d %v after %d good ones", status, err, good)
		}
		if time.Since(start) > requestTimeout {
			return fmt.Errorf("route %s does not answer within %v", route.Name, requestTimeout)
		}
		if err := pause(ctx, requestPause); err != nil {
			return err
		}
	}
	return nil
}
