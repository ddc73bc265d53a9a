package main

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

const (
	// backends are two Services, each with pods of its own.
	backendA, backendB = "a", "b"
	backendPort        = gatewayv1.PortNumber(8080)
)

func object(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: namespace, Name: name}
}

// newRoute is a route of one hostname, with a rule of one match and one backend, at a listener of a parent.
func newRoute(name, hostname string, parent gatewayv1.ParentReference) *gatewayv1.HTTPRoute {
	return &gatewayv1.HTTPRoute{
		ObjectMeta: object(name),
		Spec: gatewayv1.HTTPRouteSpec{
			CommonRouteSpec: gatewayv1.CommonRouteSpec{ParentRefs: []gatewayv1.ParentReference{parent}},
			Hostnames:       []gatewayv1.Hostname{gatewayv1.Hostname(hostname)},
			Rules:           []gatewayv1.HTTPRouteRule{{BackendRefs: []gatewayv1.HTTPBackendRef{toBackend(backendA, 1)}}},
		},
	}
}

// atGateway is the plain listener of the Gateway.
func atGateway() gatewayv1.ParentReference {
	return gatewayv1.ParentReference{Name: gatewayName, SectionName: new(gatewayv1.SectionName("http"))}
}

func toBackend(name string, weight int32) gatewayv1.HTTPBackendRef {
	return gatewayv1.HTTPBackendRef{BackendRef: gatewayv1.BackendRef{
		BackendObjectReference: gatewayv1.BackendObjectReference{Name: gatewayv1.ObjectName(name), Port: new(backendPort)},
		Weight:                 &weight,
	}}
}

// addHeader is a filter that tells clients which edition of its route answered.
func addHeader(edition int) gatewayv1.HTTPRouteFilter {
	return gatewayv1.HTTPRouteFilter{
		Type: gatewayv1.HTTPRouteFilterResponseHeaderModifier,
		ResponseHeaderModifier: &gatewayv1.HTTPHeaderFilter{
			Set: []gatewayv1.HTTPHeader{{Name: "Edition", Value: fmt.Sprint(edition)}},
		},
	}
}

// other is the name of one of the many routes that are only there, otherHost its hostname.
func other(i int) string     { return fmt.Sprintf("other-%05d", i) }
func otherHost(i int) string { return other(i) + ".example.com" }

func newOther(i int) *gatewayv1.HTTPRoute { return newRoute(other(i), otherHost(i), atGateway()) }

// newEverywhere is such a route at all listeners of the Gateway.
func newEverywhere(i int) *gatewayv1.HTTPRoute {
	return newRoute(other(i), otherHost(i), gatewayv1.ParentReference{Name: gatewayName})
}

// newSet is a ListenerSet with one listener of a hostname of its own.
func newSet(i int) *gatewayv1.ListenerSet {
	return &gatewayv1.ListenerSet{
		ObjectMeta: object(setName(i)),
		Spec: gatewayv1.ListenerSetSpec{
			ParentRef: gatewayv1.ParentGatewayReference{Name: gatewayName},
			Listeners: []gatewayv1.ListenerEntry{{
				Name: "http", Port: 80, Protocol: gatewayv1.HTTPProtocolType,
				Hostname: new(gatewayv1.Hostname("*." + setDomain(i))),
			}},
		},
	}
}

func setName(i int) string   { return fmt.Sprintf("set-%04d", i) }
func setDomain(i int) string { return setName(i) + ".example.org" }

// atSet is the listener of a ListenerSet.
func atSet(i int) gatewayv1.ParentReference {
	return gatewayv1.ParentReference{Kind: new(gatewayv1.Kind("ListenerSet")), Name: gatewayv1.ObjectName(setName(i))}
}

// newMember is a route of a ListenerSet.
func newMember(i, sets int) *gatewayv1.HTTPRoute {
	return newRoute(other(i), other(i)+"."+setDomain(i%sets), atSet(i%sets))
}
