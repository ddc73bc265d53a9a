// Package scene makes a World of a folder, as if its objects were in a hub and its Services in every member.
package scene

import (
	"maps"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/gateway-api/pkg/consts"

	"github.com/fleetgate/fleetgate/cmd/fleetgate/internal/manifest"
	"github.com/fleetgate/fleetgate/internal/translate"
	"github.com/fleetgate/fleetgate/internal/world"
)

// Options say what stands around the folder.
type Options struct {
	// Hub is the id of the installation.
	Hub string
	// Members that take part.
	Members []string
	// Providers by controllerName.
	Providers map[string]world.Provider
	// PortOffset is added to the port of every listener.
	PortOffset int32
}

// Scene is a folder as a World, without what changes while it runs.
type Scene struct {
	still   world.World
	members []string
}

// State is what changes while it runs.
type State struct {
	// Fronts by Gateway.
	Fronts map[world.Name]world.Front
	// Proxies by member, then Gateway.
	Proxies map[string]map[world.Name]world.Proxies
}

// New makes a Scene. It takes over the objects of the folder and completes them as an API server would;
// secrets are those that the folder lacks.
func New(folder manifest.Folder, secrets []*corev1.Secret, ledger *Ledger, o Options) *Scene {
	shift(folder, o.PortOffset)
	stamp(folder, ledger)
	services := world.ObjectsOf(byName(folder.Services))
	members := make(map[string]*world.Member, len(o.Members))
	for _, m := range o.Members {
		members[m] = &world.Member{Name: m, Services: services}
	}
	out := &Scene{
		members: o.Members,
		still: world.World{
			Hub: o.Hub, Providers: o.Providers, GatewayAPI: consts.BundleVersion, Experimental: true,
			Classes: byClusterName(folder.Classes), ALBConfigs: byClusterName(folder.ALBConfigs),
			ServiceConfigs: byClusterName(folder.ServiceConfigs),
			Gateways:       byName(folder.Gateways), ListenerSets: world.ObjectsOf(byName(folder.ListenerSets)),
			HTTPRoutes: world.ObjectsOf(byName(folder.HTTPRoutes)), GRPCRoutes: world.ObjectsOf(byName(folder.GRPCRoutes)),
			TLSRoutes: world.ObjectsOf(byName(folder.TLSRoutes)), TCPRoutes: world.ObjectsOf(byName(folder.TCPRoutes)),
			UDPRoutes:  world.ObjectsOf(byName(folder.UDPRoutes)),
			BackendTLS: byName(folder.BackendTLS), BackendTraffic: byName(folder.BackendTraffic), Grants: byName(folder.Grants),
			ConfigMaps: byName(folder.ConfigMaps), TrustBundles: byName(folder.TrustBundles),
			Namespaces: namespaces(folder), Secrets: secretsOf(folder, secrets), Members: members,
		},
	}
	missing(out.still.Secrets, translate.WantedSecrets(&out.still))
	missing(out.still.ConfigMaps, translate.WantedConfigMaps(&out.still))
	missing(out.still.ConfigMaps, translate.ClientConfigMaps(&out.still))
	missing(out.still.TrustBundles, translate.WantedTrustBundles(&out.still))
	return out
}

// World is everything at one moment.
func (s *Scene) World(now State) *world.World {
	w := s.still
	w.Fronts = maps.Clone(now.Fronts)
	w.Members = make(map[string]*world.Member, len(s.members))
	for name, still := range s.still.Members {
		m := *still
		m.Proxies = maps.Clone(now.Proxies[name])
		w.Members[name] = &m
	}
	return &w
}

// shift moves listeners, and the parentRefs that name their port.
func shift(folder manifest.Folder, offset int32) {
	for _, g := range folder.Gateways {
		for i := range g.Spec.Listeners {
			g.Spec.Listeners[i].Port += offset
		}
	}
	for _, s := range folder.ListenerSets {
		for i := range s.Spec.Listeners {
			s.Spec.Listeners[i].Port += offset
		}
	}
	for _, refs := range parentRefs(folder) {
		for i := range refs {
			if p := refs[i].Port; p != nil {
				*p += offset
			}
		}
	}
}

func stamp(folder manifest.Folder, ledger *Ledger) {
	for _, o := range folder.Classes {
		ledger.stamp("GatewayClass", o, o.Spec)
	}
	for _, o := range folder.ALBConfigs {
		ledger.stamp("ALBConfig", o, o.Spec)
	}
	for _, o := range folder.ServiceConfigs {
		ledger.stamp("ServiceConfig", o, o.Spec)
	}
	for _, o := range folder.Gateways {
		ledger.stamp("Gateway", o, o.Spec)
	}
	for _, o := range folder.ListenerSets {
		ledger.stamp("ListenerSet", o, o.Spec)
	}
	for _, o := range folder.BackendTLS {
		ledger.stamp("BackendTLSPolicy", o, o.Spec)
	}
	for _, o := range folder.BackendTraffic {
		ledger.stamp("XBackendTrafficPolicy", o, o.Spec)
	}
	stampRoutes(folder, ledger)
	for _, o := range folder.Grants {
		ledger.stamp("ReferenceGrant", o, o.Spec)
	}
}

// namespaces are those of the folder, and those that its objects are in. Each carries its name as a label.
func namespaces(folder manifest.Folder) map[string]*corev1.Namespace {
	out := byClusterName(folder.Namespaces)
	imply := func(o metav1.Object) {
		if out[o.GetNamespace()] == nil {
			out[o.GetNamespace()] = &corev1.Namespace{Name: o.GetNamespace()}
		}
	}
	for _, o := range folder.Gateways {
		imply(o)
	}
	for _, o := range folder.ListenerSets {
		imply(o)
	}
	for _, o := range routes(folder) {
		imply(o)
	}
	for _, o := range folder.Services {
		imply(o)
	}
	for name, ns := range out {
		if ns.Labels == nil {
			ns.Labels = map[string]string{}
		}
		ns.Labels[corev1.LabelMetadataName] = name
	}
	return out
}

// secretsOf are the Secrets of the folder and more, as an API server would give them back.
func secretsOf(folder manifest.Folder, more []*corev1.Secret) map[world.Name]*corev1.Secret {
	out := byName(more)
	for _, s := range folder.Secrets {
		s = s.DeepCopy()
		for key, text := range s.StringData {
			if s.Data == nil {
				s.Data = map[string][]byte{}
			}
			s.Data[key] = []byte(text)
		}
		s.StringData = nil
		out[nameOf(s)] = s
	}
	return out
}

// missing has a nil for every name that is looked for and nobody provides.
func missing[T any](known map[world.Name]*T, wanted map[world.Name]bool) {
	for name := range wanted {
		if _, found := known[name]; !found {
			known[name] = nil
		}
	}
}

func nameOf(o metav1.Object) world.Name {
	return world.Name{Namespace: o.GetNamespace(), Name: o.GetName()}
}

func byName[T metav1.Object](objects []T) map[world.Name]T {
	out := make(map[world.Name]T, len(objects))
	for _, o := range objects {
		out[nameOf(o)] = o
	}
	return out
}

func byClusterName[T metav1.Object](objects []T) map[string]T {
	out := make(map[string]T, len(objects))
	for _, o := range objects {
		out[o.GetName()] = o
	}
	return out
}
