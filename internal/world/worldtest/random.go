package worldtest

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	awsv1alpha1 "github.com/fleetgate/fleetgate/apis/aws/v1alpha1"
	"github.com/fleetgate/fleetgate/internal/world"
)

// The words that random Worlds are made of: few, so that things refer to each other.
var (
	namespaces = []string{"infra", "red", "blue"}
	hostnames  = []gatewayv1.Hostname{"", "a.example.com", "b.a.example.com", "*.example.com", "*.a.example.com", "other.org"}
	labelSets  = []map[string]string{nil, {"team": "red"}, {"team": "blue", "tier": "one"}}
	names      = []string{"one", "two", "three"}
	members    = []string{"east", "west", "hub"}
	gateways   = []world.Name{{Namespace: "infra", Name: "web"}, {Namespace: "infra", Name: "api"}, {Namespace: "red", Name: "web"}}
)

func pick[T any](t *rapid.T, label string, from ...T) T {
	return rapid.SampledFrom(from).Draw(t, label)
}

func chance(t *rapid.T, label string, percent int) bool {
	return rapid.IntRange(1, 100).Draw(t, label) <= percent
}

// Random is any World of a small vocabulary, sound and broken things mixed.
func Random(t *rapid.T) *world.World {
	w := Empty()
	if chance(t, "furnished", 80) {
		furnish(t, w)
	}
	for range rapid.IntRange(5, 40).Draw(t, "mutations") {
		Mutate(t, w)
	}
	return w
}

// furnish gives a World what routes need to lead somewhere, which chance alone hardly ever puts together.
func furnish(t *rapid.T, w *world.World) {
	w.Classes["alb"] = &gatewayv1.GatewayClass{ObjectMeta: meta(t, "", "alb"), Spec: gatewayv1.GatewayClassSpec{ControllerName: Controller}}
	w.Classes["plain"] = &gatewayv1.GatewayClass{ObjectMeta: meta(t, "", "plain"), Spec: gatewayv1.GatewayClassSpec{ControllerName: Plain}}
	all := gatewayv1.NamespacesFromAll
	for _, name := range gateways {
		gateway := &gatewayv1.Gateway{ObjectMeta: meta(t, name.Namespace, name.Name)}
		gateway.Spec.GatewayClassName = pick[gatewayv1.ObjectName](t, "class", "alb", "plain", "plain")
		for i, protocol := range []gatewayv1.ProtocolType{"HTTP", "TCP", "UDP", "TLS"} {
			listener := gatewayv1.Listener{Name: sections[i], Port: int32(80 + i), Protocol: protocol}
			listener.AllowedRoutes = &gatewayv1.AllowedRoutes{Namespaces: &gatewayv1.RouteNamespaces{From: &all}}
			if protocol == "TLS" {
				listener.TLS = &gatewayv1.ListenerTLSConfig{Mode: new(gatewayv1.TLSModePassthrough)}
			}
			gateway.Spec.Listeners = append(gateway.Spec.Listeners, listener)
		}
		w.Gateways[name] = gateway
	}
	for _, name := range []string{"east", "west"} {
		member := &world.Member{Name: name, Proxies: map[world.Name]world.Proxies{}}
		for _, namespace := range namespaces {
			for _, service := range names {
				made := &corev1.Service{ObjectMeta: meta(t, namespace, service)}
				made.Spec.Ports = []corev1.ServicePort{
					{Name: "http", Port: 80}, {Name: "udp", Port: 80, Protocol: corev1.ProtocolUDP}, {Name: "other", Port: 81},
				}
				member.Services = member.Services.With(world.Name{Namespace: namespace, Name: service}, made)
			}
		}
		w.Members[name] = member
	}
}

// mutations change one thing of a World each and say which.
var mutations = []func(*rapid.T, *world.World) world.Key{
	mutateClass, mutateALB, mutateGateway, mutateGateway, mutateListenerSet, mutateListenerSet, mutateConfigMap, mutateConfigMap, mutateTrustBundle,
	mutateRoute, mutateRoute, mutateRoute, mutateRoute, mutateOtherRoute, mutateOtherRoute, mutateOtherRoute, mutatePolicy, mutatePolicy,
	mutateTrafficPolicy, mutateGrant,
	mutateNamespace, mutateInstalled, mutateSecret, mutateService, mutateService, mutateMember, mutateProxies, mutateFront,
}

// Mutate changes one thing of a World in place, never an object in it, and says which.
func Mutate(t *rapid.T, w *world.World) world.Key {
	return pick(t, "mutation", mutations...)(t, w)
}

func put[K comparable, V any](t *rapid.T, objects map[K]V, key K, object V) {
	if chance(t, "delete", 15) {
		delete(objects, key)
		return
	}
	objects[key] = object
}

func putObject[V any](t *rapid.T, objects *world.Objects[V], name world.Name, object V) {
	if chance(t, "delete", 15) {
		*objects = objects.Without(name)
		return
	}
	*objects = objects.With(name, object)
}

func meta(t *rapid.T, namespace, name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Namespace: namespace, Name: name, Generation: rapid.Int64Range(1, 3).Draw(t, "generation"),
		CreationTimestamp: metav1.Unix(rapid.Int64Range(1, 3).Draw(t, "created"), 0),
	}
}

func mutateClass(t *rapid.T, w *world.World) world.Key {
	name := pick(t, "class", "alb", "plain")
	class := &gatewayv1.GatewayClass{ObjectMeta: meta(t, "", name)}
	class.Spec.ControllerName = pick[gatewayv1.GatewayController](t, "controller", Controller, Controller, Plain, "example.com/other")
	if class.Spec.ControllerName == Controller && chance(t, "parameters", 60) {
		class.Spec.ParametersRef = &gatewayv1.ParametersReference{
			Group: "gateway.aws.company.com", Kind: pick[gatewayv1.Kind](t, "kind", "ALBConfig", "ALBConfig", "Other"), Name: pick(t, "name", names...),
		}
	}
	put(t, w.Classes, name, class)
	return world.Key{Kind: world.KindGatewayClass, Name: world.Name{Name: name}}
}

func mutateALB(t *rapid.T, w *world.World) world.Key {
	name := pick(t, "name", names...)
	config := &awsv1alpha1.ALBConfig{ObjectMeta: meta(t, "", name)}
	config.Spec.Scheme = pick(t, "scheme", "", "internal", "internet-facing", "internal", "nonsense")
	if chance(t, "placement", 30) {
		config.Spec.Placement = &awsv1alpha1.Placement{ClusterSelector: &metav1.LabelSelector{MatchLabels: pick(t, "labels", labelSets...)}}
	}
	put(t, w.ALBConfigs, name, config)
	return world.Key{Kind: world.KindALBConfig, Name: world.Name{Name: name}}
}

func mutateGateway(t *rapid.T, w *world.World) world.Key {
	name := pick(t, "gateway", gateways...)
	gateway := &gatewayv1.Gateway{ObjectMeta: meta(t, name.Namespace, name.Name)}
	gateway.Spec.GatewayClassName = pick[gatewayv1.ObjectName](t, "class", "alb", "alb", "plain", "none")
	for i := range rapid.IntRange(1, 4).Draw(t, "listeners") {
		gateway.Spec.Listeners = append(gateway.Spec.Listeners, randomListener(t, sections[i]))
	}
	if chance(t, "own", 15) {
		gateway.Spec.Infrastructure = &gatewayv1.GatewayInfrastructure{ParametersRef: &gatewayv1.LocalParametersReference{
			Group: "gateway.aws.company.com", Kind: "ALBConfig", Name: pick(t, "name", names...),
		}}
	}
	gateway.Spec.TLS = randomTLS(t)
	gateway.Spec.DefaultScope = randomScope(t)
	for range pick(t, "addresses", 0, 0, 0, 1, 2) {
		gateway.Spec.Addresses = append(gateway.Spec.Addresses, gatewayv1.GatewaySpecAddress{
			Routability: pick(t, "routability", gatewayv1.GatewayAddressRoutabilityDefault, gatewayv1.GatewayAddressRoutabilityCluster, "example.com/own"),
		})
	}
	if chance(t, "sets", 70) {
		from := pick(t, "from", gatewayv1.NamespacesFromAll, gatewayv1.NamespacesFromSame, gatewayv1.NamespacesFromSelector, gatewayv1.NamespacesFromNone)
		gateway.Spec.AllowedListeners = &gatewayv1.AllowedListeners{Namespaces: &gatewayv1.ListenerNamespaces{
			From: &from, Selector: &metav1.LabelSelector{MatchLabels: pick(t, "labels", labelSets...)},
		}}
	}
	if chance(t, "deleting", 5) {
		gateway.DeletionTimestamp = new(metav1.Unix(9, 0))
	}
	put(t, w.Gateways, name, gateway)
	return world.Key{Kind: world.KindGateway, Name: name}
}

// randomScope is whether a Gateway is a default one, or a route uses those.
func randomScope(t *rapid.T) gatewayv1.GatewayDefaultScope {
	return pick(t, "scope", "", "", "", gatewayv1.GatewayDefaultScopeNone, gatewayv1.GatewayDefaultScopeAll, gatewayv1.GatewayDefaultScopeAll)
}

// sections are names of listeners.
var sections = []gatewayv1.SectionName{"l1", "l2", "l3", "l4"}

func randomListener(t *rapid.T, name gatewayv1.SectionName) gatewayv1.Listener {
	out := gatewayv1.Listener{
		Name: name, Port: pick[int32](t, "port", 80, 443, 8080),
		Protocol: pick[gatewayv1.ProtocolType](t, "protocol", "HTTP", "HTTP", "HTTPS", "HTTPS", "TLS", "TCP", "UDP", "example.com/own"),
	}
	if hostname := pick(t, "hostname", hostnames...); hostname != "" {
		out.Hostname = &hostname
	}
	if (out.Protocol == "HTTPS" || out.Protocol == "TLS") && chance(t, "tls", 80) {
		ref := gatewayv1.SecretObjectReference{Name: pick[gatewayv1.ObjectName](t, "secret", "one", "two", "three")}
		if chance(t, "foreign", 30) {
			ref.Namespace = new(pick[gatewayv1.Namespace](t, "namespace", "red", "blue"))
		}
		out.TLS = &gatewayv1.ListenerTLSConfig{CertificateRefs: []gatewayv1.SecretObjectReference{ref}}
		if out.Protocol == "TLS" {
			out.TLS.Mode = new(pick(t, "mode", gatewayv1.TLSModeTerminate, gatewayv1.TLSModePassthrough))
		}
	}
	if chance(t, "filters", 20) {
		out.Filters = randomListenerFilters(t)
	}
	if chance(t, "allowed", 80) {
		from := pick(t, "from",
			gatewayv1.NamespacesFromAll, gatewayv1.NamespacesFromAll, gatewayv1.NamespacesFromSame, gatewayv1.NamespacesFromSelector)
		out.AllowedRoutes = &gatewayv1.AllowedRoutes{Namespaces: &gatewayv1.RouteNamespaces{From: &from}}
		if from == gatewayv1.NamespacesFromSelector {
			out.AllowedRoutes.Namespaces.Selector = &metav1.LabelSelector{MatchLabels: pick(t, "labels", labelSets...)}
		}
		if chance(t, "kinds", 10) {
			out.AllowedRoutes.Kinds = []gatewayv1.RouteGroupKind{{Kind: pick[gatewayv1.Kind](t, "kind", "HTTPRoute", "TCPRoute")}}
		}
	}
	return out
}

func mutateGrant(t *rapid.T, w *world.World) world.Key {
	name := world.Name{Namespace: pick(t, "namespace", namespaces...), Name: pick(t, "name", names...)}
	grant := &gatewayv1.ReferenceGrant{ObjectMeta: meta(t, name.Namespace, name.Name)}
	grant.Spec.From = []gatewayv1.ReferenceGrantFrom{{
		Group: gatewayv1.GroupName, Kind: pick[gatewayv1.Kind](t, "from", "HTTPRoute", "GRPCRoute", "UDPRoute", "Gateway", "ListenerSet"),
		Namespace: gatewayv1.Namespace(pick(t, "namespace", namespaces...)),
	}}
	grant.Spec.To = []gatewayv1.ReferenceGrantTo{{Kind: pick[gatewayv1.Kind](t, "to", "Service", "Secret", "ConfigMap")}}
	if chance(t, "named", 30) {
		grant.Spec.To[0].Name = new(gatewayv1.ObjectName(pick(t, "name", names...)))
	}
	put(t, w.Grants, name, grant)
	return world.Key{Kind: world.KindReferenceGrant, Name: name}
}

func mutateNamespace(t *rapid.T, w *world.World) world.Key {
	name := pick(t, "namespace", namespaces...)
	put(t, w.Namespaces, name, &corev1.Namespace{Name: name, Labels: pick(t, "labels", labelSets...)})
	return world.Key{Kind: world.KindNamespace, Name: world.Name{Name: name}}
}

func mutateSecret(t *rapid.T, w *world.World) world.Key {
	name := world.Name{Namespace: pick(t, "namespace", namespaces...), Name: pick(t, "name", names...)}
	secret := &corev1.Secret{ObjectMeta: meta(t, name.Namespace, name.Name), Data: map[string][]byte{}}
	if chance(t, "good", 70) {
		secret.Data[corev1.TLSCertKey], secret.Data[corev1.TLSPrivateKeyKey] = Certificate("a.example.com")
	}
	put(t, w.Secrets, name, secret)
	if chance(t, "absent", 10) {
		w.Secrets[name] = nil
	}
	return world.Key{Kind: world.KindSecret, Name: name}
}

func mutateMember(t *rapid.T, w *world.World) world.Key {
	name := pick(t, "member", members...)
	made := &world.Member{Name: name, Proxies: map[world.Name]world.Proxies{}}
	if old := w.Members[name]; old != nil {
		*made = *old
	}
	made.Labels = pick(t, "labels", labelSets...)
	made.Unreachable = pick(t, "unreachable", "", "", "refused", "timeout")
	put(t, w.Members, name, made)
	return world.Key{Kind: world.KindMember, Name: world.Name{Name: name}}
}

// withMember replaces a random member by a copy that change may write to.
func withMember(t *rapid.T, w *world.World, change func(*world.Member)) {
	if len(w.Members) == 0 {
		return
	}
	present := make([]string, 0, len(w.Members))
	for name := range w.Members {
		present = append(present, name)
	}
	slices.Sort(present)
	name := pick(t, "member", present...)
	made := copyMember(w.Members[name])
	change(made)
	w.Members[name] = made
}

func mutateService(t *rapid.T, w *world.World) world.Key {
	name := world.Name{Namespace: pick(t, "namespace", namespaces...), Name: pick(t, "name", names...)}
	service := &corev1.Service{ObjectMeta: meta(t, name.Namespace, name.Name)}
	service.Spec.Type = pick(t, "type", corev1.ServiceTypeClusterIP, corev1.ServiceTypeClusterIP, corev1.ServiceTypeExternalName)
	service.Spec.Ports = []corev1.ServicePort{{
		Port: pick[int32](t, "port", 80, 81), Name: pick(t, "port name", "", "http"),
		Protocol: pick[corev1.Protocol](t, "transport", "", "TCP", "UDP"),
	}}
	if chance(t, "says", 50) {
		service.Spec.Ports[0].AppProtocol = new(pick(t, "appProtocol", "kubernetes.io/h2c", "kubernetes.io/ws", "https", "http"))
	}
	withMember(t, w, func(member *world.Member) { putObject(t, &member.Services, name, service) })
	return world.Key{Kind: world.KindService, Name: name}
}

func mutateProxies(t *rapid.T, w *world.World) world.Key {
	name := pick(t, "gateway", gateways...)
	withMember(t, w, func(member *world.Member) {
		put(t, member.Proxies, name, world.Proxies{
			Addresses: []string{"10.0.0.1"}, Ready: rapid.IntRange(0, 2).Draw(t, "ready"), Generation: rapid.Int64Range(0, 3).Draw(t, "generation"),
			Revisions: pick(t, "revisions", nil, nil, []string{"unseen"}),
		})
	})
	return world.Key{Kind: world.KindProxies, Name: name}
}

func mutateFront(t *rapid.T, w *world.World) world.Key {
	name := pick(t, "gateway", gateways...)
	put(t, w.Fronts, name, world.Front{
		Generation: rapid.Int64Range(1, 3).Draw(t, "generation"), Active: chance(t, "active", 70),
		Subnets:   pick(t, "subnets", nil, []string{"10.9.0.0/24"}, []string{"10.9.0.0/24", "10.9.1.0/24"}),
		Addresses: []world.Address{{Hostname: "front.example.net"}},
	})
	return world.Key{Kind: world.KindFront, Name: name}
}
