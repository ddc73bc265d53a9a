package world

import (
	"cmp"
	"hash/fnv"
)

// Kind says which collection of a World a Key points into.
type Kind string

// Kinds of Key.
const (
	KindGatewayClass     Kind = "GatewayClass"
	KindALBConfig        Kind = "ALBConfig"
	KindServiceConfig    Kind = "ServiceConfig"
	KindGateway          Kind = "Gateway"
	KindListenerSet      Kind = "ListenerSet"
	KindHTTPRoute        Kind = "HTTPRoute"
	KindGRPCRoute        Kind = "GRPCRoute"
	KindTLSRoute         Kind = "TLSRoute"
	KindTCPRoute         Kind = "TCPRoute"
	KindUDPRoute         Kind = "UDPRoute"
	KindBackendTLSPolicy Kind = "BackendTLSPolicy"
	KindTrafficPolicy    Kind = "XBackendTrafficPolicy"
	KindReferenceGrant   Kind = "ReferenceGrant"
	KindNamespace        Kind = "Namespace"
	KindSecret           Kind = "Secret"
	KindConfigMap        Kind = "ConfigMap"
	KindTrustBundle      Kind = "ClusterTrustBundle"
	// KindService is a Service of that name in any member.
	KindService Kind = "Service"
	// KindMember is a member's existence, labels or reachability. Changes of its Services and Proxies
	// have Keys of their own, unless the member was not there or not reachable before.
	KindMember Kind = "Member"
	// KindProxies is the proxies of the Gateway of that name in any member.
	KindProxies Kind = "Proxies"
	// KindGatewayAPI is which version and which kinds of Gateway API are installed. It has no Name.
	KindGatewayAPI Kind = "GatewayAPI"
	// KindFront is the front of the Gateway of that name.
	KindFront Kind = "Front"
)

// Key names one thing in a World that may change. Name.Namespace is "" for cluster-scoped kinds and members.
type Key struct {
	Kind Kind `json:"kind"`
	Name Name `json:"name"`
}

// Hash of a Key, equal for equal Keys on every machine.
func (k Key) Hash() uint64 {
	sum := fnv.New64a()
	for _, part := range [...]string{string(k.Kind), k.Name.Namespace, k.Name.Name} {
		_, _ = sum.Write([]byte(part))
		_, _ = sum.Write([]byte{0})
	}
	return sum.Sum64()
}

// String is "namespace/name", or the name alone for what has no namespace.
func (n Name) String() string {
	if n.Namespace == "" {
		return n.Name
	}
	return n.Namespace + "/" + n.Name
}

// Compare orders by namespace, then name.
func (n Name) Compare(other Name) int {
	return cmp.Or(cmp.Compare(n.Namespace, other.Namespace), cmp.Compare(n.Name, other.Name))
}
