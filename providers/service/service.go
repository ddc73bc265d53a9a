// Package service makes fronts of Services: one in every member that is placed, before the proxies there. Whatever
// gives such Services their addresses (a cloud's controller, MetalLB, the nodes themselves) is not its business.
package service

import (
	"context"
	"slices"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"

	dataplanev1alpha1 "github.com/fleetgate/fleetgate/apis/dataplane/v1alpha1"
	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/stack"
	"github.com/fleetgate/fleetgate/providers"
)

// Members reaches the clusters of the fleet. Calls to a member that cannot be asked now fail with a
// providers.PendingError; other errors are those of its API server.
type Members interface {
	// Names of all members, in no order.
	Names() []string
	// Services of a namespace that have all these labels, as the API server has them now.
	Services(ctx context.Context, member, namespace string, labels map[string]string) ([]corev1.Service, error)
	// ApplyService makes the fields that are set in service what they are (server-side apply), takes back those
	// that were set before, and ports that service does not have; it returns what came out. A UID that is set must
	// be that of the Service. Unless take is set, a field that is somebody else's is a conflict.
	ApplyService(ctx context.Context, member string, service *corev1.Service, take bool) (*corev1.Service, error)
	// DeleteService deletes the Service of that name, if it has that UID.
	DeleteService(ctx context.Context, member, namespace, name, uid string) error
}

// Manager is the name under which ApplyService has to set fields: of labels and annotations that others may set
// too, only those are looked at that were set under it.
const Manager = "fleetgate"

// Kind of the resources.
const Kind stack.Kind = "Service"

const (
	// LabelGatewayUID is on a front's Services; they are the owner's by it and the hub's id together.
	LabelGatewayUID = dataplanev1alpha1.LabelGatewayUID

	// factAddresses is what an observed Service can be reached at, separated by commas.
	factAddresses = "addresses"
	// maxAddresses is what a Gateway's status has room for.
	maxAddresses = 16
)

// Provider makes fronts of Services.
type Provider struct {
	members Members

	mu sync.Mutex
	// seen are the resources as last read, by owner's UID and member: what a member has that cannot be asked goes on serving.
	seen map[string]map[string][]stack.Resource
}

// New is a Provider for the members of a fleet.
func New(members Members) *Provider {
	return &Provider{members: members, seen: map[string]map[string][]stack.Resource{}}
}

var _ providers.Provider = (*Provider)(nil)

// Facts are what Render needs to know besides the resources.
type Facts struct {
	// Unknown are members that could not be read, sorted: theirs stay as they were last seen.
	Unknown []string `json:"unknown,omitempty"`
}

// Addresses are those of all members, sorted, 16 at most.
func (p *Provider) Addresses(have stack.Observed) []providers.Address {
	var all []string
	for _, r := range have.Resources {
		if addresses := r.Facts[factAddresses]; r.State == stack.Active && addresses != "" {
			all = append(all, strings.Split(addresses, ",")...)
		}
	}
	slices.Sort(all)
	all = slices.Compact(all)
	var out []providers.Address
	for _, address := range all[:min(len(all), maxAddresses)] {
		out = append(out, addressOf(address))
	}
	return out
}

// Features are those of the proxies, and what a front inside of the cluster adds.
func (p *Provider) Features() []string { return providers.AllFeatures() }

func (p *Provider) remember(owner ir.Owner, member string, resources []stack.Resource) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(resources) == 0 {
		delete(p.seen[owner.UID], member)
		if len(p.seen[owner.UID]) == 0 {
			delete(p.seen, owner.UID)
		}
		return
	}
	if p.seen[owner.UID] == nil {
		p.seen[owner.UID] = map[string][]stack.Resource{}
	}
	p.seen[owner.UID][member] = resources
}

func (p *Provider) remembered(owner ir.Owner, member string) []stack.Resource {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.seen[owner.UID][member])
}

func (p *Provider) forget(owner ir.Owner) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.seen, owner.UID)
}
