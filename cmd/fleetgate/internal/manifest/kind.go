package manifest

import (
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	certificatesv1 "k8s.io/api/certificates/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	gatewayxv1alpha1 "sigs.k8s.io/gateway-api/apisx/v1alpha1"

	awsv1alpha1 "github.com/fleetgate/fleetgate/apis/aws/v1alpha1"
	gatewayv1alpha1 "github.com/fleetgate/fleetgate/apis/gateway/v1alpha1"
)

type groupKind struct{ group, kind string }

// kind is how objects of one kind are read and kept.
type kind struct {
	// versions that are read, the preferred one first; all have the same fields.
	versions   []string
	namespaced bool
	make       func() metav1.Object
	keep       func(*Folder, metav1.Object)
}

func (k kind) has(version string) bool { return slices.Contains(k.versions, version) }

// of is a kind whose objects go into the list that it points out.
func of[T any, P interface {
	*T
	metav1.Object
}](list func(*Folder) *[]P, namespaced bool, versions ...string,
) kind {
	return kind{
		versions: versions, namespaced: namespaced,
		make: func() metav1.Object { return P(new(T)) },
		keep: func(f *Folder, o metav1.Object) {
			if p, ok := o.(P); ok {
				*list(f) = append(*list(f), p)
			}
		},
	}
}

const gatewayGroup = "gateway.networking.k8s.io"

// kinds that a folder may hold; others are passed over.
var kinds = map[groupKind]kind{
	{"", "Namespace"}: of(func(f *Folder) *[]*corev1.Namespace { return &f.Namespaces }, false, "v1"),
	{"", "Secret"}:    of(func(f *Folder) *[]*corev1.Secret { return &f.Secrets }, true, "v1"),
	{"", "ConfigMap"}: of(func(f *Folder) *[]*corev1.ConfigMap { return &f.ConfigMaps }, true, "v1"),
	{"", "Service"}:   of(func(f *Folder) *[]*corev1.Service { return &f.Services }, true, "v1"),
	{"certificates.k8s.io", "ClusterTrustBundle"}: of(
		func(f *Folder) *[]*certificatesv1.ClusterTrustBundle { return &f.TrustBundles }, false, "v1", "v1beta1"),
	{"apps", "Deployment"}:                of(func(f *Folder) *[]*appsv1.Deployment { return &f.Deployments }, true, "v1"),
	{"discovery.k8s.io", "EndpointSlice"}: of(func(f *Folder) *[]*discoveryv1.EndpointSlice { return &f.EndpointSlices }, true, "v1"),
	{gatewayGroup, "GatewayClass"}:        of(func(f *Folder) *[]*gatewayv1.GatewayClass { return &f.Classes }, false, "v1", "v1beta1"),
	{gatewayGroup, "Gateway"}:             of(func(f *Folder) *[]*gatewayv1.Gateway { return &f.Gateways }, true, "v1", "v1beta1"),
	{gatewayGroup, "HTTPRoute"}:           of(func(f *Folder) *[]*gatewayv1.HTTPRoute { return &f.HTTPRoutes }, true, "v1", "v1beta1"),
	{gatewayGroup, "GRPCRoute"}:           of(func(f *Folder) *[]*gatewayv1.GRPCRoute { return &f.GRPCRoutes }, true, "v1"),
	{gatewayGroup, "TLSRoute"}:            of(func(f *Folder) *[]*gatewayv1.TLSRoute { return &f.TLSRoutes }, true, "v1"),
	{gatewayGroup, "TCPRoute"}:            of(func(f *Folder) *[]*gatewayv1.TCPRoute { return &f.TCPRoutes }, true, "v1"),
	{gatewayGroup, "UDPRoute"}:            of(func(f *Folder) *[]*gatewayv1.UDPRoute { return &f.UDPRoutes }, true, "v1"),
	{gatewayGroup, "ListenerSet"}:         of(func(f *Folder) *[]*gatewayv1.ListenerSet { return &f.ListenerSets }, true, "v1"),
	{gatewayGroup, "BackendTLSPolicy"}:    of(func(f *Folder) *[]*gatewayv1.BackendTLSPolicy { return &f.BackendTLS }, true, "v1"),
	{"gateway.networking.x-k8s.io", "XBackendTrafficPolicy"}: of(
		func(f *Folder) *[]*gatewayxv1alpha1.XBackendTrafficPolicy { return &f.BackendTraffic }, true, "v1alpha1"),
	{gatewayGroup, "ReferenceGrant"}:         of(func(f *Folder) *[]*gatewayv1.ReferenceGrant { return &f.Grants }, true, "v1", "v1beta1"),
	{"gateway.aws.company.com", "ALBConfig"}: of(func(f *Folder) *[]*awsv1alpha1.ALBConfig { return &f.ALBConfigs }, false, "v1alpha1"),
	{"gateway.company.com", "ServiceConfig"}: of(func(f *Folder) *[]*gatewayv1alpha1.ServiceConfig { return &f.ServiceConfigs }, false, "v1alpha1"),
}
