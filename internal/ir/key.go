package ir

import "cmp"

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

// Kinds of routes.
const (
	HTTPRoute = "HTTPRoute"
	GRPCRoute = "GRPCRoute"
	TLSRoute  = "TLSRoute"
	TCPRoute  = "TCPRoute"
	UDPRoute  = "UDPRoute"
)

// RouteKey is the kind, namespace and name of a route.
type RouteKey struct {
	Key

	Kind string
}

// Compare orders by namespace, then name, then kind.
func (k RouteKey) Compare(other RouteKey) int {
	return cmp.Or(k.Key.Compare(other.Key), cmp.Compare(k.Kind, other.Kind))
}

// Kinds of policies.
const (
	BackendTLSPolicy     = "BackendTLSPolicy"
	BackendTrafficPolicy = "XBackendTrafficPolicy"
)

// PolicyKey is the kind, namespace and name of a policy.
type PolicyKey struct {
	Key

	Kind string
}

// Compare orders by namespace, then name, then kind.
func (k PolicyKey) Compare(other PolicyKey) int {
	return cmp.Or(k.Key.Compare(other.Key), cmp.Compare(k.Kind, other.Kind))
}

// String is "kind/namespace/name".
func (k PolicyKey) String() string { return k.Kind + "/" + k.Key.String() }

// String is "namespace/name" for an HTTPRoute, and "kind/namespace/name" for any other.
func (k RouteKey) String() string {
	if k.Kind == HTTPRoute {
		return k.Key.String()
	}
	return k.Kind + "/" + k.Key.String()
}
