package translate

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/world"
)

// backendPort is a port of a Service, for what is to be said to it.
type backendPort struct {
	name   world.Name
	port   int32
	speaks speech
}

// lookup is what the placed members have of a Service's port.
type lookup struct {
	backendPort

	members []*world.Member
	// ports where the Service can be used.
	ports []ir.LocalPort
	// names are those of all its ports.
	names []string
	// lacking are reachable members without the Service or the port.
	lacking []string
	// offered are the ports of Services that lack the one that is asked for.
	offered  []string
	external bool
	// tls is the appProtocol that asks for TLS; other is one that the route's kind cannot speak.
	tls   string
	other string
}

// look asks every placed member for the Service. What an unreachable member last had counts: its proxies go on.
func (l *lookup) look() {
	for _, member := range l.members {
		service := member.Services.Get(l.name)
		if service == nil {
			l.lack(member)
			continue
		}
		if service.Spec.Type == corev1.ServiceTypeExternalName {
			l.external = true
			continue
		}
		l.lookPort(member, service)
	}
}

func (l *lookup) lack(member *world.Member) {
	if member.Unreachable == "" {
		l.lacking = append(l.lacking, member.Name)
	}
}

func (l *lookup) lookPort(member *world.Member, service *corev1.Service) {
	at := slices.IndexFunc(service.Spec.Ports, func(p corev1.ServicePort) bool { return p.Port == l.port && l.carries(p) })
	for _, port := range service.Spec.Ports {
		l.names = append(l.names, port.Name)
		if at < 0 && l.carries(port) {
			l.offered = append(l.offered, fmt.Sprint(port.Port))
		}
	}
	if at < 0 {
		l.lack(member)
		return
	}
	port := service.Spec.Ports[at]
	protocol, tls := appProtocol(derefOr(port.AppProtocol, ""))
	if tls {
		l.tls = *port.AppProtocol
	}
	if protocol == protocolWebSocket && l.speaks == speakGRPC {
		l.other = *port.AppProtocol
		return
	}
	l.ports = append(l.ports, ir.LocalPort{Member: member.Name, PortName: port.Name, Protocol: protocol})
}

// carries says whether a port is of the transport that is asked for.
func (l *lookup) carries(port corev1.ServicePort) bool {
	if l.speaks.transport() == config.TransportUDP {
		return port.Protocol == corev1.ProtocolUDP
	}
	return port.Protocol == "" || port.Protocol == corev1.ProtocolTCP
}

// named says whether the port has a name, in some member.
func (l *lookup) named(name string) bool {
	return slices.ContainsFunc(l.ports, func(port ir.LocalPort) bool { return port.PortName == name })
}

// lacks says that no port of the Service has a name.
func (l *lookup) lacks(name string) bool { return !slices.Contains(l.names, name) }

// fault says why a Service cannot be used.
func (l *lookup) fault() (ir.Code, string) {
	transport := "TCP"
	if l.speaks.transport() == config.TransportUDP {
		transport = "UDP"
	}
	switch {
	case l.external:
		return ir.UnsupportedBackend, fmt.Sprintf(
			"Service %s is of type ExternalName, which could lead the gateway anywhere: use a Service with a selector or with EndpointSlices", l.name)
	case l.other != "":
		return ir.BackendProtocol, fmt.Sprintf("Service %s port %d has appProtocol %s, which is no gRPC: use kubernetes.io/h2c", l.name, l.port, l.other)
	case len(l.names) > 0:
		slices.Sort(l.offered)
		return ir.BackendNotFound, fmt.Sprintf("Service %s has no %s port %d: it has %s",
			l.name, transport, l.port, orNone(slices.Compact(l.offered)))
	case len(l.members) == 0:
		return ir.BackendNotFound, fmt.Sprintf("Service %s cannot be looked for: the fleet has no member", l.name)
	default:
		return ir.BackendNotFound, fmt.Sprintf("Service %s does not exist in any of the Gateway's members (%s): create it, or correct the name",
			l.name, orNone(l.lacking))
	}
}

// pool is the port as the first member has it, with the members that differ. Pools of one key are the same,
// whatever route they are for. protected says that there is a BackendTLSPolicy.
func (l *lookup) pool(protected bool) ir.Pool {
	key := fmt.Sprintf("%s:%d", l.name, l.port)
	switch l.speaks {
	case speakUDP:
		key += "/udp"
	case speakPassed:
		if protected {
			key += "/passthrough"
		}
	case speakGRPC:
		key += l.speakH2C()
	default:
	}
	most := l.ports[0]
	out := ir.Pool{Pool: config.Pool{
		Key: key, Namespace: l.name.Namespace, Service: l.name.Name, Port: l.port,
		PortName: most.PortName, Transport: l.speaks.transport(), Protocol: most.Protocol,
	}}
	for _, other := range l.ports[1:] {
		if other.PortName != most.PortName || other.Protocol != most.Protocol {
			out.Local = append(out.Local, other)
		}
	}
	return out
}

// speakH2C has HTTP/2 spoken to ports that do not ask for it, which makes a pool of its own: this is the end of its key.
func (l *lookup) speakH2C() string {
	differs := ""
	for i := range l.ports {
		if l.ports[i].Protocol != protocolH2C {
			l.ports[i].Protocol, differs = protocolH2C, "/h2c"
		}
	}
	return differs
}
