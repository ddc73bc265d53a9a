package admin

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/fleetgate/fleetgate/dataplane/proxy"
)

// series finds the counters of one route and backend without looking them up: they are remembered
// from the first request on.
type series struct {
	route, backend string
	epoch          atomic.Uint64
	requests       [len(classes)]atomic.Pointer[prometheus.Counter]
	duration       atomic.Pointer[prometheus.Observer]
}

func newSeries(route, backend string) *series {
	return &series{route: orNone(route), backend: orNone(backend)}
}

// Series implements proxy.Observer.
func (m *Metrics) Series(route, backend string) any { return newSeries(route, backend) }

// count adds a request to the series.
func (m *Metrics) count(s *series, r *proxy.Record) {
	if epoch := m.epoch.Load(); s.epoch.Load() != epoch {
		s.forget(epoch)
	}
	class := class(r.Status)
	requests := s.requests[class].Load()
	if requests == nil {
		found := m.requests.of(requestKey{s.route, s.backend, classes[class]})
		requests = &found
		s.requests[class].Store(requests)
	}
	(*requests).Inc()
	if r.Status == 0 {
		return // it was no request but a connection
	}
	duration := s.duration.Load()
	if duration == nil {
		found := m.durations.of(s.route)
		duration = &found
		s.duration.Store(duration)
	}
	(*duration).Observe(r.Duration.Seconds())
}

// forget is for an epoch in which counters may be others.
func (s *series) forget(epoch uint64) {
	for i := range s.requests {
		s.requests[i].Store(nil)
	}
	s.duration.Store(nil)
	s.epoch.Store(epoch)
}

func orNone(s string) string {
	if s == "" {
		return none
	}
	return s
}

// classes are the values of the label code, by the first digit of the status; the first one is for
// what is no status.
var classes = [...]string{none, "1xx", "2xx", "3xx", "4xx", "5xx"}

func class(status int) int {
	if status < 100 || status > 599 {
		return 0
	}
	return status / 100
}
