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
func (s *stand) yardstick(ctx context.Context, others int) (row, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	watcher, err := s.Watch(ctx, &gatewayv1.HTTPRouteList{}, client.InNamespace(namespace), client.MatchingLabels{yardstickLabel: ""})
	if err != nil {
		return row{}, err
	}
	defer watcher.Stop()
	var took measure.Histogram
	for i := range samples {
		if err := pause(ctx, samplePause); err != nil {
			return row{}, err
		}
		route := newRoute(fmt.Sprintf("alone-%03d", i), "alone.example.net", gatewayv1.ParentReference{Name: "nobody"})
		route.Labels = map[string]string{yardstickLabel: ""}
		start := time.Now()
		if err := s.Create(ctx, route); err != nil {
			return row{}, err
		}
		if err := awaitAdded(ctx, watcher, route.Name); err != nil {
			return row{}, err
		}
		took.Add(time.Since(start))
		if err := s.Delete(ctx, route); err != nil {
			return row{}, err
		}
	}
	median, tail := took.Quantile(0.5), took.Quantile(0.99)
	progressf("the API server alone: p50 %v p99 %v", median, tail)
	return row{
		what:  fmt.Sprintf("%d other routes: the API server alone, from a route's creation to its event at a watch: p50, p99", others),
		value: fmt.Sprintf("%s, %s", milliseconds(median), milliseconds(tail)),
	}, nil
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
