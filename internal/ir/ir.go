package ir

import (
	"cmp"
	"slices"
)

// IR is what users meant at one moment. It is frozen: translate.Change shares what did not change with
// the IR before, so that equal pointers mean equal content.
type IR struct {
	// Classes are the GatewayClasses of our providers, sorted by name.
	Classes []*Class `json:"classes,omitempty"`
	// Parameters are the ALBConfigs, then the ServiceConfigs, each sorted by name.
	Parameters []*Parameters `json:"parameters,omitempty"`
	// Gateways of those classes, sorted by namespace, then name.
	Gateways []*Gateway `json:"gateways,omitempty"`
	// Routes are the HTTPRoutes, sorted by namespace, then name; those without Parents are not ours.
	Routes []*Route `json:"routes,omitempty"`
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

// Route finds a route by name; nil if there is none.
func (r IR) Route(namespace, name string) *Route {
	at, found := slices.BinarySearchFunc(r.Routes, Key{namespace, name}, func(g *Route, want Key) int {
		return g.Key().Compare(want)
	})
	if !found {
		return nil
	}
	return r.Routes[at]
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
	for _, route := range r.Routes {
		for _, parent := range route.Parents {
			all = append(all, parent.Problems...)
		}
	}
	return all
}

// Key is a namespace and a name.
type Key struct {
	Namespace string
	Name      string
}

// Compare orders by namespace, then name.
func (k Key) Compare(other Key) int {
	return cmp.Or(cmp.Compare(k.Namespace, other.Namespace), cmp.Compare(k.Name, other.Name))
}

// is says whether text is this Key as "namespace/name".
func (k Key) is(text string) bool {
	return len(text) == len(k.Namespace)+1+len(k.Name) && text[len(k.Namespace)] == '/' &&
		text[len(k.Namespace)+1:] == k.Name && text[:len(k.Namespace)] == k.Namespace
}

// String is "namespace/name".
func (k Key) String() string { return k.Namespace + "/" + k.Name }

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
