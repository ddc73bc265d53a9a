package translate

import (
	"cmp"
	"slices"

	"github.com/fleetgate/fleetgate/internal/ir"
)

// front says what should stand before the proxies of a Gateway.
func (t *translator) front(c *gatewayContext) {
	front := ir.Front{
		Owner: ir.Owner{
			Hub: t.w.Hub, UID: c.out.UID, Namespace: c.out.Namespace, Name: c.out.Name,
		},
		HealthPort: healthPort,
		HealthPath: healthPath,
	}
	if c.provider.Kind == albKind && !c.parametersBroken() {
		front.ALB = t.albSpec(c.parameters)
	}
	if !c.out.Deleting {
		for _, member := range c.out.Members {
			front.Members = append(front.Members, member.Name)
		}
		front.Ports = t.frontPorts(c, front)
		c.out.TrustedProxies = slices.Compact(slices.Sorted(slices.Values(t.w.Fronts[c.name].Subnets)))
	}
	c.out.Front = front
}

func (t *translator) frontPorts(c *gatewayContext, front ir.Front) []ir.FrontPort {
	byNumber := map[int32]*ir.FrontPort{}
	for _, listener := range c.out.Listeners {
		if !listener.Serves {
			continue
		}
		port := byNumber[listener.Port]
		if port == nil {
			port = &ir.FrontPort{
				Port: listener.Port, Protocol: ir.FrontProtocol(listener.Protocol), Targets: t.targets(c),
			}
			byNumber[listener.Port] = port
		}
		if listener.Protocol == protocolHTTPS && c.provider.EndsTLS {
			c.frontCertificates(port, listener, front)
		}
	}
	ports := make([]ir.FrontPort, 0, len(byNumber))
	for _, port := range byNumber {
		ports = append(ports, *port)
	}
	slices.SortFunc(ports, func(a, b ir.FrontPort) int { return cmp.Compare(a.Port, b.Port) })
	return ports
}

// frontCertificates adds what a listener needs for TLS: the certificates it names, or else the wish that the
// provider finds one for its hostname.
func (c *gatewayContext) frontCertificates(port *ir.FrontPort, listener ir.Listener, front ir.Front) {
	if len(c.certificates[listener.Name]) == 0 {
		if listener.Hostname != "" && !namesARNs(front) {
			port.DiscoverHostnames = append(port.DiscoverHostnames,
				ir.DiscoverHostname{Listener: listener.Name, Hostname: listener.Hostname})
		}
		return
	}
	for _, certificate := range c.certificates[listener.Name] {
		known := slices.ContainsFunc(port.Certificates, func(have ir.Certificate) bool {
			return have.Secret == certificate.Secret
		})
		if !known {
			port.Certificates = append(port.Certificates, certificate)
		}
	}
}

// namesARNs says that the parameters name certificates for every HTTPS listener.
func namesARNs(front ir.Front) bool {
	return front.ALB != nil && front.ALB.TLS != nil && len(front.ALB.TLS.CertificateARNs) > 0
}

// targets are the proxies of a Gateway in each placed member.
func (t *translator) targets(c *gatewayContext) []ir.TargetSet {
	out := make([]ir.TargetSet, 0, len(c.out.Members))
	for _, placed := range c.out.Members {
		set := ir.TargetSet{Member: placed.Name, Weight: defaultMemberWeight, Unknown: placed.Unreachable != ""}
		if !set.Unknown {
			set.Addresses = slices.Clone(t.w.Members[placed.Name].Proxies[c.name].Addresses)
		}
		out = append(out, set)
	}
	return out
}
