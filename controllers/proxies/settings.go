// Package proxies deploys the proxies of every Gateway into every placed member, and publishes their configuration there.
package proxies

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// AdminPort is where a proxy answers /ready, /live and /metrics.
const AdminPort int32 = 15021

// Settings are what all proxies have in common.
type Settings struct {
	// Hub is the id of this installation; what we make carries it, and we remove nothing that does not.
	Hub string
	// Image of the proxy.
	Image string
	// PullPolicy and PullSecrets of the image.
	PullPolicy  corev1.PullPolicy
	PullSecrets []string
	// Replicas in each member.
	Replicas int32
	// DrainWait is how long a proxy that was told to stop goes on taking requests: the front has to
	// deregister it meanwhile. DrainTimeout is how long it may finish what it took.
	DrainWait, DrainTimeout time.Duration
	// MinReady is how long a new proxy must be ready before an old one is stopped: the front has to find it healthy.
	MinReady time.Duration
	// Resources of the proxy container.
	Resources corev1.ResourceRequirements
}

// DefaultSettings are good for production, but for the image.
func DefaultSettings() Settings {
	return Settings{
		PullPolicy: corev1.PullIfNotPresent,
		Replicas:   2, DrainWait: 30 * time.Second, DrainTimeout: 60 * time.Second, MinReady: 20 * time.Second,
		Resources: corev1.ResourceRequirements{
			Requests: corev1.ResourceList{
				corev1.ResourceCPU: resource.MustParse("100m"), corev1.ResourceMemory: resource.MustParse("64Mi"),
			},
			Limits: corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("1Gi")},
		},
	}
}
