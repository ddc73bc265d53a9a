package translate

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/world"
)

// maxWeight of a backendRef.
const maxWeight = 1_000_000

// backends translates the backendRefs of a rule. An invalid one keeps its weight: its share answers 500.
func (r *ruleContext) backends(redirects bool) []config.Backend {
	if redirects && len(r.rule.BackendRefs) > 0 {
		r.brokenf(ir.IncompatibleFilters, "RequestRedirect answers by itself: remove it, or remove backendRefs")
		return nil
	}
	out := make([]config.Backend, 0, len(r.rule.BackendRefs))
	for i := range r.rule.BackendRefs {
		spec := &r.rule.BackendRefs[i]
		field := fmt.Sprintf("backendRefs[%d]", i)
		backend := config.Backend{Weight: derefOr(spec.Weight, 1)}
		if backend.Weight < 0 || backend.Weight > maxWeight {
			r.brokenf(ir.UnsupportedValue, "%s.weight: %d is not between 0 and %d", field, backend.Weight, maxWeight)
		}
		backend.Pool, backend.Invalid = r.pool(field, &spec.BackendObjectReference)
		backend.Filters = r.filters(spec.Filters, field+".filters")
		out = append(out, backend)
	}
	return out
}

// pool resolves a reference to a Service's port: the pool's key, or why there is none.
func (r *ruleContext) pool(field string, ref *gatewayv1.BackendObjectReference) (string, string) {
	name := world.Name{Namespace: string(derefOr(ref.Namespace, gatewayv1.Namespace(r.name.Namespace))), Name: string(ref.Name)}
	if group, kind := deref(ref.Group), derefOr(ref.Kind, kindService); group != "" || kind != kindService {
		return "", r.unresolved(ir.InvalidKind, "%s: kind %s of group %q cannot be a backend: name a Service", field, kind, group)
	}
	if name.Namespace != r.name.Namespace {
		r.deps.onGrants(name.Namespace)
		from := grantFrom{gatewayv1.GroupName, kindHTTPRoute, r.name.Namespace}
		to := grantTo{"", kindService, name}
		if !r.t.permitted(from, to) {
			return "", r.unresolved(ir.RefNotPermitted, "%s: %s", field, notPermitted(from, to))
		}
	}
	r.deps.on(world.KindService, name.Namespace, name.Name)
	if ref.Port == nil {
		return "", r.unresolved(ir.UnsupportedBackend, "%s.port is missing: set the port of Service %s", field, name)
	}
	key := fmt.Sprintf("%s:%d", name, *ref.Port)
	if _, known := r.set.pools[key]; known {
		return key, ""
	}
	found := r.look(name, *ref.Port)
	if len(found.ports) == 0 {
		code, message := found.fault(name, *ref.Port)
		return "", r.unresolved(code, "%s: %s", field, message)
	}
	if len(found.lacking) > 0 {
		r.set.notes = append(r.set.notes, fmt.Sprintf("Service %s port %d is missing in %s", name, *ref.Port, strings.Join(found.lacking, ", ")))
	}
	r.set.pools[key] = found.pool(key, name, *ref.Port)
	return key, ""
}

// lookup is what the placed members have of a Service.
type lookup struct {
	// ports where the Service can be used.
	ports []ir.LocalPort
	// lacking are reachable members without the Service or the port.
	lacking []string
	// offered are the ports of Services that lack the one that is asked for.
	offered  []string
	external bool
	tls      string
	members  int
}

// look asks every placed member for a Service. What an unreachable member last had counts: its proxies go on.
func (r *ruleContext) look(name world.Name, port int32) lookup {
	out := lookup{members: len(r.parent.members)}
	for _, member := range r.parent.members {
		service := member.Services[name]
		if service == nil {
			out.lack(member)
			continue
		}
		if service.Spec.Type == corev1.ServiceTypeExternalName {
			out.external = true
			continue
		}
		out.lookPort(member, service, port)
	}
	return out
}

func (l *lookup) lack(member *world.Member) {
	if member.Unreachable == "" {
		l.lacking = append(l.lacking, member.Name)
	}
}

func (l *lookup) lookPort(member *world.Member, service *corev1.Service, number int32) {
	at := slices.IndexFunc(service.Spec.Ports, func(p corev1.ServicePort) bool {
		return p.Port == number && (p.Protocol == "" || p.Protocol == corev1.ProtocolTCP)
	})
	if at < 0 {
		l.lack(member)
		for _, port := range service.Spec.Ports {
			l.offered = append(l.offered, fmt.Sprint(port.Port))
		}
		return
	}
	port := service.Spec.Ports[at]
	protocol, supported := appProtocol(derefOr(port.AppProtocol, ""))
	if !supported {
		l.tls = *port.AppProtocol
		return
	}
	l.ports = append(l.ports, ir.LocalPort{Member: member.Name, PortName: port.Name, Protocol: protocol})
}

// appProtocol is what proxies speak to a backend of an appProtocol (KEP-3726); false for what they cannot.
func appProtocol(name string) (string, bool) {
	switch strings.ToLower(name) {
	case "kubernetes.io/h2c", "grpc":
		return "kubernetes.io/h2c", true
	case "kubernetes.io/ws":
		return "kubernetes.io/ws", true
	case "https", "tls", "kubernetes.io/wss":
		return "", false
	default:
		return "", true
	}
}

// fault says why a Service cannot be used.
func (l *lookup) fault(name world.Name, port int32) (ir.Code, string) {
	switch {
	case l.external:
		return ir.UnsupportedBackend, fmt.Sprintf(
			"Service %s is of type ExternalName, which could lead the gateway anywhere: use a Service with a selector or with EndpointSlices", name)
	case l.tls != "":
		return ir.BackendProtocol, fmt.Sprintf(
			"Service %s port %d has appProtocol %s, which is not supported yet: use plain HTTP or kubernetes.io/h2c", name, port, l.tls)
	case len(l.offered) > 0:
		slices.Sort(l.offered)
		return ir.BackendNotFound, fmt.Sprintf("Service %s has no TCP port %d: it has %s", name, port, strings.Join(slices.Compact(l.offered), ", "))
	case l.members == 0:
		return ir.BackendNotFound, fmt.Sprintf("Service %s cannot be looked for: the fleet has no member", name)
	default:
		return ir.BackendNotFound, fmt.Sprintf("Service %s does not exist in any of the Gateway's members (%s): create it, or correct the name",
			name, orNone(l.lacking))
	}
}

// pool is the port as the first member has it, with the members that differ.
func (l *lookup) pool(key string, name world.Name, port int32) ir.Pool {
	most := l.ports[0]
	out := ir.Pool{Pool: config.Pool{
		Key: key, Namespace: name.Namespace, Service: name.Name, Port: port, PortName: most.PortName, Protocol: most.Protocol,
	}}
	for _, other := range l.ports[1:] {
		if other.PortName != most.PortName || other.Protocol != most.Protocol {
			out.Local = append(out.Local, other)
		}
	}
	return out
}
