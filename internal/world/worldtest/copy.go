package worldtest

import (
	"maps"
	"slices"

	"github.com/fleetgate/fleetgate/internal/world"
)

// Copy copies a World and everything in it.
func Copy(w *world.World) *world.World {
	out := *w
	out.Providers = maps.Clone(w.Providers)
	out.Absent = slices.Clone(w.Absent)
	out.Classes = copied(w.Classes)
	out.ALBConfigs = copied(w.ALBConfigs)
	out.ServiceConfigs = copied(w.ServiceConfigs)
	out.Gateways = copied(w.Gateways)
	out.ListenerSets = copiedObjects(w.ListenerSets)
	out.HTTPRoutes = copiedObjects(w.HTTPRoutes)
	out.GRPCRoutes = copiedObjects(w.GRPCRoutes)
	out.TLSRoutes = copiedObjects(w.TLSRoutes)
	out.TCPRoutes = copiedObjects(w.TCPRoutes)
	out.UDPRoutes = copiedObjects(w.UDPRoutes)
	out.BackendTLS = copied(w.BackendTLS)
	out.BackendTraffic = copied(w.BackendTraffic)
	out.Grants = copied(w.Grants)
	out.Namespaces = copied(w.Namespaces)
	out.Secrets = copied(w.Secrets)
	out.ConfigMaps = copied(w.ConfigMaps)
	out.TrustBundles = copied(w.TrustBundles)
	out.Members = make(map[string]*world.Member, len(w.Members))
	for name, member := range w.Members {
		out.Members[name] = copyMember(member)
	}
	out.Fronts = maps.Clone(w.Fronts)
	for name, front := range out.Fronts {
		front.Subnets = slices.Clone(front.Subnets)
		front.Addresses = slices.Clone(front.Addresses)
		front.Problems = slices.Clone(front.Problems)
		front.Ports = slices.Clone(front.Ports)
		out.Fronts[name] = front
	}
	return &out
}

func copyMember(member *world.Member) *world.Member {
	out := *member
	out.Labels = maps.Clone(member.Labels)
	out.Services = copiedObjects(member.Services)
	out.Proxies = maps.Clone(member.Proxies)
	for name, proxies := range out.Proxies {
		proxies.Addresses = slices.Clone(proxies.Addresses)
		proxies.Revisions = slices.Clone(proxies.Revisions)
		out.Proxies[name] = proxies
	}
	return &out
}

func copied[K comparable, V interface{ DeepCopy() V }](objects map[K]V) map[K]V {
	if objects == nil {
		return nil
	}
	out := make(map[K]V, len(objects))
	for key, object := range objects {
		out[key] = object.DeepCopy()
	}
	return out
}

func copiedObjects[V interface{ DeepCopy() V }](objects world.Objects[V]) world.Objects[V] {
	return world.ObjectsOf(copied(maps.Collect(objects.All())))
}
