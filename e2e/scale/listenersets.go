package main

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

const (
	sets    = 2_500
	members = 40_000

	largeGoal    = int64(140e6)
	operatorGoal = 5 * time.Millisecond
)

// listenerSets measures 2,500 ListenerSets with 40,000 routes on one Gateway.
func listenerSets(ctx context.Context, s *stand) ([]row, error) {
	start := time.Now()
	if err := s.fill(ctx, 0, sets, func(i int) client.Object { return newSet(i) }); err != nil {
		return nil, err
	}
	progressf("%d ListenerSets made after %v", sets, time.Since(start))
	if err := s.fill(ctx, 0, members, func(i int) client.Object { return newMember(i, sets) }); err != nil {
		return nil, err
	}
	made := time.Since(start)
	progressf("%d routes made after %v", members, made)
	if err := s.served(ctx); err != nil {
		return nil, err
	}
	if err := s.settle(ctx); err != nil {
		return nil, err
	}
	rows := []row{{
		what:  fmt.Sprintf("%d ListenerSets with %d routes, made in %s: all served, all statuses written", sets, members, made.Round(time.Second)),
		value: fmt.Sprintf("%s later", (time.Since(start) - made).Round(time.Second)),
	}}
	some, err := s.underChange(ctx)
	rows = append(rows, some...)
	if err != nil {
		return rows, err
	}
	p, err := s.sample(ctx)
	if err != nil {
		return rows, err
	}
	rows = append(rows, p.row("the same: from creation to the first 200"))
	if !s.kept {
		return rows, nil // the cluster goes as a whole
	}
	return rows, s.clearSets(ctx)
}

// served waits until the last ListenerSet counts its routes and the last route answers.
func (s *stand) served(ctx context.Context) error {
	err := s.eventually(ctx, "the last ListenerSet counts its routes", func() (bool, error) {
		var set gatewayv1.ListenerSet
		err := s.Get(ctx, client.ObjectKey{Namespace: namespace, Name: setName(sets - 1)}, &set)
		ok := err == nil && len(set.Status.Listeners) == 1 && set.Status.Listeners[0].AttachedRoutes == members/sets &&
			meta.IsStatusConditionPresentAndEqual(set.Status.Conditions, string(gatewayv1.ListenerSetConditionProgrammed), metav1.ConditionTrue)
		return ok, err
	})
	if err != nil {
		return err
	}
	last := newMember(members-1, sets)
	return s.eventually(ctx, "the last route answers", func() (bool, error) {
		status, err := get(ctx, s.http, "http://"+string(last.Spec.Hostnames[0])+"/")
		return status == 200, err
	})
}

// underChange measures memory, and processor time at rest and while routes change.
func (s *stand) underChange(ctx context.Context) ([]row, error) {
	idle, err := s.during(ctx, idleWindow, nil)
	if err != nil {
		return nil, err
	}
	changed := 0
	busy, err := s.during(ctx, slowChurnWindow, func(ctx context.Context) error {
		var err error
		changed, err = s.churn(ctx, members, slowChurnRate, func(i int) *gatewayv1.HTTPRoute { return newMember(i, sets) })
		return err
	})
	if err != nil {
		return nil, err
	}
	now, err := s.usage(ctx)
	if err != nil {
		return nil, err
	}
	atRest := time.Duration(float64(idle.operator) * float64(busy.wall) / float64(idle.wall))
	each := (busy.operator - atRest) / time.Duration(max(changed, 1))
	proxy := share(busy.proxy, busy.wall)
	progressf("changed %d: idle %+v busy %+v", changed, idle, busy)
	return []row{
		{what: "the same: memory of the proxy", value: megabytes(now.proxy.rss), goal: "≤ " + megabytes(largeGoal), met: now.proxy.rss <= largeGoal},
		{what: "the same: memory of the operator", value: megabytes(now.operator.rss)},
		{
			what:  "the same: at rest, operator, proxy, of a processor",
			value: fmt.Sprintf("%.1f %%, %.1f %%", share(idle.operator, idle.wall), share(idle.proxy, idle.wall)),
		},
		{
			what:  fmt.Sprintf("%d routes a second change: the proxy, of a processor", slowChurnRate),
			value: fmt.Sprintf("%.1f %%", proxy), goal: fmt.Sprintf("< %.0f %%", churnGoal), met: proxy < churnGoal,
		},
		{
			what:  "the same: the operator's processor time a changed route",
			value: milliseconds(each), goal: "≤ " + milliseconds(operatorGoal), met: each <= operatorGoal,
		},
		{
			what:  "the same: requests of the operator that write, a changed route",
			value: fmt.Sprintf("%.1f", float64(busy.writes)/float64(max(changed, 1))),
		},
	}, nil
}

// during reads the usage before and after a time in which do runs.
func (s *stand) during(ctx context.Context, window time.Duration, do func(ctx context.Context) error) (spent, error) {
	before, err := s.usage(ctx)
	if err != nil {
		return spent{}, err
	}
	limited, cancel := context.WithTimeout(ctx, window)
	defer cancel()
	if do != nil {
		if err := do(limited); err != nil {
			return spent{}, err
		}
	}
	<-limited.Done()
	after, err := s.usage(ctx)
	return after.since(before), err
}

func (s *stand) clearSets(ctx context.Context) error {
	if err := s.clear(ctx, &gatewayv1.HTTPRoute{}, members, other); err != nil {
		return err
	}
	if err := s.clear(ctx, &gatewayv1.ListenerSet{}, sets, setName); err != nil {
		return err
	}
	return s.settle(ctx)
}
