package ir

import "github.com/fleetgate/fleetgate/dataplane/config"

// Policy is a policy for backends, checked.
type Policy struct {
	Kind       string `json:"kind"`
	Namespace  string `json:"namespace"`
	Name       string `json:"name"`
	Generation int64  `json:"generation,omitempty"`
	Created    int64  `json:"created,omitempty"`
	// Targets are the Services that it is for, in its own namespace, in its order.
	Targets []PolicyTarget `json:"targets,omitempty"`
	// TLS is what proxies are told for backends of the targets of a BackendTLSPolicy; nil when it cannot be used: then
	// nothing is sent to them.
	TLS *config.BackendTLS `json:"tls,omitempty"`
	// RetryBudget is what they are told for those of an XBackendTrafficPolicy; nil for their default, also when it cannot be used.
	RetryBudget *config.RetryBudget `json:"retryBudget,omitempty"`
	// Ancestors are our Gateways whose routes or listeners lead to a target, sorted by Gateway.
	Ancestors []PolicyAncestor `json:"ancestors,omitempty"`
	Problems  []Problem        `json:"problems,omitempty"`

	// Deps are the hashes of all that the translation of the policy looked at.
	Deps []uint64 `json:"-"`
}

// Key of the policy.
func (p *Policy) Key() PolicyKey { return PolicyKey{Key{p.Namespace, p.Name}, p.Kind} }

// PolicyTarget is a Service, or one port of it.
type PolicyTarget struct {
	Service string `json:"service"`
	// Section is the name of a port; "" for all that have no policy of their own.
	Section string `json:"section,omitempty"`
	// Lost says that an older policy is for the same.
	Lost bool `json:"lost,omitempty"`
}

// PolicyAncestor is a Gateway whose routes or listeners lead to a target.
type PolicyAncestor struct {
	// Gateway is "namespace/name".
	Gateway    string `json:"gateway"`
	Controller string `json:"controller"`
	// Routes is how many routes they are, and one more if listeners do; at least 1.
	Routes int32 `json:"routes"`
}
