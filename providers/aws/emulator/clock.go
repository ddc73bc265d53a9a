package emulator

import (
	"context"
	"maps"
	"slices"
	"time"
)

// keepTime settles the state whenever something in it becomes due: a load balancer active, a target drained.
func (s *Server) keepTime(ctx context.Context) {
	for {
		s.mu.Lock()
		due := s.state.nextDue(time.Now())
		s.mu.Unlock()
		var timer <-chan time.Time
		if !due.IsZero() {
			timer = time.After(time.Until(due))
		}
		select {
		case <-ctx.Done():
			return
		case <-s.wake:
		case <-timer:
			s.mu.Lock()
			s.settle(time.Now())
			s.mu.Unlock()
		}
	}
}

// nextDue is the first moment after now at which time alone changes something, or zero.
func (st *state) nextDue(now time.Time) time.Time {
	var next time.Time
	consider := func(t time.Time) {
		if t.After(now) && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	for _, r := range st.Regions {
		for _, lb := range r.LoadBalancers {
			consider(lb.ActiveAt)
		}
		for _, tg := range r.TargetGroups {
			for _, t := range tg.Targets {
				consider(t.DrainUntil)
			}
		}
		for _, eni := range r.Lingering {
			consider(eni.Until)
		}
	}
	return next
}

// expire removes what time has removed: drained targets and lingering interfaces.
func (st *state) expire(now time.Time) {
	for _, r := range st.Regions {
		for _, tg := range r.TargetGroups {
			maps.DeleteFunc(tg.Targets, func(_ string, t *target) bool { return t.drained(now) })
		}
		r.Lingering = slices.DeleteFunc(r.Lingering, func(n networkInterface) bool { return !n.Until.After(now) })
	}
}

func (t *target) drained(now time.Time) bool {
	return !t.DrainUntil.IsZero() && !t.DrainUntil.After(now)
}
