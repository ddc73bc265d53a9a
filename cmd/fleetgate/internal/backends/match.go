// Package backends are what stands behind Services on one machine: the EndpointSlices of the folder, or the
// demo backend in this process for a Service whose Deployment runs it.
package backends

import (
	"cmp"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/fleetgate/fleetgate/cmd/fleetgate/internal/manifest"
	"github.com/fleetgate/fleetgate/e2e/backend/responder"
	"github.com/fleetgate/fleetgate/internal/world"
)

// imageName is the demo backend's, whatever its registry and tag.
const imageName = "fleetgate/demo-backend"

// demo is what a demo backend is to be.
type demo struct {
	who responder.Identity
	// udp says that its Service has a port of UDP.
	udp bool
}

// demos are the Services of the folder whose Deployment runs the demo backend, with who answers for them.
func demos(folder manifest.Folder) map[world.Name]demo {
	out := map[world.Name]demo{}
	for _, s := range folder.Services {
		for _, d := range folder.Deployments {
			if d.Namespace != s.Namespace || !selects(s, d) {
				continue
			}
			if c := container(d); c != nil {
				out[world.Name{Namespace: s.Namespace, Name: s.Name}] = demo{udp: hasUDP(s), who: responder.Identity{
					Service: cmp.Or(variable(c, "SERVICE"), s.Name), Version: variable(c, "VERSION"), Pod: d.Name,
				}}
				break
			}
		}
	}
	return out
}

func hasUDP(s *corev1.Service) bool {
	return slices.ContainsFunc(s.Spec.Ports, func(p corev1.ServicePort) bool { return p.Protocol == corev1.ProtocolUDP })
}

func selects(s *corev1.Service, d *appsv1.Deployment) bool {
	for key, value := range s.Spec.Selector {
		if d.Spec.Template.Labels[key] != value {
			return false
		}
	}
	return len(s.Spec.Selector) > 0
}

// container is the one that runs the demo backend.
func container(d *appsv1.Deployment) *corev1.Container {
	for i := range d.Spec.Template.Spec.Containers {
		c := &d.Spec.Template.Spec.Containers[i]
		image, _, _ := strings.Cut(c.Image[strings.LastIndex(c.Image, "/")+1:], ":")
		path := c.Image[:strings.LastIndex(c.Image, "/")+1] + image
		if path == imageName || strings.HasSuffix(path, "/"+imageName) {
			return c
		}
	}
	return nil
}

func variable(c *corev1.Container, name string) string {
	for _, e := range c.Env {
		if e.Name == name {
			return e.Value
		}
	}
	return ""
}
