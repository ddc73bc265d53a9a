package translate

import (
	"net/netip"
	"slices"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/internal/ir"
)

// gatewayAddresses takes the addresses that the user chose, and refuses those that no front of this class can be
// asked for. An address without a value asks for any of its type, which every front has.
func (t *translator) gatewayAddresses(c *gatewayContext) {
	c.routability()
	for i, address := range c.object.Spec.Addresses {
		kind := gatewayv1.IPAddressType
		if address.Type != nil {
			kind = *address.Type
		}
		switch {
		case kind != gatewayv1.IPAddressType && kind != gatewayv1.HostnameAddressType:
			c.refusef(ir.UnsupportedAddress, "spec.addresses[%d].type: %s is not supported: remove the address", i, kind)
		case address.Value == "", address.Routability != gatewayv1.GatewayAddressRoutabilityDefault:
		case !c.provider.StaticAddresses:
			c.refusef(ir.UnsupportedAddress,
				"spec.addresses[%d].value: the front gets its address from the cloud and %s cannot be asked for: remove the address", i, address.Value)
		case kind == gatewayv1.HostnameAddressType:
			c.refusef(ir.UnsupportedAddress,
				"spec.addresses[%d]: a hostname cannot be asked for by value: name an IPAddress, or remove value", i)
		default:
			t.staticAddress(c, i, address.Value)
		}
	}
	if len(c.addresses) == 0 && c.provider.Kind == serviceKind && !c.parametersBroken() {
		c.addresses = t.serviceOf(c).Addresses
	}
}

// staticAddress notes an IP address in its usual form.
func (t *translator) staticAddress(c *gatewayContext, i int, value string) {
	ip, err := netip.ParseAddr(value)
	if err != nil || ip.Zone() != "" {
		c.refusef(ir.UnsupportedAddress, "spec.addresses[%d].value: %q is not an IP address: correct it, or remove it", i, value)
		return
	}
	if c.provider.Kind == serviceKind && !c.parametersBroken() {
		if kind := t.serviceSpec(c.parameters).Type; kind != serviceLoadBalancer {
			c.refusef(ir.UnsupportedAddress, "spec.addresses[%d].value: a Service of type %s cannot be asked for an address: "+
				"use type: LoadBalancer in the ServiceConfig, or remove the address", i, kind)
			return
		}
	}
	if text := ip.String(); !slices.Contains(c.addresses, text) {
		c.addresses = append(c.addresses, text)
	}
}
