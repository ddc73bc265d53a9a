package translate

import (
	"strings"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/internal/ir"
)

const wildcard = "*."

func hostnameOf(hostname *gatewayv1.Hostname) string {
	if hostname == nil {
		return ""
	}
	return strings.ToLower(string(*hostname))
}

// intersect is what two hostnames have in common: "" is any, and "*.example.com" is every name, of any number
// of labels, that ends in ".example.com". The second answer says whether they have anything in common.
func intersect(a, b string) (string, bool) {
	switch {
	case a == b || b == "":
		return a, true
	case a == "":
		return b, true
	case covers(a, b):
		return b, true
	case covers(b, a):
		return a, true
	}
	return "", false
}

// covers says whether a is a wildcard that every name of b matches.
func covers(a, b string) bool {
	suffix, isWildcard := strings.CutPrefix(a, wildcard)
	if !isWildcard {
		return false
	}
	return strings.HasSuffix(strings.TrimPrefix(b, "*"), "."+suffix)
}

// tier ranks a route's own hostname among those that give the same intersection: the more specific, the lower
// (GatewayRouteHostnameIntersectionPrecedence, Gateway API 1.7). It depends on nothing but the two names,
// so that no route moves another.
func tier(own, intersection string) int {
	switch own {
	case intersection:
		return 0
	case "":
		return 2 + len(intersection)
	}
	return 1 + len(intersection) - len(own)
}

func orAnyHostname(hostname string) string {
	if hostname == "" {
		return "any hostname"
	}
	return "hostname " + hostname
}

// maxTier is more than any tier: a hostname has at most 253 characters.
const maxTier = 256

// tier ranks a hostname of the route. A GRPCRoute comes before all HTTPRoutes of a hostname: it takes gRPC
// alone, and so their rules are never mixed (see docs/adr/0016).
func (r *routeContext) tier(own, intersection string) int {
	if r.key.Kind == ir.GRPCRoute {
		return tier(own, intersection) - maxTier
	}
	return tier(own, intersection)
}

// hostnameOn is the hostname that routes meet on a listener: none where no names are spoken of.
func hostnameOn(listener *ir.Listener) string {
	if listener.Protocol == protocolTCP || listener.Protocol == protocolUDP {
		return ""
	}
	return listener.Hostname
}
