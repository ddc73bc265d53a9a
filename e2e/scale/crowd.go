package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// workers speak to the API server at the same time.
const workers = 16

// each calls do for the numbers of a range, several at a time.
func each(ctx context.Context, from, to int, do func(ctx context.Context, i int) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(workers)
	for i := from; i < to; i++ {
		group.Go(func() error { return do(ctx, i) })
	}
	return group.Wait()
}

// fill creates objects; one that is there already, from an earlier run, is left as it is.
func (s *stand) fill(ctx context.Context, from, to int, build func(i int) client.Object) error {
	return each(ctx, from, to, func(ctx context.Context, i int) error {
		if err := s.Create(ctx, build(i)); !apierrors.IsAlreadyExists(err) {
			return err
		}
		return nil
	})
}

// clear removes so many objects of a kind.
func (s *stand) clear(ctx context.Context, kind client.Object, count int, name func(i int) string) error {
	return each(ctx, 0, count, func(ctx context.Context, i int) error {
		gone, ok := kind.DeepCopyObject().(client.Object)
		if !ok {
			return fmt.Errorf("%T is no object of an API", kind)
		}
		gone.SetNamespace(namespace)
		gone.SetName(name(i))
		return client.IgnoreNotFound(s.Delete(ctx, gone))
	})
}

// churn changes the filters of the others in turn, so many a second, until the context ends. It returns how many it changed.
func (s *stand) churn(ctx context.Context, others int, perSecond float64, build func(i int) *gatewayv1.HTTPRoute) (int, error) {
	limit, changed := rate.NewLimiter(rate.Limit(perSecond), 1), 0
	for ; ; changed++ {
		if limit.Wait(ctx) != nil {
			return changed, nil
		}
		route := build(changed % others)
		route.Spec.Rules[0].Filters = []gatewayv1.HTTPRouteFilter{addHeader(int(time.Now().UnixNano()))}
		if err := s.replace(ctx, route); err != nil {
			if ctx.Err() != nil {
				return changed, nil
			}
			return changed, fmt.Errorf("changing %s: %w", route.Name, err)
		}
	}
}

// replace gives a route that is there another spec: lists in it are replaced as a whole.
func (s *stand) replace(ctx context.Context, route *gatewayv1.HTTPRoute) error {
	patch, err := json.Marshal(map[string]any{"spec": route.Spec})
	if err != nil {
		return err
	}
	return s.Patch(ctx, route, client.RawPatch(types.MergePatchType, patch))
}
