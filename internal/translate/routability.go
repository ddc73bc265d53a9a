package translate

import (
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	gatewayv1alpha1 "github.com/fleetgate/fleetgate/apis/gateway/v1alpha1"
	"github.com/fleetgate/fleetgate/internal/ir"
)

// routability decides from where the addresses of a Gateway are to be reached, which is the same for all of one front. It refuses
// what no front of this class has.
func (c *gatewayContext) routability() {
	addresses := c.object.Spec.Addresses
	within := 0
	for i := range addresses {
		if !c.routable(i, &addresses[i]) {
			return
		}
		if addresses[i].Routability == gatewayv1.GatewayAddressRoutabilityCluster {
			within++
		}
	}
	switch {
	case within == 0:
	case within < len(addresses):
		c.refusef(ir.UnsupportedAddress, "spec.addresses: some are of routability Cluster and some are not, and a front has one for all: "+
			"make a Gateway of its own for the others")
	default:
		c.out.Routability = string(gatewayv1.GatewayAddressRoutabilityCluster)
	}
}

// routable refuses an address of a routability that fronts of the class do not have, and says whether it is one that they have.
func (c *gatewayContext) routable(i int, address *gatewayv1.GatewaySpecAddress) bool {
	switch asked := address.Routability; {
	case asked == gatewayv1.GatewayAddressRoutabilityDefault:
		return true
	case asked == gatewayv1.GatewayAddressRoutabilityCluster && c.provider.Kind == albKind:
		c.refusef(ir.UnsupportedAddress, "spec.addresses[%d].routability: Cluster asks for an address inside of a cluster, which no load balancer of AWS has: "+
			"for one that is reached from the VPC alone set scheme: internal in the ALBConfig, and remove routability", i)
	case asked == gatewayv1.GatewayAddressRoutabilityCluster && c.provider.Kind != serviceKind:
		c.refusef(ir.UnsupportedAddress, "spec.addresses[%d].routability: fronts of this GatewayClass have no address of routability Cluster: remove routability", i)
	case asked != gatewayv1.GatewayAddressRoutabilityCluster:
		c.refusef(ir.UnsupportedAddress, "spec.addresses[%d].routability: %q is not known: remove routability", i, asked)
	case derefOr(address.Type, gatewayv1.IPAddressType) != gatewayv1.IPAddressType:
		c.refusef(ir.UnsupportedAddress, "spec.addresses[%d].type: an address of routability Cluster is an IPAddress, not a %s", i, *address.Type)
	case address.Value != "":
		c.refusef(ir.UnsupportedAddress, "spec.addresses[%d].value: an address of routability Cluster cannot be asked for by value: remove value", i)
	default:
		return true
	}
	return false
}

// serviceOf are the parameters of a Gateway's Services, which have addresses of the cluster alone if those are asked for.
func (t *translator) serviceOf(c *gatewayContext) *gatewayv1alpha1.ServiceConfigSpec {
	spec := t.serviceSpec(c.parameters)
	if c.out.Routability == string(gatewayv1.GatewayAddressRoutabilityCluster) {
		spec.Type = serviceClusterIP
		spec.LoadBalancerClass, spec.ExternalTrafficPolicy, spec.Addresses, spec.AddressPool = "", "", nil, nil
	}
	return spec
}
