package ir

// Gateway is a Gateway of one of our classes.
type Gateway struct {
	Namespace  string `json:"namespace"`
	Name       string `json:"name"`
	UID        string `json:"uid,omitempty"`
	Generation int64  `json:"generation,omitempty"`
	Created    int64  `json:"created,omitempty"`
	Class      string `json:"class"`
	Controller string `json:"controller"`
	// Accepted says that the Gateway's own input can be used. Problems say why not.
	Accepted bool `json:"accepted"`
	// Frozen says that the cloud is left as it is: the provider is not called. It is so while the
	// Gateway is not accepted.
	Frozen bool `json:"frozen,omitempty"`
	// Serving says that proxies should run: the Gateway is accepted, or a front of it lives on.
	Serving bool `json:"serving,omitempty"`
	// Deleting says that the Gateway is about to go: Front has only the owner and the parameters.
	Deleting bool `json:"deleting,omitempty"`
	// EndsTLS says that the front ends TLS, so that proxies get plain HTTP.
	EndsTLS bool `json:"endsTLS,omitempty"`
	// Labels and Annotations go on everything that is made for the Gateway (GEP-1762).
	Labels      map[string]string `json:"labels,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
	// Listeners in the order of the Gateway.
	Listeners []Listener `json:"listeners,omitempty"`
	// Members that are placed, sorted by name.
	Members []Member `json:"members,omitempty"`
	Front   Front    `json:"front"`
	// TrustedProxies are the networks (CIDR) whose forwarded headers proxies believe, sorted.
	TrustedProxies []string  `json:"trustedProxies,omitempty"`
	Problems       []Problem `json:"problems,omitempty"`

	// Shape is all that routes can see of the Gateway: routes need no new translation while it is equal.
	Shape string `json:"-"`
	// Deps are the hashes of all that the translation of the Gateway looked at.
	Deps []uint64 `json:"-"`
}

// Key of the Gateway.
func (g *Gateway) Key() Key { return Key{g.Namespace, g.Name} }

// Listener finds a listener by name; nil if there is none.
func (g *Gateway) Listener(name string) *Listener {
	for i := range g.Listeners {
		if g.Listeners[i].Name == name {
			return &g.Listeners[i]
		}
	}
	return nil
}

// Member is a member that is placed.
type Member struct {
	Name string `json:"name"`
	// Unreachable, if not empty, says why the member cannot be asked.
	Unreachable string `json:"unreachable,omitempty"`
}

// Listener is one listener of a Gateway.
type Listener struct {
	Name     string `json:"name"`
	Port     int32  `json:"port"`
	Protocol string `json:"protocol"`
	// Hostname is lower case; "" for any.
	Hostname string `json:"hostname,omitempty"`
	// Kinds of routes that may attach, as status tells them.
	Kinds []RouteKind `json:"kinds,omitempty"`
	// Serves says that the listener is made at the front and in proxies.
	Serves bool `json:"serves"`
	// Proxied says that proxies listen: the listener serves, or lacks nothing but a certificate that the
	// proxies do not need because the front ends TLS.
	Proxied bool `json:"proxied"`
	// Secrets are "namespace/name" of the certificates that can be used, in order.
	Secrets []string `json:"secrets,omitempty"`
	// Attached is the number of accepted routes on the listener, whether it serves or not.
	Attached int32 `json:"attached"`
	// Overlapping names the listeners whose hostnames overlap with this one's under TLS; "" for none.
	Overlapping string    `json:"overlapping,omitempty"`
	Problems    []Problem `json:"problems,omitempty"`
}

// RouteKind is a group and kind of routes.
type RouteKind struct {
	Group string `json:"group"`
	Kind  string `json:"kind"`
}
