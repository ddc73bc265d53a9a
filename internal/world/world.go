// Package world is every input object of one moment, indexed and frozen: nobody writes to a World
// or to an object in it after it was handed over.
package world

import (
	certificatesv1 "k8s.io/api/certificates/v1"
	corev1 "k8s.io/api/core/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	gatewayxv1alpha1 "sigs.k8s.io/gateway-api/apisx/v1alpha1"

	awsv1alpha1 "github.com/fleetgate/fleetgate/apis/aws/v1alpha1"
	gatewayv1alpha1 "github.com/fleetgate/fleetgate/apis/gateway/v1alpha1"
)

// Name is a namespace and a name; Namespace is "" for cluster-scoped objects.
type Name struct {
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name"`
}

// World is the input of translation.
type World struct {
	// Hub is the id of this installation, see ir.Owner.
	Hub string
	// Providers are the controllerNames that this operator answers for.
	Providers map[string]Provider
	// GatewayAPI is the bundle version of the installed CRDs, such as "v1.7.0"; "" if unknown.
	GatewayAPI string
	// Experimental says that the installed CRDs are of the experimental channel.
	Experimental bool
	// Absent are the kinds of Gateway API that the hub has no CRDs of, in a version that we read; sorted.
	Absent []Kind

	Classes        map[string]*gatewayv1.GatewayClass
	ALBConfigs     map[string]*awsv1alpha1.ALBConfig
	ServiceConfigs map[string]*gatewayv1alpha1.ServiceConfig
	Gateways       map[Name]*gatewayv1.Gateway
	ListenerSets   Objects[*gatewayv1.ListenerSet]
	HTTPRoutes     Objects[*gatewayv1.HTTPRoute]
	GRPCRoutes     Objects[*gatewayv1.GRPCRoute]
	TLSRoutes      Objects[*gatewayv1.TLSRoute]
	TCPRoutes      Objects[*gatewayv1.TCPRoute]
	UDPRoutes      Objects[*gatewayv1.UDPRoute]
	// BackendTLS are the BackendTLSPolicies.
	BackendTLS map[Name]*gatewayv1.BackendTLSPolicy
	// BackendTraffic are the XBackendTrafficPolicies, which are experimental.
	BackendTraffic map[Name]*gatewayxv1alpha1.XBackendTrafficPolicy
	Grants         map[Name]*gatewayv1.ReferenceGrant
	Namespaces     map[string]*corev1.Namespace
	// Secrets holds those that listeners name; a name that was looked for and not found has a nil value,
	// a name that was not looked for yet has none.
	Secrets map[Name]*corev1.Secret
	// ConfigMaps holds those that listeners and policies name for their CA certificates, in the same way.
	ConfigMaps map[Name]*corev1.ConfigMap
	// TrustBundles holds those that listeners and policies name, in the same way.
	TrustBundles map[Name]*certificatesv1.ClusterTrustBundle
	// Members by name. The hub is among them only if it takes part.
	Members map[string]*Member
	// Fronts tell how far the cloud is, by Gateway.
	Fronts map[Name]Front
}

// Provider is what translation needs to know of a registered provider.
type Provider struct {
	// Kind is the kind that parametersRef must name, such as "ALBConfig"; "" if none is taken.
	Kind string
	// Group of that kind.
	Group string
	// StaticAddresses says that fronts can be asked for IP addresses by value.
	StaticAddresses bool
	// EndsTLS says that fronts end the TLS of HTTPS listeners, so that proxies get plain HTTP.
	EndsTLS bool
	// Protocols of listeners that fronts carry, such as "HTTP"; none for all that Gateway API knows.
	Protocols []string
	// RouteKinds are the kinds of route that fronts carry, such as "HTTPRoute"; none for all that those protocols have.
	RouteKinds []string
	// Features of fronts and proxies together, sorted.
	Features []string
}

// Member is one cluster of the fleet.
type Member struct {
	Name   string
	Labels map[string]string
	// Unreachable, if not empty, says why the member cannot be asked; what it holds is then of the last
	// time it could, or nothing.
	Unreachable string
	Services    Objects[*corev1.Service]
	// Proxies by Gateway.
	Proxies map[Name]Proxies
}

// Proxies are the proxy pods of one Gateway in one member.
type Proxies struct {
	// Addresses of pods that should get traffic from the front (not terminating, has an IP), sorted.
	Addresses []string
	// Hosts are the addresses of the nodes that those pods run on, sorted.
	Hosts []string
	// Ready is how many pods are ready.
	Ready int
	// Revisions are those of the roots that ready pods report to be in force, sorted.
	Revisions []string
	// Generation is the newest Gateway generation that a ready pod reports to be in force of those that report no revision: they are
	// of a version that knows none.
	Generation int64
	// Problem says why proxies cannot be deployed or configured there, or is "".
	Problem string
}
