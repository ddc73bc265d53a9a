package translation

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/world"
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

func observe(now *world.World, meant ir.IR, changes int, duration time.Duration) {
	took.Observe(duration.Seconds())
	changesSeen.Add(float64(changes))
	for kind, count := range map[string]int{
		"GatewayClass": len(meant.Classes), "Gateway": len(meant.Gateways),
		ir.HTTPRoute: now.HTTPRoutes.Len(), ir.GRPCRoute: now.GRPCRoutes.Len(), ir.TLSRoute: now.TLSRoutes.Len(),
		ir.TCPRoute: now.TCPRoutes.Len(), ir.UDPRoute: now.UDPRoutes.Len(),
		ir.BackendTLSPolicy: len(now.BackendTLS), ir.BackendTrafficPolicy: len(now.BackendTraffic),
	} {
		objects.WithLabelValues(kind).Set(float64(count))
	}
}
