// Package cluster plays the members of a fleet as far as the provider of Services sees them: an API server's Services,
// and a controller that gives them addresses. Addresses are of this machine, so that they can be tried.
package cluster

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"

	dataplanev1alpha1 "github.com/fleetgate/fleetgate/apis/dataplane/v1alpha1"
	"github.com/fleetgate/fleetgate/internal/world"
	"github.com/fleetgate/fleetgate/providers/service"
)

// Reach is where the proxies of a Gateway listen in a member, an IP address; an error if they have no place.
type Reach func(gateway world.Name, member string) (string, error)

// Fleet is the members. It implements service.Members and is safe for concurrent use.
type Fleet struct {
	names []string
	reach Reach

	mu       sync.Mutex
	services map[key]*corev1.Service
	// asked are the addresses that were asked for by value: who has each, and where it leads on this machine.
	asked map[string]granted
	uids  int
}

type key struct {
	member string
	name   world.Name
}

type granted struct {
	to key
	at string
}

var _ service.Members = (*Fleet)(nil)

// New is a fleet without Services. With a nil reach no Service ever gets an address.
func New(members []string, reach Reach) *Fleet {
	return &Fleet{names: members, reach: reach, services: map[key]*corev1.Service{}, asked: map[string]granted{}}
}

// Names of the members.
func (f *Fleet) Names() []string { return slices.Clone(f.names) }

// Services of a namespace that have all these labels.
func (f *Fleet) Services(_ context.Context, member, namespace string, with map[string]string) ([]corev1.Service, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []corev1.Service
	for k, s := range f.services {
		if k.member == member && k.name.Namespace == namespace && labels.SelectorFromSet(with).Matches(labels.Set(s.Labels)) {
			out = append(out, *s.DeepCopy())
		}
	}
	slices.SortFunc(out, func(a, b corev1.Service) int { return nameOf(&a).Compare(nameOf(&b)) })
	return out, nil
}

// ApplyService makes a Service, or makes it what is asked for, and gives it its addresses.
func (f *Fleet) ApplyService(_ context.Context, member string, want *corev1.Service, take bool) (*corev1.Service, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	k := key{member, nameOf(want)}
	have := f.services[k]
	if have != nil && (!take || want.UID != "" && want.UID != have.UID) || have == nil && want.UID != "" {
		return nil, apierrors.NewConflict(corev1.Resource("services"), want.Name, fmt.Errorf("it is another one"))
	}
	made := want.DeepCopy()
	if have != nil {
		made.UID = have.UID
	} else {
		f.uids++
		made.UID = types.UID(fmt.Sprintf("local-%d", f.uids))
	}
	if err := manage(made); err != nil {
		return nil, err
	}
	f.address(k, made)
	f.services[k] = made
	return made.DeepCopy(), nil
}

// DeleteService deletes a Service, and gives back the address that it has asked for.
func (f *Fleet) DeleteService(_ context.Context, member, namespace, name, uid string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	k := key{member, world.Name{Namespace: namespace, Name: name}}
	have := f.services[k]
	if have == nil || uid != "" && string(have.UID) != uid {
		return apierrors.NewNotFound(corev1.Resource("services"), name)
	}
	delete(f.services, k)
	maps.DeleteFunc(f.asked, func(_ string, g granted) bool { return g.to == k })
	return nil
}

// At is where an address of a Service leads on this machine.
func (f *Fleet) At(address string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if g, ok := f.asked[address]; ok {
		return g.at
	}
	return address
}

// address gives a Service what a cluster would: the address that it asks for, unless another Service has it, else one of
// this machine. Services of the kind that nodes answer for get theirs from the nodes.
func (f *Fleet) address(k key, s *corev1.Service) {
	if f.reach == nil {
		return
	}
	at, err := f.reach(world.Name{Namespace: s.Namespace, Name: s.Annotations[dataplanev1alpha1.AnnotationGateway]}, k.member)
	if err != nil {
		return // the proxies tell why
	}
	switch s.Spec.Type {
	case corev1.ServiceTypeLoadBalancer:
		give := at
		if asked := s.Spec.LoadBalancerIP; asked != "" {
			if g, taken := f.asked[asked]; taken && g.to != k {
				return
			}
			f.asked[asked], give = granted{k, at}, asked
		}
		s.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{IP: give}}
	case corev1.ServiceTypeClusterIP:
		s.Spec.ClusterIPs = []string{at}
	case corev1.ServiceTypeNodePort, corev1.ServiceTypeExternalName:
	}
}

func nameOf(s *corev1.Service) world.Name { return world.Name{Namespace: s.Namespace, Name: s.Name} }
