package translate

import (
	"fmt"
	"slices"
	"strings"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/internal/ir"
)

// routeKinds are the kinds of route that a listener of a protocol can take. TCPRoute left TLS in Gateway API 1.5.
func routeKinds(protocol string) []string {
	switch protocol {
	case protocolHTTP, protocolHTTPS:
		return []string{kindHTTPRoute, kindGRPCRoute}
	case protocolTLS:
		return []string{kindTLSRoute}
	case protocolTCP:
		return []string{kindTCPRoute}
	case protocolUDP:
		return []string{kindUDPRoute}
	}
	return nil
}

// takes says whether routes of a kind may attach to a listener.
func takes(listener *ir.Listener, kind string) bool {
	return slices.Contains(listener.Kinds, ir.RouteKind{Group: gatewayv1.GroupName, Kind: kind})
}

// kinds lists the kinds of route that the listener takes, as status shows them.
func (l *listenerContext) kinds() {
	able := routeKinds(l.made.Protocol)
	if fronts := l.provider.RouteKinds; len(fronts) > 0 {
		able = slices.DeleteFunc(able, func(kind string) bool { return !slices.Contains(fronts, kind) })
	}
	allowed := l.spec.AllowedRoutes
	if allowed == nil || len(allowed.Kinds) == 0 {
		for _, kind := range able {
			l.made.Kinds = append(l.made.Kinds, ir.RouteKind{Group: gatewayv1.GroupName, Kind: kind})
		}
		return
	}
	var unfit []string
	for _, kind := range allowed.Kinds {
		wanted := ir.RouteKind{Group: string(derefOr(kind.Group, gatewayv1.GroupName)), Kind: string(kind.Kind)}
		switch {
		case wanted.Group != gatewayv1.GroupName || !slices.Contains(able, wanted.Kind):
			unfit = append(unfit, fmt.Sprintf("%s/%s", wanted.Group, wanted.Kind))
		case !slices.Contains(l.made.Kinds, wanted):
			l.made.Kinds = append(l.made.Kinds, wanted)
		}
	}
	if len(unfit) > 0 {
		l.refusef(ir.InvalidRouteKinds, "allowedRoutes.kinds: %s cannot be attached to a listener of protocol %s: allow kind %s of group %s",
			strings.Join(unfit, ", "), l.made.Protocol, strings.Join(able, " or "), gatewayv1.GroupName)
	}
}
