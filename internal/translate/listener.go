package translate

import (
	"fmt"
	"strings"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/internal/ir"
)

// Protocols of listeners that we serve.
const (
	protocolHTTP  = "HTTP"
	protocolHTTPS = "HTTPS"
)

// listenerContext is one listener on its way through translation.
type listenerContext struct {
	*gatewayContext
	spec *gatewayv1.Listener
	made *ir.Listener
}

func (l *listenerContext) refusef(code ir.Code, format string, args ...any) {
	object := ir.Object{Kind: "Gateway", Namespace: l.name.Namespace, Name: l.name.Name}
	problem := code.Problem(object, format, args...)
	problem.Listener = l.made.Name
	l.made.Problems = append(l.made.Problems, problem)
}

// listeners translates all listeners of a Gateway, each by itself, then against each other.
func (t *translator) listeners(c *gatewayContext) {
	specs := c.object.Spec.Listeners
	c.out.Listeners = make([]ir.Listener, len(specs))
	for i := range specs {
		l := &listenerContext{gatewayContext: c, spec: &specs[i], made: &c.out.Listeners[i]}
		l.made.Name = string(specs[i].Name)
		l.made.Port = specs[i].Port
		l.made.Protocol = string(specs[i].Protocol)
		l.made.Hostname = hostnameOf(specs[i].Hostname)
		l.kinds()
		l.selector()
		switch {
		case l.protocol():
			l.port()
			t.listenerTLS(l)
		default:
			l.made.Kinds = nil
		}
	}
	c.conflicts()
	c.overlaps()
	for i := range c.out.Listeners {
		listener := &c.out.Listeners[i]
		listener.Serves = serves(listener, len(c.certificates[listener.Name]))
		listener.Proxied = serves(listener, len(c.certificates[listener.Name])+proxyNeedsNone(c.provider.EndsTLS))
	}
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

// proxyNeedsNone counts as a certificate where proxies get plain HTTP.
func proxyNeedsNone(endsTLS bool) int {
	if endsTLS {
		return 1
	}
	return 0
}

// protocol refuses what cannot be served, and says whether it can.
func (l *listenerContext) protocol() bool {
	switch l.made.Protocol {
	case protocolHTTP, protocolHTTPS:
		return true
	case "TLS", "TCP", "UDP":
		l.refusef(ir.UnsupportedProtocol,
			"protocol %s is not supported by this GatewayClass, whose fronts speak HTTP and HTTPS: "+
				"use protocol HTTPS with tls.mode Terminate, or a class of another controller",
			l.made.Protocol)
	default:
		l.refusef(ir.UnsupportedProtocol, "protocol %q is not known: use HTTP or HTTPS", l.made.Protocol)
	}
	return false
}

func (l *listenerContext) port() {
	switch port := l.made.Port; {
	case port < 1 || port > 65535:
		l.refusef(ir.PortUnavailable, "port %d is not between 1 and 65535", port)
	case port == healthPort:
		l.refusef(ir.PortUnavailable, "port %d is where proxies answer health checks: use another port", port)
	}
}

// kinds lists the kinds of route that the listener takes, as status shows them.
func (l *listenerContext) kinds() {
	allowed := l.spec.AllowedRoutes
	if allowed == nil || len(allowed.Kinds) == 0 {
		l.made.Kinds = []ir.RouteKind{{Group: gatewayv1.GroupName, Kind: kindHTTPRoute}}
		return
	}
	var unknown []string
	for _, kind := range allowed.Kinds {
		group := gatewayv1.GroupName
		if kind.Group != nil {
			group = string(*kind.Group)
		}
		if group == gatewayv1.GroupName && kind.Kind == kindHTTPRoute {
			l.made.Kinds = []ir.RouteKind{{Group: group, Kind: kindHTTPRoute}}
			continue
		}
		unknown = append(unknown, fmt.Sprintf("%s/%s", group, kind.Kind))
	}
	if len(unknown) > 0 {
		l.refusef(ir.InvalidRouteKinds, "allowedRoutes.kinds: %s cannot be attached to a listener of protocol %s: allow kind HTTPRoute of group %s",
			strings.Join(unknown, ", "), l.made.Protocol, gatewayv1.GroupName)
	}
}

// selector refuses a namespace selector that cannot be read; it then selects nothing.
func (l *listenerContext) selector() {
	if _, err := allowedNamespaces(l.spec.AllowedRoutes); err != nil {
		l.refusef(ir.UnsupportedValue, "allowedRoutes.namespaces: %v", err)
	}
}
