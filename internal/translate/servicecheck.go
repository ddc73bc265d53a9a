package translate

import (
	"net/netip"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	gatewayv1alpha1 "github.com/fleetgate/fleetgate/apis/gateway/v1alpha1"
)

// Values of ServiceConfigSpec that more than one place names.
const (
	serviceLoadBalancer  = "LoadBalancer"
	serviceNodePort      = "NodePort"
	serviceClusterIP     = "ClusterIP"
	policyCluster        = "Cluster"
	policyLocal          = "Local"
	defaultPool          = "metallb.io/address-pool"
	maxServiceNotes      = 50
	maxServiceAddresses  = 16
	maxLoadBalancerClass = 253
)

// fillService writes the documented default of every field that is not set. Addresses get their usual form.
func fillService(spec *gatewayv1alpha1.ServiceConfigSpec) {
	fill(&spec.Type, serviceLoadBalancer)
	if spec.Type != serviceClusterIP {
		fill(&spec.ExternalTrafficPolicy, policyCluster)
	}
	if spec.AddressPool != nil {
		fill(&spec.AddressPool.Annotation, defaultPool)
	}
	for i, address := range spec.Addresses {
		if ip, err := netip.ParseAddr(address); err == nil {
			spec.Addresses[i] = ip.String()
		}
	}
}

// checkService says again what the CRD says: objects also come from files, past any API server.
func checkService(spec *gatewayv1alpha1.ServiceConfigSpec) []string {
	var f faults
	f.oneOf("type", spec.Type, serviceLoadBalancer, serviceNodePort, serviceClusterIP)
	balanced := spec.Type == "" || spec.Type == serviceLoadBalancer
	f.checkf(spec.LoadBalancerClass == "" || balanced, "spec.loadBalancerClass: loadBalancerClass needs type: LoadBalancer")
	f.checkf(len(spec.LoadBalancerClass) <= maxLoadBalancerClass, "spec.loadBalancerClass: at most %d characters are allowed", maxLoadBalancerClass)
	f.oneOf("externalTrafficPolicy", spec.ExternalTrafficPolicy, policyLocal, policyCluster)
	f.checkf(spec.ExternalTrafficPolicy == "" || spec.Type != serviceClusterIP,
		"spec.externalTrafficPolicy: externalTrafficPolicy needs type: LoadBalancer or NodePort")
	f.atMost("annotations", len(spec.Annotations), maxServiceNotes)
	for key := range spec.Annotations {
		f.checkf(!strings.HasPrefix(key, reservedTagOurs),
			"spec.annotations: annotation keys that begin with gateway.company.com/ are reserved: use another key than %s", key)
	}
	f.checkf(len(spec.Addresses) == 0 || balanced, "spec.addresses: addresses needs type: LoadBalancer")
	f.atMost("addresses", len(spec.Addresses), maxServiceAddresses)
	for i, address := range spec.Addresses {
		ip, err := netip.ParseAddr(address)
		f.checkf(err == nil && ip.Zone() == "", "spec.addresses[%d]: %q: an address is an IP address such as 192.0.2.10 or 2001:db8::10", i, address)
	}
	if pool := spec.AddressPool; pool != nil {
		f.checkf(balanced, "spec.addressPool: addressPool needs type: LoadBalancer")
		f.checkf(pool.Name != "", "spec.addressPool.name: the pool needs a name")
	}
	if placement := spec.Placement; placement != nil && placement.ClusterSelector != nil {
		_, err := metav1.LabelSelectorAsSelector(placement.ClusterSelector)
		f.checkf(err == nil, "spec.placement.clusterSelector: %v", err)
	}
	slices.Sort(f)
	return f
}
