package source

import (
	"cmp"
	"slices"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"

	"github.com/fleetgate/fleetgate/dataplane/config"
)

// Labels of EndpointSlices that were mirrored from another cluster.
const (
	labelSourceCluster      = "multicluster.kubernetes.io/source-cluster"
	labelFleetSourceCluster = "gateway.company.com/source-cluster"
	labelImportedService    = "multicluster.kubernetes.io/service-name"
)

// slice is what is kept of an EndpointSlice.
type slice struct {
	service   string
	remote    bool
	ports     []slicePort
	endpoints []sliceEndpoint
	next      *slice // of the same Service
}

type slicePort struct {
	name   string
	number int32
	udp    bool
}

type sliceEndpoint struct {
	address            string
	ready, terminating bool
}

// services keeps the slices of the Services that are wanted in one namespace.
type services struct {
	mutex  sync.Mutex
	wanted map[string]bool
	// slices are by their own name, and by Service.
	slices    map[string]*slice
	byService map[string]*slice
	// changed are the Services whose slices are others than those that were told.
	changed map[string]bool
}

func newServices(wanted map[string]bool) *services {
	return &services{
		wanted: wanted, slices: map[string]*slice{}, byService: map[string]*slice{}, changed: map[string]bool{},
	}
}

func (s *services) replace(all []*discoveryv1.EndpointSlice) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for name := range s.slices {
		s.forget(name)
	}
	for _, object := range all {
		s.keep(object)
	}
}

func (s *services) put(object *discoveryv1.EndpointSlice) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.forget(object.Name) // it may have changed its Service
	s.keep(object)
}

func (s *services) drop(object *discoveryv1.EndpointSlice) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.forget(object.Name)
}

func (s *services) forget(name string) {
	known := s.slices[name]
	if known == nil {
		return
	}
	delete(s.slices, name)
	if first := s.byService[known.service]; first != known {
		for first.next != known {
			first = first.next
		}
		first.next = known.next
	} else if s.byService[known.service] = known.next; known.next == nil {
		delete(s.byService, known.service)
	}
	s.changed[known.service] = true
}

func (s *services) keep(object *discoveryv1.EndpointSlice) {
	kept := newSlice(object)
	if !s.wanted[kept.service] {
		return
	}
	s.slices[object.Name] = kept
	kept.next, s.byService[kept.service] = s.byService[kept.service], kept
	s.changed[kept.service] = true
}

// news gives the Services whose slices changed since it was asked last.
func (s *services) news() map[string]bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if len(s.changed) == 0 {
		return nil
	}
	changed := s.changed
	s.changed = map[string]bool{}
	return changed
}

func newSlice(object *discoveryv1.EndpointSlice) *slice {
	s := &slice{
		service: object.Labels[discoveryv1.LabelServiceName],
		remote:  object.Labels[labelSourceCluster] != "" || object.Labels[labelFleetSourceCluster] != "",
	}
	if s.service == "" && s.remote {
		s.service = object.Labels[labelImportedService]
	}
	if object.AddressType == discoveryv1.AddressTypeFQDN {
		return s
	}
	s.ports, s.endpoints = make([]slicePort, 0, len(object.Ports)), make([]sliceEndpoint, 0, len(object.Endpoints))
	for i := range object.Ports {
		if port, ok := newPort(&object.Ports[i]); ok {
			s.ports = append(s.ports, port)
		}
	}
	for i := range object.Endpoints {
		if e, ok := newEndpoint(&object.Endpoints[i]); ok {
			s.endpoints = append(s.endpoints, e)
		}
	}
	return s
}

// newPort is false for what is not one port, or of a protocol that no pool has.
func newPort(p *discoveryv1.EndpointPort) (port slicePort, ok bool) {
	if p.Port == nil {
		return port, false
	}
	port.number = *p.Port
	if p.Name != nil {
		port.name = strings.Clone(*p.Name)
	}
	switch {
	case p.Protocol == nil, *p.Protocol == corev1.ProtocolTCP:
		return port, true
	case *p.Protocol == corev1.ProtocolUDP:
		port.udp = true
		return port, true
	}
	return port, false
}

// newEndpoint is false for endpoints that serve nobody, and for addresses that no pod has.
func newEndpoint(e *discoveryv1.Endpoint) (sliceEndpoint, bool) {
	if len(e.Addresses) == 0 {
		return sliceEndpoint{}, false
	}
	address, ok := podAddress(e.Addresses[0])
	if !ok {
		return sliceEndpoint{}, false
	}
	ready := e.Conditions.Ready == nil || *e.Conditions.Ready
	serving := ready || e.Conditions.Serving != nil && *e.Conditions.Serving
	terminating := e.Conditions.Terminating != nil && *e.Conditions.Terminating
	if !ready && (!serving || !terminating) {
		return sliceEndpoint{}, false
	}
	return sliceEndpoint{address: address.String(), ready: ready && !terminating, terminating: terminating}, true
}

// endpoints gives the endpoints of a pool: the cluster's own, and other clusters' only when none
// of its own is ready.
func (s *services) endpoints(pool *config.Pool) []config.Endpoint {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	local, remote := found{}, found{}
	for slice := s.byService[pool.Service]; slice != nil; slice = slice.next {
		to := &local
		if slice.remote {
			to = &remote
		}
		for _, port := range slice.ports {
			if port.name == pool.PortName && port.udp == (pool.Transport == config.TransportUDP) {
				to.add(slice, port.number)
			}
		}
	}
	chosen := local.ready
	if len(chosen) == 0 {
		chosen = remote.ready
		local.leaving = append(local.leaving, remote.leaving...)
	}
	chosen = append(chosen, local.leaving...)
	slices.SortFunc(chosen, func(a, b config.Endpoint) int {
		return cmp.Or(strings.Compare(a.Address, b.Address), cmp.Compare(a.Port, b.Port))
	})
	return oneFamily(chosen)
}

// found collects endpoints.
type found struct {
	ready, leaving []config.Endpoint
}

func (f *found) add(s *slice, port int32) {
	for _, e := range s.endpoints {
		endpoint := config.Endpoint{Address: e.address, Port: port, Terminating: !e.ready}
		if e.ready {
			f.ready = append(f.ready, endpoint)
		} else {
			f.leaving = append(f.leaving, endpoint)
		}
	}
}

// oneFamily takes the IPv6 addresses of a dual-stack Service out: they are the same pods again.
func oneFamily(list []config.Endpoint) []config.Endpoint {
	isIPv6 := func(e config.Endpoint) bool { return strings.Contains(e.Address, ":") }
	if !slices.ContainsFunc(list, func(e config.Endpoint) bool { return !isIPv6(e) && !e.Terminating }) {
		return list
	}
	return slices.DeleteFunc(list, isIPv6)
}
