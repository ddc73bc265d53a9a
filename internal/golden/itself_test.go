package golden

import (
	"fmt"
	"testing"
)

// TestReferencesToTheObjectItself holds that they are kinds like any other that cannot stand there, and that circles end.
func TestReferencesToTheObjectItself(t *testing.T) {
	before := edited(t, "", "")
	for _, c := range []struct {
		name, ref, now string
		want           []string
	}{
		{
			"a class is its own parameters", "{group: gateway.company.com, kind: ServiceConfig, name: of-class",
			"{group: gateway.networking.k8s.io, kind: GatewayClass, name: plain",
			append([]string{"GatewayClass plain Accepted: False InvalidParameters: "}, gatewayRefused...),
		},
		{
			"a Gateway is its own parameters", "{group: gateway.company.com, kind: ServiceConfig, name: of-gateway",
			"{group: gateway.networking.k8s.io, kind: Gateway, name: web", gatewayRefused,
		},
		{
			"a Gateway is its own certificate", `{group: "", kind: Secret, name: web-cert`, "{group: gateway.networking.k8s.io, kind: Gateway, name: web",
			listenerRefused("Gateway web https ResolvedRefs: False InvalidCertificateRef: "),
		},
		{
			"a ListenerSet is its own parent", "{group: gateway.networking.k8s.io, kind: Gateway, namespace: team, name: web",
			"{group: gateway.networking.k8s.io, kind: ListenerSet, name: more", setLost,
		},
		{
			"ListenerSets in a circle", "  parentRef: {group: gateway.networking.k8s.io, kind: Gateway, namespace: team, name: web}\n", circle, setLost,
		},
		{
			"a ListenerSet of a ListenerSet", "apiVersion: gateway.networking.k8s.io/v1\nkind: ListenerSet\n",
			"apiVersion: gateway.networking.k8s.io/v1\n" + setOf("below", "more") + "---\napiVersion: gateway.networking.k8s.io/v1\nkind: ListenerSet\n", nil,
		},
		{
			"a route is its own parent", "{group: gateway.networking.k8s.io, kind: ListenerSet, name: more",
			"{group: gateway.networking.k8s.io, kind: HTTPRoute, name: on-set",
			[]string{"HTTPRoute on-set on Accepted: nothing", "HTTPRoute on-set on ResolvedRefs: nothing", "ListenerSet more https: 0 attached"},
		},
		{
			"a route is its own backend", `{group: "", kind: Service, name: http-backend`,
			"{group: gateway.networking.k8s.io, kind: HTTPRoute, name: on-gateway", httpRouteUnresolved("InvalidKind"),
		},
		{
			"a route's Gateway is its backend", `{group: "", kind: Service, name: tcp-backend`,
			"{group: gateway.networking.k8s.io, kind: Gateway, name: web",
			[]string{"TCPRoute stream on tcp ResolvedRefs: False InvalidKind: "},
		},
		{
			"a route mirrors to itself", `{group: "", kind: Service, name: grpc-mirror`,
			"{group: gateway.networking.k8s.io, kind: GRPCRoute, name: calls",
			[]string{"GRPCRoute calls on kinds ResolvedRefs: False InvalidKind: "},
		},
		{
			"a route is its own authority", `{group: "", kind: Service, name: auth`,
			"{group: gateway.networking.k8s.io, kind: HTTPRoute, name: on-gateway", httpRouteUnresolved("InvalidKind"),
		},
		{
			"a policy is for itself", `{group: "", kind: Service, name: encrypted`,
			"{group: gateway.networking.k8s.io, kind: BackendTLSPolicy, name: encrypted", policyLost("BackendTLSPolicy encrypted"),
		},
	} {
		t.Run(c.name, func(t *testing.T) { sameBeginnings(t, differences(before, edited(t, c.ref, c.now)), c.want) })
	}
}

// setOf is a ListenerSet, but for its apiVersion, whose parent is another one.
func setOf(name, parent string) string {
	return fmt.Sprintf(`kind: ListenerSet
metadata: {name: %s, namespace: team, generation: 2, creationTimestamp: "2026-01-03T00:00:00Z"}
spec:
  parentRef: {group: gateway.networking.k8s.io, kind: ListenerSet, name: %s}
  listeners: [{name: http, port: 8081, protocol: HTTP}]
`, name, parent)
}

// circle makes the ListenerSet of the folder, and two more, each other's parents.
var circle = `  parentRef: {group: gateway.networking.k8s.io, kind: ListenerSet, name: one}
  listeners: [{name: http, port: 8081, protocol: HTTP}]
---
` + setOf("one", "two") + "---\n" + setOf("two", "more") + `---
kind: ListenerSet
metadata: {name: three, namespace: team}
spec:
  parentRef: {group: example.com, kind: Gizmo, name: web}
`

// TestExtensionsThatNobodyKnows holds that a rule with a filter of somebody else's answers 500, and the other rules go on.
func TestExtensionsThatNobodyKnows(t *testing.T) {
	before := edited(t, "", "")
	const filter = "{type: ExtensionRef, extensionRef: {group: example.com, kind: Gizmo, name: it}}"
	partly := []string{"HTTPRoute on-gateway on http PartiallyInvalid: True UnsupportedValue: ", "HTTPRoute on-gateway on https PartiallyInvalid: True UnsupportedValue: "}
	for _, c := range []struct {
		name, before, after string
		want                []string
	}{
		{"in a rule", "    - matches: [{path: {value: /fine}}]\n", "    - matches: [{path: {value: /fine}}]\n      filters: [" + filter + "]\n", partly},
		{"of a backend", "name: http-backend, port: 80}", "name: http-backend, port: 80, filters: [" + filter + "]}", partly},
		{
			"in a rule of a GRPCRoute", "    - matches: [{method: {service: a.B}}]\n", "    - matches: [{method: {service: a.B}}]\n      filters: [" + filter + "]\n",
			[]string{"GRPCRoute calls on kinds PartiallyInvalid: True UnsupportedValue: "},
		},
	} {
		t.Run(c.name, func(t *testing.T) { sameBeginnings(t, differences(before, edited(t, c.before, c.after)), c.want) })
	}
}
