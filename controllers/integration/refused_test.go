package integration

import (
	"fmt"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"
)

// listed is a template, this many times.
func listed(n int, template string) string {
	out := make([]string, 0, n)
	for i := range n {
		out = append(out, strings.ReplaceAll(template, "#", fmt.Sprint(i)))
	}
	return "[" + strings.Join(out, ", ") + "]"
}

// head is an object of Gateway API in the default namespace, up to its spec.
func head(kind, name string) string {
	return fmt.Sprintf("apiVersion: gateway.networking.k8s.io/v1\nkind: %s\nmetadata: {name: %s, namespace: default}\nspec:\n", kind, name)
}

const (
	listenerTemplate = "{name: l#, port: 80, protocol: HTTP, hostname: h#.example.com}"
	headerFilter     = "{type: RequestHeaderModifier, requestHeaderModifier: {remove: [A]}}"
	rewriteFilter    = "{type: URLRewrite, urlRewrite: {hostname: a.example.com}}"
	mirrorFilter     = "{type: RequestMirror, requestMirror: {backendRef: {name: a, port: 80}}}"
)

// gateway, set and route are objects with these listeners or rules.
func gatewayWith(listeners string) string {
	return head("Gateway", "a") + "  gatewayClassName: a\n  listeners: " + listeners
}

func setWith(parent, listeners string) string {
	return head("ListenerSet", "a") + "  parentRef: " + parent + "\n  listeners: " + listeners
}

func routeWith(kind, rules string) string {
	return head(kind, "a") + "  parentRefs: [{name: a}]\n  rules: " + rules
}

// TestWhatTheCRDsRefuse tells the bad input that never comes to the operator of a cluster from what it has to answer. The
// rows that are taken have tests of what becomes of them elsewhere.
func TestWhatTheCRDsRefuse(t *testing.T) {
	longest := strings.Repeat("a", 63) + "." + strings.Repeat("b", 63) + "." + strings.Repeat("c", 63) + "." + strings.Repeat("d", 61)
	for _, c := range []struct {
		name, object string
		// want is in the error; "" for none.
		want string
	}{
		{"64 listeners", gatewayWith(listed(64, listenerTemplate)), ""},
		{"65 listeners", gatewayWith(listed(65, listenerTemplate)), "must have at most 64 items"},
		{"64 listeners of a ListenerSet", setWith("{name: a}", listed(64, listenerTemplate)), ""},
		{"65 listeners of a ListenerSet", setWith("{name: a}", listed(65, listenerTemplate)), "must have at most 64 items"},
		{"16 rules", routeWith("HTTPRoute", listed(16, "{backendRefs: [{name: a, port: 80}]}")), ""},
		{"17 rules", routeWith("HTTPRoute", listed(17, "{backendRefs: [{name: a, port: 80}]}")), "must have at most 16 items"},
		{"16 addresses", gatewayWith(listed(1, listenerTemplate)) + "\n  addresses: " + listed(16, "{value: 192.0.2.#}"), ""},
		{"17 addresses", gatewayWith(listed(1, listenerTemplate)) + "\n  addresses: " + listed(17, "{value: 192.0.2.#}"), "must have at most 16 items"},
		{"a name of 253 characters", strings.Replace(gatewayWith(listed(1, listenerTemplate)), "name: a,", "name: "+longest+",", 1), ""},
		{"a name of 254 characters", strings.Replace(gatewayWith(listed(1, listenerTemplate)), "name: a,", "name: "+longest+"d,", 1), "must be no more than 253"},
		{"a filter twice", routeWith("HTTPRoute", "[{filters: ["+headerFilter+", "+headerFilter+"]}]"), "cannot be repeated"},
		{"a filter of a backend twice", routeWith("HTTPRoute", "[{backendRefs: [{name: a, port: 80, filters: ["+rewriteFilter+", "+rewriteFilter+"]}]}]"), "cannot be repeated"},
		{"a mirror twice", routeWith("HTTPRoute", "[{filters: ["+mirrorFilter+", "+mirrorFilter+"]}]"), ""},
		{"weights all zero", routeWith("HTTPRoute", "[{backendRefs: [{name: a, port: 80, weight: 0}, {name: b, port: 80, weight: 0}]}]"), ""},
		{"a rule without matches", routeWith("HTTPRoute", "[{matches: [], backendRefs: [{name: a, port: 80}]}]"), ""},
		{"no rules", routeWith("HTTPRoute", "[]"), "should have at least 1 items"},
		{"a method without service and method", routeWith("GRPCRoute", "[{matches: [{method: {}}]}]"), "One or both of 'service' or 'method' must be specified"},
		{"a hostname in upper case", gatewayWith("[{name: a, port: 80, protocol: HTTP, hostname: A.example.com}]"), "should match"},
		{"a hostname in Unicode", gatewayWith("[{name: a, port: 80, protocol: HTTP, hostname: bücher.example.com}]"), "should match"},
		{"a hostname in punycode", gatewayWith("[{name: a, port: 80, protocol: HTTP, hostname: xn--bcher-kva.example.com}]"), ""},
		{"a port with two protocols", gatewayWith("[{name: a, port: 80, protocol: HTTP}, {name: b, port: 80, protocol: TCP}]"), ""},
		{"a listener twice", gatewayWith("[{name: a, port: 80, protocol: HTTP}, {name: b, port: 80, protocol: HTTP}]"), "must be unique"},
		{"a backend that is a route", routeWith("HTTPRoute", "[{backendRefs: [{group: gateway.networking.k8s.io, kind: HTTPRoute, name: a}]}]"), ""},
		{"a parent of an unknown kind", head("HTTPRoute", "a") + "  parentRefs: [{group: example.com, kind: Gizmo, name: a}]", ""},
		{"a ListenerSet of itself", setWith("{kind: ListenerSet, name: a}", listed(1, listenerTemplate)), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			object := &unstructured.Unstructured{}
			if err := yaml.Unmarshal([]byte(c.object), &object.Object); err != nil {
				t.Fatal(err)
			}
			err := hub.client.Create(t.Context(), object, client.DryRunAll)
			switch {
			case c.want == "" && err != nil:
				t.Errorf("refused: %v", err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
		})
	}
}
