package translate

import (
	"slices"
	"strings"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/internal/ir"
)

// Protocols of listeners.
const (
	protocolHTTP  = string(config.HTTP)
	protocolHTTPS = string(config.HTTPS)
	protocolTLS   = string(config.TLSProtocol)
	protocolTCP   = string(config.TCP)
	protocolUDP   = string(config.UDP)
)

// protocols are all that Gateway API knows.
var protocols = []string{protocolHTTP, protocolHTTPS, protocolTLS, protocolTCP, protocolUDP}

// declared is a listener as the Gateway or a ListenerSet declares it.
type declared struct {
	// in is the object that declares it.
	in   ir.Object
	spec *gatewayv1.Listener
	// tier is 0 for the Gateway's own, and then the place of the ListenerSet in the order of precedence.
	tier int
	// deps are what that object depends on; nil if it is known from an earlier translation, where before is the listener.
	deps   dependencies
	before *ir.Listener
}

// listenerContext is one listener on its way through translation.
type listenerContext struct {
	*gatewayContext
	// in is the object that declares the listener.
	in   ir.Object
	spec *gatewayv1.Listener
	made *ir.Listener
	// deps are those of that object.
	deps dependencies
}

func (l *listenerContext) refusef(code ir.Code, format string, args ...any) {
	problem := code.Problem(l.in, format, args...)
	problem.Listener = l.made.Section()
	l.made.Problems = append(l.made.Problems, problem)
}

// at is the listener of that index.
func (c *gatewayContext) at(i int) *listenerContext {
	d := &c.declared[i]
	return &listenerContext{gatewayContext: c, in: d.in, spec: d.spec, made: &c.out.Listeners[i], deps: d.deps}
}

// listeners translates the listeners of a Gateway and of its ListenerSets, each by itself, then against each other.
func (t *translator) listeners(c *gatewayContext) {
	c.ownListeners()
	t.listenerSets(c)
	c.out.Listeners = make([]ir.Listener, len(c.declared))
	for i := range c.declared {
		if before := c.declared[i].before; before != nil {
			c.out.Listeners[i] = alone(before)
		} else {
			t.listener(c.at(i))
		}
		if i >= maxListeners {
			c.at(i).refusef(ir.TooManyListeners, "Gateway %s has %d listeners already: attach the ListenerSet to another", c.name, maxListeners)
		}
	}
	c.conflicts()
	c.overlaps()
	for i := range c.out.Listeners {
		listener := &c.out.Listeners[i]
		certificates := readable(listener.Certificates)
		listener.Serves = serves(listener, certificates)
		switch {
		case listener.Protocol == protocolHTTPS && c.provider.EndsTLS:
			certificates++ // proxies get plain HTTP and need none
		case listener.ProxyEndsTLS(c.provider.EndsTLS):
			certificates = len(listener.Secrets) // spoilt ones too, see translator.spoilt
		}
		listener.Proxied = serves(listener, certificates)
		if hasFilters(c.declared[i].spec) {
			t.listenerFilters(c.at(i))
		}
	}
}

// maxListeners is how many listeners a Gateway has at most, those of ListenerSets included: proxies read them
// from one object, whose size is bounded.
const maxListeners = 8192

// ownListeners are those of the Gateway.
func (c *gatewayContext) ownListeners() {
	in := ir.Object{Kind: kindGateway, Namespace: c.name.Namespace, Name: c.name.Name}
	specs, repeated := unique(c.object.Spec.Listeners)
	c.repeated = repeated
	for _, spec := range specs {
		c.declared = append(c.declared, declared{in: in, spec: spec, deps: c.deps})
	}
}

// unique leaves out listeners whose name comes again: the API takes each name once.
func unique(specs []gatewayv1.Listener) (kept []*gatewayv1.Listener, repeated []string) {
	kept = make([]*gatewayv1.Listener, 0, len(specs))
	for i := range specs {
		spec := &specs[i]
		if slices.ContainsFunc(kept, func(have *gatewayv1.Listener) bool { return have.Name == spec.Name }) {
			repeated = append(repeated, string(spec.Name))
			continue
		}
		kept = append(kept, spec)
	}
	return kept, repeated
}

// listener translates one listener by itself.
func (t *translator) listener(l *listenerContext) {
	l.made.Name = string(l.spec.Name)
	if l.in.Kind == kindListenerSet {
		l.made.Set = l.in.Namespace + "/" + l.in.Name
		l.made.Name = l.made.Set + "/" + string(l.spec.Name)
	}
	l.made.Port = l.spec.Port
	l.made.Protocol = string(l.spec.Protocol)
	if !l.protocol() {
		return
	}
	if l.made.Protocol != protocolTCP && l.made.Protocol != protocolUDP {
		l.made.Hostname = hostnameOf(l.spec.Hostname)
	}
	l.kinds()
	l.selector()
	l.filtersFit()
	l.port()
	t.listenerTLS(l)
}

// serves says whether a listener can be made in spite of its Problems: unknown kinds of route do not hinder
// it, nor does one bad certificate beside a good one.
func serves(listener *ir.Listener, certificates int) bool {
	for _, problem := range listener.Problems {
		switch {
		case problem.Type != "ResolvedRefs":
			return false
		case problem.Reason == ir.InvalidRouteKinds.Reason:
		case certificates == 0:
			return false
		}
	}
	return true
}

// readable counts the certificates that are not spoilt.
func readable(certificates []*ir.Certificate) (count int) {
	for _, certificate := range certificates {
		if !certificate.Spoilt {
			count++
		}
	}
	return count
}

// protocol refuses what cannot be served, and says whether it can.
func (l *listenerContext) protocol() bool {
	switch protocol := l.made.Protocol; {
	case l.carries(protocol):
		return true
	case slices.Contains(protocols, protocol):
		l.refusef(ir.UnsupportedProtocol,
			"protocol %s is not supported by this GatewayClass, whose fronts carry %s: use one of these, or a class of another controller",
			protocol, strings.Join(l.provider.Protocols, " and "))
	case strings.Contains(protocol, "/"):
		l.refusef(ir.UnsupportedProtocol, "protocol %q is another implementation's: use %s", protocol, l.carried())
	default:
		l.refusef(ir.UnsupportedProtocol, "protocol %q is not known: use %s", protocol, l.carried())
	}
	return false
}

// carries says whether fronts of the class carry a protocol.
func (c *gatewayContext) carries(protocol string) bool {
	return slices.Contains(protocols, protocol) &&
		(len(c.provider.Protocols) == 0 || slices.Contains(c.provider.Protocols, protocol))
}

// carried lists the protocols that fronts of the class carry.
func (c *gatewayContext) carried() string {
	if len(c.provider.Protocols) > 0 {
		return strings.Join(c.provider.Protocols, " or ")
	}
	return strings.Join(protocols[:len(protocols)-1], ", ") + " or " + protocols[len(protocols)-1]
}

func (l *listenerContext) port() {
	switch port := l.made.Port; {
	case port < 1 || port > 65535:
		l.refusef(ir.PortUnavailable, "port %d is not between 1 and 65535", port)
	case port == healthPort && l.made.Protocol != protocolUDP:
		l.refusef(ir.PortUnavailable, "port %d is where proxies answer health checks: use another port", port)
	}
}

// selector refuses a namespace selector that cannot be read; it then selects nothing.
func (l *listenerContext) selector() {
	if _, err := allowedNamespaces(l.spec.AllowedRoutes); err != nil {
		l.refusef(ir.UnsupportedValue, "allowedRoutes.namespaces: %v", err)
	}
}
