package fleet

import (
	"github.com/prometheus/client_golang/prometheus"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
)

var reachable = prometheus.NewGaugeVec(prometheus.GaugeOpts{
	Name: "fleetgate_member_reachable", Help: "Whether the API of a member can be asked, 1 or 0.",
}, []string{"member"})

func init() { //nolint:gochecknoinits // the registry of controller-runtime is filled so
	metrics.Registry.MustRegister(reachable)
}

func countReachable(member string, yes bool) {
	value := 0.0
	if yes {
		value = 1
	}
	reachable.WithLabelValues(member).Set(value)
}

func forgetReachable(member string) { reachable.DeleteLabelValues(member) }
