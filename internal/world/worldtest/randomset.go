package worldtest

import (
	certificatesv1 "k8s.io/api/certificates/v1"
	corev1 "k8s.io/api/core/v1"
	"pgregory.net/rapid"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/internal/world"
)

func mutateListenerSet(t *rapid.T, w *world.World) world.Key {
	name := world.Name{Namespace: pick(t, "namespace", namespaces...), Name: pick(t, "name", names...)}
	set := &gatewayv1.ListenerSet{ObjectMeta: meta(t, name.Namespace, name.Name)}
	gateway := pick(t, "gateway", gateways...)
	set.Spec.ParentRef = gatewayv1.ParentGatewayReference{
		Name: gatewayv1.ObjectName(gateway.Name), Namespace: new(gatewayv1.Namespace(gateway.Namespace)),
	}
	if chance(t, "other parent", 10) { // a ListenerSet of a ListenerSet, perhaps of itself
		set.Spec.ParentRef.Kind, set.Spec.ParentRef.Name = new(gatewayv1.Kind("ListenerSet")), gatewayv1.ObjectName(pick(t, "name", names...))
	}
	for i := range rapid.IntRange(1, 3).Draw(t, "listeners") {
		set.Spec.Listeners = append(set.Spec.Listeners, gatewayv1.ListenerEntry(randomListener(t, sections[i])))
	}
	putObject(t, &w.ListenerSets, name, set)
	return world.Key{Kind: world.KindListenerSet, Name: name}
}

func randomListenerFilters(t *rapid.T) *gatewayv1.ListenerFilters {
	out := &gatewayv1.ListenerFilters{}
	for range rapid.IntRange(0, 2).Draw(t, "requests") {
		out.Requests = append(out.Requests, gatewayv1.ListenerFilter{
			Type: pick(t, "type", gatewayv1.ListenerFilterExternalAuth, gatewayv1.ListenerFilterExternalAuth, gatewayv1.ListenerFilterExtensionRef),
			ExternalAuth: &gatewayv1.HTTPExternalAuthFilter{
				ExternalAuthProtocol: pick[gatewayv1.HTTPRouteExternalAuthProtocol](t, "auth", "HTTP", "GRPC", "TCP"), BackendRef: randomBackend(t),
			},
		})
	}
	return out
}

func mutateConfigMap(t *rapid.T, w *world.World) world.Key {
	name := world.Name{Namespace: pick(t, "namespace", namespaces...), Name: pick(t, "name", names...)}
	var object *corev1.ConfigMap
	if chance(t, "exists", 80) {
		object = &corev1.ConfigMap{ObjectMeta: meta(t, name.Namespace, name.Name)}
		chain, _ := Certificate("ca.example.com")
		object.Data = map[string]string{"ca.crt": pick(t, "content", string(chain), string(chain), "nonsense")}
	}
	put(t, w.ConfigMaps, name, object)
	return world.Key{Kind: world.KindConfigMap, Name: name}
}

func mutateTrustBundle(t *rapid.T, w *world.World) world.Key {
	name := world.Name{Name: pick(t, "name", names...)}
	var object *certificatesv1.ClusterTrustBundle
	if chance(t, "exists", 80) {
		object = &certificatesv1.ClusterTrustBundle{ObjectMeta: meta(t, "", name.Name)}
		chain, _ := Certificate("bundle.example.com")
		object.Spec.TrustBundle = pick(t, "content", string(chain), string(chain), "nonsense")
	}
	put(t, collection(&w.TrustBundles), name, object)
	return world.Key{Kind: world.KindTrustBundle, Name: name}
}

// randomTLS is the tls of a Gateway, or nil.
func randomTLS(t *rapid.T) *gatewayv1.GatewayTLSConfig {
	if chance(t, "plain", 60) {
		return nil
	}
	out := &gatewayv1.GatewayTLSConfig{Frontend: &gatewayv1.FrontendTLSConfig{Default: randomValidation(t)}}
	if chance(t, "port", 40) {
		out.Frontend.PerPort = []gatewayv1.TLSPortConfig{{Port: 443, TLS: randomValidation(t)}}
	}
	if chance(t, "backend", 30) {
		out.Backend = &gatewayv1.GatewayBackendTLS{ClientCertificateRef: &gatewayv1.SecretObjectReference{
			Name: gatewayv1.ObjectName(pick(t, "secret", names...)), Namespace: new(gatewayv1.Namespace(pick(t, "namespace", namespaces...))),
		}}
	}
	return out
}

func randomValidation(t *rapid.T) gatewayv1.TLSConfig {
	if chance(t, "none", 40) {
		return gatewayv1.TLSConfig{}
	}
	ref := gatewayv1.ObjectReference{Name: gatewayv1.ObjectName(pick(t, "name", names...))}
	ref.Group, ref.Kind = randomAuthority(t)
	if ref.Group == "" {
		ref.Namespace = new(gatewayv1.Namespace(pick(t, "namespace", namespaces...)))
	}
	return gatewayv1.TLSConfig{Validation: &gatewayv1.FrontendTLSValidation{
		Mode:              pick(t, "mode", "", gatewayv1.AllowValidOnly, gatewayv1.AllowInsecureFallback),
		CACertificateRefs: []gatewayv1.ObjectReference{ref},
	}}
}

// randomAuthority is a kind that may hold CA certificates.
func randomAuthority(t *rapid.T) (gatewayv1.Group, gatewayv1.Kind) {
	kind := pick[gatewayv1.Kind](t, "authority", "ConfigMap", "ConfigMap", "ClusterTrustBundle", "Secret")
	if kind == "ClusterTrustBundle" {
		return "certificates.k8s.io", kind
	}
	return "", kind
}

func mutateInstalled(t *rapid.T, w *world.World) world.Key {
	w.GatewayAPI = pick(t, "version", "v1.4.1", "v1.7.0")
	w.Experimental = chance(t, "experimental", 70)
	w.Absent = pick(t, "absent", nil, []world.Kind{world.KindListenerSet, world.KindUDPRoute})
	return world.Key{Kind: world.KindGatewayAPI}
}
