package ir

import (
	"cmp"
	"slices"
	"strings"

	"github.com/fleetgate/fleetgate/dataplane/config"
)

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
	// Frozen says that the cloud is left as it is: the provider is not called. It is so while the Gateway is not
	// accepted, unless it lacks nothing but certificates that can be read: the front may have the last good ones.
	Frozen bool `json:"frozen,omitempty"`
	// Unread says that a Secret or ConfigMap which the Gateway names has not been looked for yet: until it was, front and proxies
	// stay as they are.
	Unread bool `json:"unread,omitempty"`
	// Serving says that proxies should run: the Gateway is accepted, or a front of it lives on.
	Serving bool `json:"serving,omitempty"`
	// Deleting says that the Gateway is about to go: Front has only the owner and the parameters.
	Deleting bool `json:"deleting,omitempty"`
	// Default says that routes attach to the Gateway which ask for all default Gateways (GEP-3793).
	Default bool `json:"default,omitempty"`
	// EndsTLS says that the front ends the TLS of HTTPS listeners, so that proxies get plain HTTP.
	EndsTLS bool `json:"endsTLS,omitempty"`
	// Labels and Annotations go on everything that is made for the Gateway (GEP-1762).
	Labels      map[string]string `json:"labels,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
	// Listeners are the Gateway's own in its order, then those of its ListenerSets that are allowed, in the
	// order of Sets.
	Listeners []Listener `json:"listeners,omitempty"`
	// Sets are the ListenerSets that name the Gateway, by precedence: the oldest first, then by namespace and name.
	Sets []*ListenerSet `json:"sets,omitempty"`
	// BackendSecret is "namespace/name" of the certificate that proxies show to backends; "" for none.
	BackendSecret string `json:"backendSecret,omitempty"`
	// InsecureFallback says that on some port clients get in without a valid certificate although they are
	// asked for one.
	InsecureFallback bool `json:"insecureFallback,omitempty"`
	// Members that are placed, sorted by name.
	Members []Member `json:"members,omitempty"`
	// Routability is from where the addresses of the front are to be reached, if the Gateway asks for that: "Cluster", or "".
	Routability string `json:"routability,omitempty"`
	// Pools that filters of listeners name, sorted by key, and Policies of those, "kind/namespace/name", sorted.
	Pools    []Pool   `json:"pools,omitempty"`
	Policies []string `json:"policies,omitempty"`
	Front    Front    `json:"front"`
	// TrustedProxies are the networks (CIDR) whose forwarded headers proxies believe, sorted.
	TrustedProxies []string  `json:"trustedProxies,omitempty"`
	Problems       []Problem `json:"problems,omitempty"`

	// Shape is all that routes can see of the Gateway but for its Sets: routes need no new translation while it
	// is equal, and so is that of the set that they name.
	Shape string `json:"-"`
	// Revision names what proxies get of the Gateway and all its listeners, OwnRevision what they get of the Gateway itself and its
	// own listeners: equal names, equal configuration.
	Revision    string `json:"-"`
	OwnRevision string `json:"-"`
	// Deps are the hashes of all that the translation of the Gateway looked at. A Gateway whose routes were counted again
	// shares them, and nothing else does.
	Deps []uint64 `json:"-"`
}

// Key of the Gateway.
func (g *Gateway) Key() Key { return Key{g.Namespace, g.Name} }

// Alike says that two Gateways are of one translation, so that they differ at most in how many routes are attached. It compares
// addresses: of two translations that give the same it says no.
func (g *Gateway) Alike(other *Gateway) bool {
	if g == nil || other == nil || g == other {
		return g == other
	}
	return len(g.Deps) > 0 && len(g.Deps) == len(other.Deps) && &g.Deps[0] == &other.Deps[0]
}

// Listener finds a listener by name; nil if there is none.
func (g *Gateway) Listener(name string) *Listener {
	for i := range g.Listeners {
		if g.Listeners[i].Name == name {
			return &g.Listeners[i]
		}
	}
	return nil
}

// Own are the listeners of the Gateway itself.
func (g *Gateway) Own() []Listener {
	for i := range g.Listeners {
		if g.Listeners[i].Set != "" {
			return g.Listeners[:i]
		}
	}
	return g.Listeners
}

// Set finds one of Sets by what gives it its precedence; nil if it is not there.
func (g *Gateway) Set(created int64, key Key) *ListenerSet {
	at, found := slices.BinarySearchFunc(g.Sets, key, func(s *ListenerSet, want Key) int { return s.compare(created, want) })
	if !found {
		return nil
	}
	return g.Sets[at]
}

// ListenersOf are the listeners of one of Sets; none if it is not allowed.
func (g *Gateway) ListenersOf(set *ListenerSet) []Listener {
	return g.Listeners[set.First : set.First+set.Count]
}

// ProxySecrets are "namespace/name" of all Secrets that proxies of the Gateway read, sorted.
func (g *Gateway) ProxySecrets() []string {
	var out []string
	for i := range g.Listeners {
		if listener := &g.Listeners[i]; listener.Proxied && listener.ProxyEndsTLS(g.EndsTLS) {
			out = append(out, listener.Secrets...)
		}
	}
	if g.BackendSecret != "" {
		out = append(out, g.BackendSecret)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// ListenerSet is a ListenerSet that names a Gateway of ours.
type ListenerSet struct {
	Namespace  string `json:"namespace"`
	Name       string `json:"name"`
	Generation int64  `json:"generation,omitempty"`
	Created    int64  `json:"created,omitempty"`
	// Accepted says that the Gateway takes the set, and that at least one listener of it serves.
	Accepted bool `json:"accepted"`
	// First and Count say where the listeners of the set are among those of the Gateway.
	First int `json:"first"`
	Count int `json:"count"`
	// Problems of the set as a whole.
	Problems []Problem `json:"problems,omitempty"`

	// Shape is all that routes can see of the set itself, see Gateway.Shape.
	Shape string `json:"-"`
	// Revision names what proxies get of the listeners of the set, see Gateway.Revision.
	Revision string `json:"-"`
	// Deps are the hashes of all that the translation of the set and its listeners looked at, but for what the Gateway depends on.
	Deps []uint64 `json:"-"`
}

// Key of the ListenerSet.
func (s *ListenerSet) Key() Key { return Key{s.Namespace, s.Name} }

// Compare tells which of two ListenerSets of a Gateway has precedence.
func (s *ListenerSet) Compare(other *ListenerSet) int { return s.compare(other.Created, other.Key()) }

func (s *ListenerSet) compare(created int64, key Key) int {
	return cmp.Or(cmp.Compare(s.Created, created), s.Key().Compare(key))
}

// Member is a member that is placed.
type Member struct {
	Name string `json:"name"`
	// Unreachable, if not empty, says why the member cannot be asked.
	Unreachable string `json:"unreachable,omitempty"`
}

// Listener is one listener of a Gateway.
type Listener struct {
	// Name is unique in the Gateway. A listener of a ListenerSet is called "namespace/set/listener".
	Name string `json:"name"`
	// Set is "namespace/name" of the ListenerSet that the listener is in; "" for the Gateway's own.
	Set      string `json:"set,omitempty"`
	Port     int32  `json:"port"`
	Protocol string `json:"protocol"`
	// Hostname is lower case; "" for any.
	Hostname string `json:"hostname,omitempty"`
	// Kinds of routes that may attach, as status tells them.
	Kinds []RouteKind `json:"kinds,omitempty"`
	// Serves says that the listener is made at the front and in proxies.
	Serves bool `json:"serves"`
	// Proxied says that proxies listen: the listener serves, or lacks nothing but a certificate that the
	// proxies do not need because the front ends TLS, or of which they may have an earlier one, or has filters that let
	// nobody in.
	Proxied bool `json:"proxied"`
	// Secrets are "namespace/name" of the certificates that can be used, in order; where proxies end TLS, also of those that
	// cannot be read now: proxies go on with the last that could be.
	Secrets []string `json:"secrets,omitempty"`
	// Certificates are what the Secrets hold, and those of Secrets that are spoilt.
	Certificates []*Certificate `json:"-"`
	// Passthrough says that TLS is passed on as it is.
	Passthrough bool `json:"passthrough,omitempty"`
	// ClientAuth is what clients have to show, where proxies end TLS.
	ClientAuth config.ClientAuth `json:"clientAuth,omitzero"`
	// TLSOptions bound what is negotiated with clients, where proxies end TLS.
	TLSOptions config.TLSOptions `json:"tlsOptions,omitzero"`
	// Filters run on every request before a route is looked for.
	Filters []config.ListenerFilter `json:"filters,omitempty"`
	// Notes are remarks on references that do resolve, such as the members that lack a Service.
	Notes []string `json:"notes,omitempty"`
	// Attached is the number of accepted routes on the listener, whether it serves or not.
	Attached int32 `json:"attached"`
	// Overlapping names the listeners whose hostnames overlap with this one's under TLS; "" for none.
	Overlapping string    `json:"overlapping,omitempty"`
	Problems    []Problem `json:"problems,omitempty"`
}

// Section is the listener's name in the object that it is in.
func (l *Listener) Section() string { return l.Name[strings.LastIndexByte(l.Name, '/')+1:] }

// ProxyEndsTLS says whether proxies end the TLS of the listener. endsTLS is the Gateway's.
func (l *Listener) ProxyEndsTLS(endsTLS bool) bool {
	switch config.Protocol(l.Protocol) {
	case config.HTTPS:
		return !endsTLS
	case config.TLSProtocol:
		return !l.Passthrough
	default:
		return false
	}
}

// RouteKind is a group and kind of routes.
type RouteKind struct {
	Group string `json:"group"`
	Kind  string `json:"kind"`
}
