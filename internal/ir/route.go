package ir

import "github.com/fleetgate/fleetgate/dataplane/config"

// Route is a route of any kind.
type Route struct {
	Kind       string `json:"kind"`
	Namespace  string `json:"namespace"`
	Name       string `json:"name"`
	Generation int64  `json:"generation,omitempty"`
	Created    int64  `json:"created,omitempty"`
	// Parents are the parentRefs that name one of our Gateways, in order, then the default Gateways, sorted.
	Parents []RouteParent `json:"parents,omitempty"`
	// Gateways are what proxies of each Gateway get of this route, sorted by Gateway.
	Gateways []RouteGateway `json:"gateways,omitempty"`

	// Deps are the hashes of all that the translation of the route looked at.
	Deps []uint64 `json:"-"`
}

// Key of the route.
func (r *Route) Key() RouteKey { return RouteKey{Key{r.Namespace, r.Name}, r.Kind} }

// For is what the proxies of a Gateway get of the route; nil if nothing.
func (r *Route) For(gateway Key) *RouteGateway {
	for i := range r.Gateways {
		if gateway.is(r.Gateways[i].Gateway) {
			return &r.Gateways[i]
		}
	}
	return nil
}

// RouteParent is the answer to one parentRef, or tells of a default Gateway.
type RouteParent struct {
	// Index of the parentRef in the route's spec; for a default Gateway one that no parentRef has.
	Index int `json:"index"`
	// Default says that the route does not name the Gateway, which is a default one.
	Default bool `json:"default,omitempty"`
	// Gateway is "namespace/name".
	Gateway    string `json:"gateway"`
	Controller string `json:"controller"`
	Accepted   bool   `json:"accepted"`
	// Listeners that the route is attached to, in the order of the Gateway.
	Listeners []string  `json:"listeners,omitempty"`
	Problems  []Problem `json:"problems,omitempty"`
	// Notes are remarks on references that do resolve, such as the members that lack a Service.
	Notes []string `json:"notes,omitempty"`
}

// RouteGateway is one route as the proxies of one Gateway see it.
type RouteGateway struct {
	// Gateway is "namespace/name".
	Gateway string `json:"gateway"`
	// Hosts are sorted by listener, hostname.
	Hosts []RouteHost   `json:"hosts"`
	Rules []config.Rule `json:"rules,omitempty"`
	// Passed are the rules at hosts that pass TLS on as it is, in the place of Rules: their backends speak TLS with the client.
	Passed []config.Rule `json:"passed,omitempty"`
	// Pools that the rules name, sorted by key.
	Pools []Pool `json:"pools,omitempty"`
	// Policies are those of the backends, "kind/namespace/name", whether they can be used or not, sorted.
	Policies []string `json:"policies,omitempty"`
}

// RulesAt are the rules that hold at a host.
func (g *RouteGateway) RulesAt(host RouteHost) []config.Rule {
	if host.Passthrough {
		return g.Passed
	}
	return g.Rules
}

// RouteHost is an intersection of a route's hostname and a listener's, see config.Host.
type RouteHost struct {
	Listener string `json:"listener"`
	Hostname string `json:"hostname,omitempty"`
	Tier     int    `json:"tier,omitempty"`
	// Passthrough says that the listener passes TLS on as it is.
	Passthrough bool `json:"passthrough,omitempty"`
}

// Pool is a port of a Service as the first member that has it tells.
type Pool struct {
	config.Pool
	// Local are the members where that port has another name or protocol, sorted by member.
	Local []LocalPort `json:"local,omitempty"`
}

// LocalPort is a Service's port in one member.
type LocalPort struct {
	Member   string `json:"member"`
	PortName string `json:"portName,omitempty"`
	Protocol string `json:"protocol,omitempty"`
}
