package golden

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fleetgate/fleetgate/internal/status"
	"github.com/fleetgate/fleetgate/internal/translate"
)

const references = "testdata/references"

// edited loads the folder of references with a text in the place of another one, which has to be there once.
func edited(t *testing.T, before, after string) map[string]string {
	t.Helper()
	dir := t.TempDir()
	for _, file := range []string{"in.yaml", "options.yaml"} {
		text, err := os.ReadFile(filepath.Join(references, file))
		if err != nil {
			t.Fatal(err)
		}
		if file == "in.yaml" && before != "" {
			if n := strings.Count(string(text), before); n != 1 {
				t.Fatalf("%q is there %d times", before, n)
			}
			text = []byte(strings.Replace(string(text), before, after, 1))
		}
		if err := os.WriteFile(filepath.Join(dir, file), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	w := load(t, dir)
	return said(status.Of(w, translate.All(w)))
}

// said are all conditions, and how many routes listeners have, by whose they are.
func said(patches []status.Patch) map[string]string {
	out := map[string]string{}
	for _, p := range patches {
		object := fmt.Sprintf("%s %s", p.Key.Kind, p.Key.Name.Name)
		add := func(part string, conditions []metav1.Condition) {
			for _, c := range conditions {
				out[strings.TrimSpace(object+" "+part)+" "+c.Type] = fmt.Sprintf("%s %s: %s", c.Status, c.Reason, c.Message)
			}
		}
		add("", p.Conditions)
		if p.AttachedSets != nil {
			out[object] = fmt.Sprint(*p.AttachedSets, " sets")
		}
		for _, l := range p.Listeners {
			add(string(l.Name), l.Conditions)
			out[object+" "+string(l.Name)] = fmt.Sprint(l.AttachedRoutes, " attached")
		}
		for _, l := range p.Entries {
			add(string(l.Name), l.Conditions)
			out[object+" "+string(l.Name)] = fmt.Sprint(l.AttachedRoutes, " attached")
		}
		for _, parent := range p.Parents {
			section := ""
			if parent.ParentRef.SectionName != nil {
				section = string(*parent.ParentRef.SectionName)
			}
			add("on "+section, parent.Conditions)
		}
		for _, ancestor := range p.Ancestors {
			add("", ancestor.Conditions)
		}
	}
	return out
}

// differences are what is said now and was not, or another way, in order; but for whether something is programmed.
func differences(before, after map[string]string) []string {
	all := maps.Clone(before)
	maps.Copy(all, after)
	var out []string
	for _, key := range slices.Sorted(maps.Keys(all)) {
		now, told := after[key]
		switch {
		case strings.HasSuffix(key, " Programmed"): // follows from the others
		case !told:
			out = append(out, key+": nothing")
		case now != before[key]:
			out = append(out, key+": "+now)
		}
	}
	slices.Sort(out)
	return out
}

// gatewayRefused is what a Gateway and its ListenerSet say when the Gateway is not accepted for its parameters.
var gatewayRefused = []string{"Gateway web Accepted: False InvalidParameters: ", "Gateway web: nothing", "ListenerSet more Accepted: False ParentNotAccepted: "}

// listenerRefused is what a Gateway says of one of its listeners that cannot serve.
func listenerRefused(own ...string) []string {
	return append([]string{"Gateway web Accepted: True ListenersNotValid: ", "Gateway web ResolvedRefs: False ListenersNotResolved: "}, own...)
}

// httpRouteUnresolved is what the HTTPRoute on the Gateway says of a reference in its rules.
func httpRouteUnresolved(reason string) []string {
	return []string{"HTTPRoute on-gateway on http ResolvedRefs: False " + reason + ": ", "HTTPRoute on-gateway on https ResolvedRefs: False " + reason + ": "}
}

// parentless is what is left to say of a route whose only parentRef leads nowhere: nothing, by us.
func parentless(route, listener string) []string {
	return []string{"Gateway web " + listener + ": 0 attached", route + " on " + listener + " Accepted: nothing", route + " on " + listener + " ResolvedRefs: nothing"}
}

// badReference is a reference of the folder, and what is said of one that leads to what nobody knows.
type badReference struct {
	name string
	// ref is how the reference begins.
	ref  string
	want []string
}

var badReferences = []badReference{
	{"parametersRef of a class", "{group: gateway.company.com, kind: ServiceConfig, name: of-class", append(
		[]string{"GatewayClass plain Accepted: False InvalidParameters: "}, gatewayRefused...)},
	{"parametersRef of a Gateway", "{group: gateway.company.com, kind: ServiceConfig, name: of-gateway", gatewayRefused},
	{"clientCertificateRef", `{group: "", kind: Secret, name: client-cert`, []string{"Gateway web ResolvedRefs: False InvalidClientCertificateRef: "}},
	{"caCertificateRefs of a frontend", `{group: "", kind: ConfigMap, name: clients-ca`, listenerRefused(
		"Gateway web clients Accepted: False NoValidCACertificate: ", "Gateway web clients ResolvedRefs: False InvalidCACertificateKind: ")},
	{"certificateRefs of a Gateway", `{group: "", kind: Secret, name: web-cert`, listenerRefused(
		"Gateway web https ResolvedRefs: False InvalidCertificateRef: ")},
	{"kinds of a listener", "{group: gateway.networking.k8s.io, kind: GRPCRoute", []string{
		"GRPCRoute calls on kinds Accepted: False NotAllowedByListeners: ", "Gateway web ResolvedRefs: False ListenersNotResolved: ",
		"Gateway web kinds ResolvedRefs: False InvalidRouteKinds: ", "Gateway web kinds: 0 attached",
	}},
	{"parentRef of a ListenerSet", "{group: gateway.networking.k8s.io, kind: Gateway, namespace: team, name: web", setLost},
	{"certificateRefs of a ListenerSet", `{group: "", kind: Secret, name: set-cert`, []string{
		"Gateway web: nothing", "ListenerSet more Accepted: False ListenersNotValid: ", "ListenerSet more https ResolvedRefs: False InvalidCertificateRef: ",
	}},
	{"parentRef of an HTTPRoute", "{group: gateway.networking.k8s.io, kind: Gateway, name: web, sectionName: https", parentless("HTTPRoute on-gateway", "https")},
	{"parentRef to a ListenerSet", "{group: gateway.networking.k8s.io, kind: ListenerSet, name: more", []string{
		"HTTPRoute on-set on Accepted: nothing", "HTTPRoute on-set on ResolvedRefs: nothing", "ListenerSet more https: 0 attached",
	}},
	{"parentRef of a GRPCRoute", "{group: gateway.networking.k8s.io, kind: Gateway, name: web, sectionName: kinds", parentless("GRPCRoute calls", "kinds")},
	{"parentRef of a TLSRoute", "{group: gateway.networking.k8s.io, kind: Gateway, name: web, sectionName: tls", parentless("TLSRoute ended", "tls")},
	{"parentRef of a TCPRoute", "{group: gateway.networking.k8s.io, kind: Gateway, name: web, sectionName: tcp", parentless("TCPRoute stream", "tcp")},
	{"parentRef of a UDPRoute", "{group: gateway.networking.k8s.io, kind: Gateway, name: web, sectionName: udp", parentless("UDPRoute datagrams", "udp")},
	{"backendRef of an HTTPRoute", `{group: "", kind: Service, name: http-backend`, httpRouteUnresolved("InvalidKind")},
	{"mirror of an HTTPRoute", `{group: "", kind: Service, name: http-mirror`, httpRouteUnresolved("InvalidKind")},
	{"external auth", `{group: "", kind: Service, name: auth`, httpRouteUnresolved("InvalidKind")},
	{"backendRef of a GRPCRoute", `{group: "", kind: Service, name: grpc-backend`, []string{"GRPCRoute calls on kinds ResolvedRefs: False InvalidKind: "}},
	{"mirror of a GRPCRoute", `{group: "", kind: Service, name: grpc-mirror`, []string{"GRPCRoute calls on kinds ResolvedRefs: False InvalidKind: "}},
	{"backendRef of a TLSRoute", `{group: "", kind: Service, name: tls-backend`, []string{"TLSRoute ended on tls ResolvedRefs: False InvalidKind: "}},
	{"backendRef of a TCPRoute", `{group: "", kind: Service, name: tcp-backend`, []string{"TCPRoute stream on tcp ResolvedRefs: False InvalidKind: "}},
	{"backendRef of a UDPRoute", `{group: "", kind: Service, name: udp-backend`, []string{"UDPRoute datagrams on udp ResolvedRefs: False InvalidKind: "}},
	{"from of a ReferenceGrant", "{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: team", httpRouteUnresolved("RefNotPermitted")},
	{"to of a ReferenceGrant", `{group: "", kind: Service, name: lent`, httpRouteUnresolved("RefNotPermitted")},
	{"targetRefs of a BackendTLSPolicy", `{group: "", kind: Service, name: encrypted`, policyLost("BackendTLSPolicy encrypted")},
	{"targetRefs of an XBackendTrafficPolicy", `{group: "", kind: Service, name: retried`, policyLost("XBackendTrafficPolicy budget")},
	{"caCertificateRefs of a BackendTLSPolicy", `{group: "", kind: ConfigMap, name: backends-ca`, append([]string{
		"BackendTLSPolicy encrypted Accepted: False NoValidCACertificate: ", "BackendTLSPolicy encrypted ResolvedRefs: False InvalidKind: ",
	}, httpRouteUnresolved("UnsupportedValue")...)},
}

// TestUnknownKindsAndGroupsInEveryReference holds that each is told on the object that has the reference, and changes what is
// said of no other. What names no parent of ours gets no status of us: it is another controller's.
func TestUnknownKindsAndGroupsInEveryReference(t *testing.T) {
	before := edited(t, "", "")
	for _, c := range badReferences {
		group, rest, _ := strings.Cut(c.ref, ", ")
		kind := strings.TrimSuffix(strings.Fields(rest)[1], ",")
		odd := strings.Replace(rest, "kind: "+kind, "kind: Gizmo", 1)
		for name, ref := range map[string]string{
			"kind": group + ", " + odd, "group": "{group: example.com, " + rest, "kind and group": "{group: example.com, " + odd,
		} {
			t.Run(c.name+"/"+name, func(t *testing.T) { sameBeginnings(t, differences(before, edited(t, c.ref, ref)), c.want) })
		}
	}
}

// sameBeginnings wants texts that begin with these, in order.
func sameBeginnings(t *testing.T, got, want []string) {
	t.Helper()
	want = slices.Sorted(slices.Values(want))
	same := len(got) == len(want)
	for i := range want {
		same = same && strings.HasPrefix(got[i], want[i])
	}
	if !same {
		t.Errorf("got\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

// setLost is what is left to say when the ListenerSet names no Gateway of ours.
var setLost = []string{
	"Gateway web: nothing", "HTTPRoute on-set on Accepted: nothing", "HTTPRoute on-set on ResolvedRefs: nothing",
	"ListenerSet more Accepted: nothing", "ListenerSet more https Accepted: nothing", "ListenerSet more https Conflicted: nothing",
	"ListenerSet more https ResolvedRefs: nothing", "ListenerSet more https: nothing",
}

// policyLost is what is left to say of a policy that is for no Service.
func policyLost(policy string) []string {
	return []string{policy + " Accepted: nothing", policy + " ResolvedRefs: nothing"}
}
