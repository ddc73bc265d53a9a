package main

import (
	"context"
	"fmt"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

const crowd = 5_000

// attach measures how long the Gateway's count of routes takes when thousands come and go at once, and what the operator
// writes for it.
func attach(ctx context.Context, s *stand) ([]row, error) {
	if err := s.settle(ctx); err != nil {
		return nil, err
	}
	come, err := s.counted(ctx, "attached", crowd, func() error {
		return s.fill(ctx, 0, crowd, func(i int) client.Object { return newOther(i) })
	})
	if err != nil {
		return come, err
	}
	gone, err := s.counted(ctx, "detached", 0, func() error {
		return s.clear(ctx, &gatewayv1.HTTPRoute{}, crowd, other)
	})
	return append(come, gone...), err
}

// counted does something and waits for the number of attached routes.
func (s *stand) counted(ctx context.Context, what string, want int, do func() error) ([]row, error) {
	before, err := s.usage(ctx)
	if err != nil {
		return nil, err
	}
	start := time.Now()
	if err := do(); err != nil {
		return nil, err
	}
	asked := time.Since(start)
	if err := s.attached(ctx, want); err != nil {
		return nil, err
	}
	right := time.Since(start) - asked
	if err := s.settle(ctx); err != nil {
		return nil, err
	}
	now, err := s.usage(ctx)
	if err != nil {
		return nil, err
	}
	used := now.since(before)
	progressf("%d %s: asked %v, right %v later, %d writes, operator %v, proxy %v", crowd, what, asked, right, used.writes, used.operator, used.proxy)
	return []row{
		{
			what: fmt.Sprintf("%d routes %s by %d clients in %s: attachedRoutes is right after the last one's answer by",
				crowd, what, workers, asked.Round(100*time.Millisecond)),
			value: milliseconds(right),
		},
		{what: "the same: requests of the operator that write", value: fmt.Sprint(used.writes)},
		{what: "the same: processor time a route, operator, proxy", value: fmt.Sprintf("%s, %s", milliseconds(used.operator/crowd), milliseconds(used.proxy/crowd))},
	}, nil
}
