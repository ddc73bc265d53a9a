package admin

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/fleetgate/fleetgate/dataplane/proxy"
)

// Limits on series, which together stay below 2,000 a pod; a histogram is eleven series a route.
const (
	maxRequests  = 900
	maxDurations = 60
	maxRetries   = 100
	maxMirrors   = 100
	maxFailures  = 100
	maxBytes     = 40
)

// none stands for the route or backend of requests that have none.
const none = "_none"

type requestKey struct{ route, backend, code string }

type mirrorKey struct{ route, outcome string }

type bytesKey struct{ route, direction string }

// Metrics are the proxy's metrics. It is a proxy.Observer.
type Metrics struct {
	registry *prometheus.Registry
	// epoch counts how often counters were taken away: what was found before that is to be looked up anew.
	epoch      atomic.Uint64
	unrouted   *series
	requests   bounded[requestKey, prometheus.Counter]
	durations  bounded[string, prometheus.Observer]
	retries    bounded[string, prometheus.Counter]
	mirrors    bounded[mirrorKey, prometheus.Counter]
	failures   bounded[string, prometheus.Counter]
	bytes      bounded[bytesKey, prometheus.Counter]
	generation prometheus.Gauge
	revision   prometheus.Gauge
	logDropped prometheus.Counter
}

var _ proxy.Observer = (*Metrics)(nil)

// NewMetrics makes metrics in a registry of their own.
func NewMetrics() *Metrics {
	requests := counters("requests_total", "Requests by route, backend and class of status.", "route", "backend", "code")
	retries := counters("upstream_retries_total", "Attempts after the first, by route.", "route")
	mirrors := counters("mirrored_requests_total", "Mirrored requests by route and what became of them.", "route", "outcome")
	failures := counters("upstream_failures_total", "Attempts that got no response, by backend.", "backend")
	durations := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Namespace: "fleetgate", Subsystem: "proxy", Name: "request_duration_seconds",
		Help: "Time from a request to the end of its response, by route.", Buckets: []float64{.005, .025, .1, .25, .5, 1, 5, 30},
	}, []string{"route"})
	m := &Metrics{
		registry:   prometheus.NewRegistry(),
		generation: gauge("config_generation", "Generation of the Gateway that is in force."),
		revision:   gauge("config_revision", "Number of configurations that this proxy has put in force."),
		logDropped: prometheus.NewCounter(prometheus.CounterOpts{
			Namespace: "fleetgate", Subsystem: "proxy", Name: "access_log_dropped_total",
			Help: "Lines of the access log that were not written, because the disk was too slow or full.",
		}),
		unrouted: &series{route: none, backend: none},
	}
	m.requests = bounded[requestKey, prometheus.Counter]{
		limit: maxRequests, other: requestKey{Other, Other, Other},
		create: func(k requestKey) prometheus.Counter { return requests.WithLabelValues(k.route, k.backend, k.code) },
		remove: func(k requestKey) { requests.DeleteLabelValues(k.route, k.backend, k.code) },
	}
	m.mirrors = bounded[mirrorKey, prometheus.Counter]{
		limit: maxMirrors, other: mirrorKey{Other, Other},
		create: func(k mirrorKey) prometheus.Counter { return mirrors.WithLabelValues(k.route, k.outcome) },
		remove: func(k mirrorKey) { mirrors.DeleteLabelValues(k.route, k.outcome) },
	}
	m.durations = bounded[string, prometheus.Observer]{
		limit: maxDurations, other: Other,
		create: func(k string) prometheus.Observer { return durations.WithLabelValues(k) },
		remove: func(k string) { durations.DeleteLabelValues(k) },
	}
	m.bytes = m.relayedBytes()
	m.retries = byLabel(maxRetries, retries)
	m.failures = byLabel(maxFailures, failures)
	m.registry.MustRegister(requests, durations, retries, mirrors, failures, m.generation, m.revision, m.logDropped,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// relayedBytes makes and registers the counters of what was passed on.
func (m *Metrics) relayedBytes() bounded[bytesKey, prometheus.Counter] {
	bytes := counters("relayed_bytes_total", "Bytes of connections and sessions of UDP that were passed on and have ended, by route and direction.",
		"route", "direction")
	m.registry.MustRegister(bytes)
	return bounded[bytesKey, prometheus.Counter]{
		limit: maxBytes, other: bytesKey{Other, Other},
		create: func(k bytesKey) prometheus.Counter { return bytes.WithLabelValues(k.route, k.direction) },
		remove: func(k bytesKey) { bytes.DeleteLabelValues(k.route, k.direction) },
	}
}

func counters(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "fleetgate", Subsystem: "proxy", Name: name, Help: help}, labels)
}

func gauge(name, help string) prometheus.Gauge {
	return prometheus.NewGauge(prometheus.GaugeOpts{Namespace: "fleetgate", Subsystem: "proxy", Name: name, Help: help})
}

func byLabel(limit int, vec *prometheus.CounterVec) bounded[string, prometheus.Counter] {
	return bounded[string, prometheus.Counter]{
		limit: limit, other: Other,
		create: func(k string) prometheus.Counter { return vec.WithLabelValues(k) },
		remove: func(k string) { vec.DeleteLabelValues(k) },
	}
}

// Exchanged implements proxy.Observer.
func (m *Metrics) Exchanged(r *proxy.Record) {
	s, ok := r.Series.(*series)
	switch {
	case ok:
	case r.Route == "" && r.Backend == "":
		s = m.unrouted
	default:
		s = newSeries(r.Route, r.Backend)
	}
	m.count(s, r)
	if r.Relayed != nil {
		m.bytes.of(bytesKey{s.route, "up"}).Add(float64(r.Relayed.Up))
		m.bytes.of(bytesKey{s.route, "down"}).Add(float64(r.Relayed.Down))
	}
	if r.Attempts > 1 {
		m.retries.of(s.route).Add(float64(r.Attempts - 1))
	}
	if r.Failures > 0 {
		m.failures.of(s.backend).Add(float64(r.Failures))
	}
}

// Mirrored implements proxy.Observer.
func (m *Metrics) Mirrored(route, outcome string) {
	m.mirrors.of(mirrorKey{route, outcome}).Inc()
}

// Applied implements proxy.Observer.
func (m *Metrics) Applied(generation int64, revision uint64, names proxy.Names) {
	m.generation.Set(float64(generation))
	m.revision.Set(float64(revision))
	wanted := func(route string) bool { return route == none || names.Route(route) }
	fewer := m.requests.retain(func(k requestKey) bool { return wanted(k.route) })
	fewer = m.durations.retain(wanted) || fewer
	m.mirrors.retain(func(k mirrorKey) bool { return wanted(k.route) })
	m.retries.retain(wanted)
	m.bytes.retain(func(k bytesKey) bool { return wanted(k.route) })
	m.failures.retain(func(backend string) bool { return backend == none || names.Backend(backend) })
	if fewer {
		m.epoch.Add(1)
	}
}

// LogDropped implements proxy.Observer.
func (m *Metrics) LogDropped(lines int) { m.logDropped.Add(float64(lines)) }
