// Package stack is cloud state as data: what we want, and what was observed.
package stack

import (
	"cmp"
	"slices"

	"github.com/fleetgate/fleetgate/internal/ir"
)

// Kind is a provider's name for a sort of resource, such as "LoadBalancer".
type Kind string

// ID names a resource inside a Stack; it is written to the cloud as a tag, so that it can be found again.
type ID struct {
	Kind Kind   `json:"kind"`
	Name string `json:"name"`
}

// String is the ID as people read it, such as "Listener internal/443".
func (id ID) String() string { return string(id.Kind) + " " + id.Name }

// Compare orders IDs by kind, then by name.
func (id ID) Compare(other ID) int {
	return cmp.Or(cmp.Compare(id.Kind, other.Kind), cmp.Compare(id.Name, other.Name))
}

// Resource is one cloud resource, wanted or observed.
type Resource struct {
	ID ID `json:"id"`
	// Spec is a struct of the provider, comparable by its JSON: two resources are equal when that is equal.
	Spec any `json:"spec"`
	// DependsOn are resources that must exist before this one, and go after it.
	DependsOn []ID `json:"dependsOn,omitempty"`
	// After are resources whose step, if they have one, comes before this one's. It is order alone: this
	// one goes on even if theirs fails.
	After []ID `json:"after,omitempty"`
	// Replaces are observed resources whose place this one takes; they are deleted only once this one is Active.
	Replaces []ID `json:"replaces,omitempty"`
	// Ref is the cloud's own name for it (an ARN, an id); only observed resources have one.
	Ref string `json:"ref,omitempty"`
	// State of an observed resource.
	State State `json:"state,omitempty"`
	// Facts that the cloud told, such as "dnsName"; only observed resources have any.
	Facts map[string]string `json:"facts,omitempty"`
}

// State is how far an observed resource is.
type State string

// States of observed resources.
const (
	Active   State = "Active"
	Pending  State = "Pending"
	Deleting State = "Deleting"
	Failed   State = "Failed"
)

// Stack is the cloud state that we want for one owner. Resources are sorted by ID.
type Stack struct {
	Owner     ir.Owner   `json:"owner"`
	Resources []Resource `json:"resources,omitempty"`
	// Retain says that nothing is deleted when the Stack shrinks to nothing (deletionPolicy: Retain).
	Retain bool `json:"retain,omitempty"`
	// DeleteFirst are kinds whose deletes come before their creates, because a quota has no room for both.
	DeleteFirst []Kind `json:"deleteFirst,omitempty"`
}

// Observed is what the cloud has for one owner, and what Render needs to know of the rest.
type Observed struct {
	// Resources that carry the owner's tags, sorted by ID.
	Resources []Resource `json:"resources,omitempty"`
	// Facts is a struct of the provider: subnets, certificates, quotas.
	Facts any `json:"facts,omitempty"`
	// Pending names what could not be read now and must not hold up the rest; the next pass tries again.
	Pending []string `json:"pending,omitempty"`
}

// Get finds an observed resource by ID.
func (o Observed) Get(id ID) (Resource, bool) {
	i := slices.IndexFunc(o.Resources, func(r Resource) bool { return r.ID == id })
	if i < 0 {
		return Resource{}, false
	}
	return o.Resources[i], true
}

// Sort puts resources in the order of their IDs.
func Sort(resources []Resource) {
	slices.SortFunc(resources, func(a, b Resource) int { return a.ID.Compare(b.ID) })
}
