// Package worldtest makes Worlds for tests and benchmarks.
package worldtest

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	awsv1alpha1 "github.com/fleetgate/fleetgate/apis/aws/v1alpha1"
	"github.com/fleetgate/fleetgate/internal/world"
)

// Controllers of Empty: one whose fronts end TLS and take an ALBConfig, one whose proxies do and that takes nothing.
const (
	Controller = "gateway.aws.company.com/controller"
	Plain      = "gateway.company.com/service"
)

// Empty is a World with providers and nothing else.
func Empty() *world.World {
	return &world.World{
		Hub:          "test",
		GatewayAPI:   "v1.7.0",
		Experimental: true,
		Providers: map[string]world.Provider{
			Controller: {
				Kind: "ALBConfig", Group: awsv1alpha1.GroupVersion.Group, EndsTLS: true,
				Protocols: []string{"HTTP", "HTTPS"}, RouteKinds: []string{"HTTPRoute"}, Features: []string{"Gateway", "HTTPRoute"},
			},
			Plain: {Features: []string{"HTTPRoute", "Gateway"}},
		},
		Classes:    map[string]*gatewayv1.GatewayClass{},
		ALBConfigs: map[string]*awsv1alpha1.ALBConfig{},
		Gateways:   map[world.Name]*gatewayv1.Gateway{},
		Grants:     map[world.Name]*gatewayv1.ReferenceGrant{},
		Namespaces: map[string]*corev1.Namespace{},
		Secrets:    map[world.Name]*corev1.Secret{},
		ConfigMaps: map[world.Name]*corev1.ConfigMap{},
		Members:    map[string]*world.Member{},
		Fronts:     map[world.Name]world.Front{},
	}
}

// Many is a World with one Gateway, infra/web, in two members, and this many routes in a hundred namespaces.
// Each route has two rules and a hostname: its own, or if oneHost the same as all others.
func Many(routes int, oneHost bool) *world.World {
	w := Empty()
	w.Classes["alb"] = &gatewayv1.GatewayClass{
		Name: "alb", Generation: 1,
		Spec: gatewayv1.GatewayClassSpec{ControllerName: Controller},
	}
	gateway := &gatewayv1.Gateway{Namespace: "infra", Name: "web", UID: "u", Generation: 1}
	gateway.Spec.GatewayClassName = "alb"
	gateway.Spec.Listeners = []gatewayv1.Listener{{
		Name: "http", Port: 80, Protocol: gatewayv1.HTTPProtocolType,
		AllowedRoutes: &gatewayv1.AllowedRoutes{Namespaces: &gatewayv1.RouteNamespaces{From: new(gatewayv1.NamespacesFromAll)}},
	}}
	w.Gateways[world.Name{Namespace: "infra", Name: "web"}] = gateway
	for _, name := range []string{"east", "west"} {
		w.Members[name] = &world.Member{Name: name, Proxies: map[world.Name]world.Proxies{}}
	}
	for i := range routes {
		AddRoute(w, i, oneHost)
	}
	return w
}

// AddRoute adds route number i of Many, and its Service.
func AddRoute(w *world.World, i int, oneHost bool) world.Name {
	namespace := fmt.Sprintf("team-%d", i%100)
	name := world.Name{Namespace: namespace, Name: fmt.Sprintf("route-%d", i)}
	service := world.Name{Namespace: namespace, Name: fmt.Sprintf("service-%d", i)}
	for _, member := range w.Members {
		member.Services = member.Services.With(service, &corev1.Service{
			Namespace: namespace, Name: service.Name,
			Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Name: "http", Port: 8080}}},
		})
	}
	hostname := gatewayv1.Hostname(fmt.Sprintf("host-%d.example.com", i))
	if oneHost {
		hostname = "giant.example.com"
	}
	backend := func(weight int32) gatewayv1.HTTPBackendRef {
		return gatewayv1.HTTPBackendRef{
			Name: gatewayv1.ObjectName(service.Name), Port: new(int32(8080)),
			Weight: &weight,
		}
	}
	route := &gatewayv1.HTTPRoute{Namespace: namespace, Name: name.Name, Generation: 1}
	route.Spec.ParentRefs = []gatewayv1.ParentReference{{Namespace: new(gatewayv1.Namespace("infra")), Name: "web"}}
	route.Spec.Hostnames = []gatewayv1.Hostname{hostname}
	route.Spec.Rules = []gatewayv1.HTTPRouteRule{
		{
			Matches: []gatewayv1.HTTPRouteMatch{{
				Path:    &gatewayv1.HTTPPathMatch{Value: new(fmt.Sprintf("/api/%d", i))},
				Headers: []gatewayv1.HTTPHeaderMatch{{Name: "X-Version", Value: "2"}},
			}},
			BackendRefs: []gatewayv1.HTTPBackendRef{backend(90), backend(10)},
		},
		{
			Matches:     []gatewayv1.HTTPRouteMatch{{Path: &gatewayv1.HTTPPathMatch{Value: new(fmt.Sprintf("/%d", i))}}},
			BackendRefs: []gatewayv1.HTTPBackendRef{backend(1)},
		},
	}
	w.HTTPRoutes = w.HTTPRoutes.With(name, route)
	return name
}

// InSets moves the routes of Many to this many ListenerSets of the Gateway, each of one listener with a hostname of its own.
func InSets(w *world.World, sets int) {
	gateway := w.Gateways[world.Name{Namespace: "infra", Name: "web"}]
	gateway.Spec.AllowedListeners = &gatewayv1.AllowedListeners{Namespaces: &gatewayv1.ListenerNamespaces{From: new(gatewayv1.NamespacesFromAll)}}
	for i := range sets {
		set := &gatewayv1.ListenerSet{Namespace: "infra", Name: fmt.Sprintf("set-%d", i), Generation: 1}
		set.Spec.ParentRef = gatewayv1.ParentGatewayReference{Name: "web"}
		set.Spec.Listeners = []gatewayv1.ListenerEntry{{
			Name: "http", Port: 80, Protocol: gatewayv1.HTTPProtocolType, Hostname: new(gatewayv1.Hostname(fmt.Sprintf("set-%d.example.com", i))),
			AllowedRoutes: gateway.Spec.Listeners[0].AllowedRoutes,
		}}
		w.ListenerSets = w.ListenerSets.With(world.Name{Namespace: set.Namespace, Name: set.Name}, set)
	}
	i := 0
	for _, route := range w.HTTPRoutes.All() {
		route.Spec.Hostnames = nil
		route.Spec.ParentRefs[0].Kind = new(gatewayv1.Kind("ListenerSet"))
		route.Spec.ParentRefs[0].Name = gatewayv1.ObjectName(fmt.Sprintf("set-%d", i%sets))
		i++
	}
}
