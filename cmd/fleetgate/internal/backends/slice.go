package backends

import (
	"cmp"
	"slices"

	discoveryv1 "k8s.io/api/discovery/v1"

	"github.com/fleetgate/fleetgate/dataplane/config"
)

// fromSlices are the endpoints that the folder's EndpointSlices have for a pool. found says whether the folder has a
// slice of that Service at all.
func fromSlices(all []*discoveryv1.EndpointSlice, pool config.Pool) (endpoints []config.Endpoint, found bool) {
	for _, s := range all {
		if s.Namespace != pool.Namespace || s.Labels[discoveryv1.LabelServiceName] != pool.Service {
			continue
		}
		found = true
		port := portOf(s, pool.PortName)
		if port == 0 || s.AddressType == discoveryv1.AddressTypeFQDN {
			continue
		}
		for _, e := range s.Endpoints {
			endpoints = append(endpoints, serving(e, port)...)
		}
	}
	slices.SortFunc(endpoints, func(a, b config.Endpoint) int {
		return cmp.Or(cmp.Compare(a.Address, b.Address), cmp.Compare(a.Port, b.Port))
	})
	return slices.Compact(endpoints), found
}

// serving are the addresses of an endpoint that serves.
func serving(e discoveryv1.Endpoint, port int32) []config.Endpoint {
	if !serves(e) {
		return nil
	}
	terminating := e.Conditions.Terminating != nil && *e.Conditions.Terminating
	out := make([]config.Endpoint, 0, len(e.Addresses))
	for _, address := range e.Addresses {
		out = append(out, config.Endpoint{Address: address, Port: port, Terminating: terminating})
	}
	return out
}

// serves says whether an endpoint is ready, or still serves while it terminates. Unknown means yes.
func serves(e discoveryv1.Endpoint) bool {
	if e.Conditions.Ready != nil && *e.Conditions.Ready {
		return true
	}
	if e.Conditions.Serving != nil {
		return *e.Conditions.Serving
	}
	return e.Conditions.Ready == nil
}

func portOf(s *discoveryv1.EndpointSlice, name string) int32 {
	for _, p := range s.Ports {
		if p.Port != nil && (p.Name == nil && name == "" || p.Name != nil && *p.Name == name) {
			return *p.Port
		}
	}
	return 0
}
