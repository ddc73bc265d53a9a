package ir

import "slices"

// IR is what users meant at one moment. It is frozen: translate.Change shares what did not change with
// the IR before, so that equal pointers mean equal content.
type IR struct {
	// Classes are the GatewayClasses of our providers, sorted by name.
	Classes []*Class `json:"classes,omitempty"`
	// Parameters are the ALBConfigs, then the ServiceConfigs, each sorted by name.
	Parameters []*Parameters `json:"parameters,omitempty"`
	// Gateways of those classes, sorted by namespace, then name.
	Gateways []*Gateway `json:"gateways,omitempty"`
	// Routes are those of all kinds, sorted by RouteKey; those without Parents are not ours.
	Routes Routes `json:"routes,omitzero"`
	// Policies are those of all kinds, sorted by PolicyKey; those without Ancestors are not ours.
	Policies []*Policy `json:"policies,omitempty"`
}

// Gateway finds a Gateway by name; nil if it is not ours.
func (r IR) Gateway(namespace, name string) *Gateway {
	at, found := slices.BinarySearchFunc(r.Gateways, Key{namespace, name}, func(g *Gateway, want Key) int {
		return g.Key().Compare(want)
	})
	if !found {
		return nil
	}
	return r.Gateways[at]
}

// Route finds a route; nil if there is none.
func (r IR) Route(key RouteKey) *Route { return r.Routes.Get(key) }

// Policy finds a policy; nil if there is none.
func (r IR) Policy(key PolicyKey) *Policy {
	at, found := slices.BinarySearchFunc(r.Policies, key, func(p *Policy, want PolicyKey) int {
		return p.Key().Compare(want)
	})
	if !found {
		return nil
	}
	return r.Policies[at]
}

// Problems of everything, in the order of the objects.
func (r IR) Problems() []Problem {
	var all []Problem
	for _, class := range r.Classes {
		all = append(all, class.Problems...)
	}
	for _, parameters := range r.Parameters {
		all = append(all, parameters.Problems...)
	}
	for _, gateway := range r.Gateways {
		all = append(all, gateway.Problems...)
		for _, listener := range gateway.Listeners {
			all = append(all, listener.Problems...)
		}
		for _, set := range gateway.Sets {
			all = append(all, set.Problems...)
		}
	}
	for route := range r.Routes.All() {
		for _, parent := range route.Parents {
			all = append(all, parent.Problems...)
		}
	}
	for _, policy := range r.Policies {
		if len(policy.Ancestors) > 0 {
			all = append(all, policy.Problems...)
		}
	}
	return all
}

// Class is a GatewayClass of one of our providers.
type Class struct {
	Name       string `json:"name"`
	Controller string `json:"controller"`
	Generation int64  `json:"generation,omitempty"`
	// SupportedVersion says whether the installed CRDs are of a version that we know; "" if that is unknown.
	SupportedVersion string `json:"supportedVersion,omitempty"`
	// Absent are the kinds of Gateway API that are not installed, sorted.
	Absent []string `json:"absent,omitempty"`
	// Features that Gateways of the class support, sorted.
	Features []string  `json:"features,omitempty"`
	Problems []Problem `json:"problems,omitempty"`
}

// Parameters is an ALBConfig or a ServiceConfig, checked.
type Parameters struct {
	Kind       string    `json:"kind"`
	Name       string    `json:"name"`
	Generation int64     `json:"generation,omitempty"`
	Problems   []Problem `json:"problems,omitempty"`
}
