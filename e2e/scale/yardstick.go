package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/bench/measure"
)

// yardstick measures the API server alone: from the creation of a route, of a Gateway that is not there, until a watch shows it. On the
// way from a route to its first answer there are two of these, one for the route and one for the proxies' configuration.
func (s *stand) yardstick(ctx context.Context) (alone, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	watcher, err := s.Watch(ctx, &gatewayv1.HTTPRouteList{}, client.InNamespace(namespace), client.MatchingLabels{yardstickLabel: ""})
	if err != nil {
		return alone{}, err
	}
	defer watcher.Stop()
	var a alone
	for i := range samples {
		if err := pause(ctx, samplePause); err != nil {
			return alone{}, err
		}
		route := newRoute(fmt.Sprintf("alone-%03d", i), "alone.example.net", gatewayv1.ParentReference{Name: "nobody"})
		route.Labels = map[string]string{yardstickLabel: ""}
		start := time.Now()
		if err := s.Create(ctx, route); err != nil {
			return alone{}, err
		}
		if err := awaitAdded(ctx, watcher, route.Name); err != nil {
			return alone{}, err
		}
		a.took.Add(time.Since(start))
		if err := s.Delete(ctx, route); err != nil {
			return alone{}, err
		}
	}
	return a, nil
}

// alone is what a series of routes took the API server.
type alone struct{ took measure.Histogram }

func (a *alone) row(what string) row {
	median, tail := a.took.Quantile(0.5), a.took.Quantile(0.99)
	progressf("%s: p50 %v p99 %v", what, median, tail)
	return row{what: what + ": p50, p99", value: fmt.Sprintf("%s, %s", milliseconds(median), milliseconds(tail))}
}

const yardstickLabel = "scale.example.com/yardstick"

// awaitAdded reads events until the one comes that shows a new route.
func awaitAdded(ctx context.Context, watcher watch.Interface, name string) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case event, open := <-watcher.ResultChan():
			if !open {
				return errors.New("the watch ended")
			}
			if route, ok := event.Object.(*gatewayv1.HTTPRoute); ok && event.Type == watch.Added && route.Name == name {
				return nil
			}
		}
	}
}
