package translate

import (
	"cmp"
	"slices"

	"github.com/fleetgate/fleetgate/internal/compile"
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
	if c.provider.Kind == serviceKind {
		if !c.parametersBroken() {
			front.Service = t.serviceOf(c)
		}
		front.Proxy = compile.ProxyName(c.name)
		front.Labels, front.Annotations = c.out.Labels, c.out.Annotations
	}
	if !c.out.Deleting {
		front.Addresses = c.addresses
		for _, member := range c.out.Members {
			front.Members = append(front.Members, member.Name)
		}
		front.Ports = t.frontPorts(c, front)
		c.out.TrustedProxies = slices.Compact(slices.Sorted(slices.Values(t.w.Fronts[c.name].Subnets)))
	}
	c.out.Front = front
}

func (t *translator) frontPorts(c *gatewayContext, front ir.Front) []ir.FrontPort {
	type socket struct {
		number int32
		udp    bool
	}
	bySocket := map[socket]*ir.FrontPort{}
	listed := map[certificateAt]bool{}
	for i := range c.out.Listeners {
		listener := &c.out.Listeners[i]
		if !listener.Serves && !c.goesOn(listener) {
			continue
		}
		at := socket{listener.Port, listener.Protocol == string(ir.FrontUDP)}
		port := bySocket[at]
		if port == nil {
			port = &ir.FrontPort{
				Port: listener.Port, Protocol: ir.FrontProtocol(listener.Protocol), Targets: t.targets(c, front),
				Spoilt: c.provider.EndsTLS,
			}
			bySocket[at] = port
		}
		port.Spoilt = port.Spoilt && !listener.Serves
		if listener.Protocol == protocolHTTPS && c.provider.EndsTLS {
			frontCertificates(port, listener, front, listed)
		}
	}
	ports := make([]ir.FrontPort, 0, len(bySocket))
	for _, port := range bySocket {
		ports = append(ports, *port)
	}
	slices.SortFunc(ports, func(a, b ir.FrontPort) int {
		return cmp.Or(cmp.Compare(a.Port, b.Port), cmp.Compare(udpLast(a), udpLast(b)))
	})
	return ports
}

// goesOn says whether a listener that cannot serve has a port at the front nevertheless: its certificates were good, or may have been.
func (c *gatewayContext) goesOn(listener *ir.Listener) bool {
	spoilt := func(certificate *ir.Certificate) bool { return certificate.Spoilt }
	return listener.Proxied && (!c.provider.EndsTLS || slices.ContainsFunc(listener.Certificates, spoilt))
}

// udpLast orders ports of one number.
func udpLast(port ir.FrontPort) int {
	if port.Protocol == ir.FrontUDP {
		return 1
	}
	return 0
}

// frontCertificates adds what a listener needs for TLS: the certificates it names, or else the wish that the
// provider finds one for its hostname. listed are those that ports have already.
func frontCertificates(port *ir.FrontPort, listener *ir.Listener, front ir.Front, listed map[certificateAt]bool) {
	if len(listener.Certificates) == 0 {
		if listener.Hostname != "" && !namesARNs(front) {
			port.DiscoverHostnames = append(port.DiscoverHostnames,
				ir.DiscoverHostname{Listener: listener.Name, Hostname: listener.Hostname})
		}
		return
	}
	for _, certificate := range listener.Certificates {
		if at := (certificateAt{port.Port, certificate.Secret}); !listed[at] {
			listed[at] = true
			port.Certificates = append(port.Certificates, *certificate)
		}
	}
}

// certificateAt is the certificate of a Secret on a port of the front.
type certificateAt struct {
	port   int32
	secret string
}

// namesARNs says that the parameters name certificates for every HTTPS listener.
func namesARNs(front ir.Front) bool {
	return front.ALB != nil && front.ALB.TLS != nil && len(front.ALB.TLS.CertificateARNs) > 0
}

// targets are the proxies of a Gateway in each placed member.
func (t *translator) targets(c *gatewayContext, front ir.Front) []ir.TargetSet {
	out := make([]ir.TargetSet, 0, len(c.out.Members))
	for _, placed := range c.out.Members {
		set := ir.TargetSet{Member: placed.Name, Weight: defaultMemberWeight, Unknown: placed.Unreachable != ""}
		if !set.Unknown {
			proxies := t.w.Members[placed.Name].Proxies[c.name]
			set.Addresses = slices.Clone(proxies.Addresses)
			if front.Service != nil && front.Service.Type == serviceNodePort {
				set.Hosts = slices.Clone(proxies.Hosts)
			}
		}
		out = append(out, set)
	}
	return out
}
