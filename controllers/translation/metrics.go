package translation

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/fleetgate/fleetgate/internal/ir"
)

var (
	took = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "fleetgate_translation_duration_seconds", Help: "How long one translation took.",
		Buckets: prometheus.ExponentialBuckets(0.0005, 4, 8),
	})
	changesSeen = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "fleetgate_translation_changes_total", Help: "Inputs that changed, as translated.",
	})
	objects = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "fleetgate_objects", Help: "Objects of ours, by kind.",
	}, []string{"kind"})
)

func init() { //nolint:gochecknoinits // the registry of controller-runtime is filled so
	metrics.Registry.MustRegister(took, changesSeen, objects)
}

func observe(changes int, meant ir.IR, duration time.Duration) {
	took.Observe(duration.Seconds())
	changesSeen.Add(float64(changes))
	objects.WithLabelValues("GatewayClass").Set(float64(len(meant.Classes)))
	objects.WithLabelValues("Gateway").Set(float64(len(meant.Gateways)))
	counts := map[string]int{
		ir.HTTPRoute: 0, ir.GRPCRoute: 0, ir.TLSRoute: 0, ir.TCPRoute: 0, ir.UDPRoute: 0, ir.BackendTLSPolicy: 0, ir.BackendTrafficPolicy: 0,
	}
	for _, route := range meant.Routes {
		counts[route.Kind]++
	}
	for _, policy := range meant.Policies {
		counts[policy.Kind]++
	}
	for kind, count := range counts {
		objects.WithLabelValues(kind).Set(float64(count))
	}
}
