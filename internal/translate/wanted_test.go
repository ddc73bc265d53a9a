package translate_test

import (
	"maps"
	"slices"
	"testing"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/internal/translate"
	"github.com/fleetgate/fleetgate/internal/world"
	"github.com/fleetgate/fleetgate/internal/world/worldtest"
)

// wanting is a World whose Gateway and ListenerSets name Secrets and ConfigMaps.
func wanting() *world.World {
	w := worldtest.Empty()
	w.Classes["plain"] = &gatewayv1.GatewayClass{Spec: gatewayv1.GatewayClassSpec{ControllerName: worldtest.Plain}}
	w.Classes["other"] = &gatewayv1.GatewayClass{Spec: gatewayv1.GatewayClassSpec{ControllerName: "example.com/other"}}
	secret := func(name gatewayv1.ObjectName) *gatewayv1.ListenerTLSConfig {
		return &gatewayv1.ListenerTLSConfig{CertificateRefs: []gatewayv1.SecretObjectReference{
			{Name: name}, {Name: name, Namespace: new(gatewayv1.Namespace("vault"))}, {Name: "no-secret", Kind: new(gatewayv1.Kind("Other"))},
		}}
	}
	passed := secret("passed-through")
	passed.Mode = new(gatewayv1.TLSModePassthrough)
	gateway := &gatewayv1.Gateway{}
	gateway.Spec.GatewayClassName = "plain"
	gateway.Spec.Listeners = []gatewayv1.Listener{{Name: "a", TLS: secret("web")}, {Name: "b", TLS: passed}, {Name: "c"}}
	gateway.Spec.AllowedListeners = &gatewayv1.AllowedListeners{Namespaces: &gatewayv1.ListenerNamespaces{From: new(gatewayv1.NamespacesFromSame)}}
	gateway.Spec.TLS = &gatewayv1.GatewayTLSConfig{
		Backend: &gatewayv1.GatewayBackendTLS{ClientCertificateRef: &gatewayv1.SecretObjectReference{Name: "client"}},
		Frontend: &gatewayv1.FrontendTLSConfig{
			Default: gatewayv1.TLSConfig{Validation: &gatewayv1.FrontendTLSValidation{CACertificateRefs: []gatewayv1.ObjectReference{
				{Kind: "ConfigMap", Name: "ca"},
				{Kind: "Secret", Name: "not-a-configmap"},
				{Group: "certificates.k8s.io", Kind: "ClusterTrustBundle", Name: "clients"},
				{Group: "example.com", Kind: "ClusterTrustBundle", Name: "another-group"},
			}}},
			PerPort: []gatewayv1.TLSPortConfig{{Port: 8443, TLS: gatewayv1.TLSConfig{Validation: &gatewayv1.FrontendTLSValidation{
				CACertificateRefs: []gatewayv1.ObjectReference{{Kind: "ConfigMap", Name: "ca-8443", Namespace: new(gatewayv1.Namespace("vault"))}},
			}}}},
		},
	}
	w.Gateways[world.Name{Namespace: "infra", Name: "web"}] = gateway
	policy := &gatewayv1.BackendTLSPolicy{}
	policy.Spec.Validation.CACertificateRefs = []gatewayv1.LocalObjectReference{
		{Group: "certificates.k8s.io", Kind: "ClusterTrustBundle", Name: "backends"}, {Kind: "ConfigMap", Name: "ca"},
	}
	w.BackendTLS = map[world.Name]*gatewayv1.BackendTLSPolicy{{Namespace: "team", Name: "secure"}: policy}
	theirs := gateway.DeepCopy()
	theirs.Spec.GatewayClassName = "other"
	w.Gateways[world.Name{Namespace: "theirs", Name: "web"}] = theirs
	for _, namespace := range []string{"infra", "stranger"} {
		set := &gatewayv1.ListenerSet{}
		set.Spec.ParentRef = gatewayv1.ParentGatewayReference{Name: "web", Namespace: new(gatewayv1.Namespace("infra"))}
		set.Spec.Listeners = []gatewayv1.ListenerEntry{{Name: "a", TLS: secret("set")}}
		w.ListenerSets = w.ListenerSets.With(world.Name{Namespace: namespace, Name: "more"}, set)
	}
	return w
}

func TestWanted(t *testing.T) {
	standard := wanting()
	standard.Experimental = false
	cases := []struct {
		name, reason string
		got          map[world.Name]bool
		want         []string
	}{
		{
			"Secrets", "those of our Gateways and of the ListenerSets that they allow, where TLS is ended, and the one for backends",
			translate.WantedSecrets(wanting()),
			[]string{"infra/client", "infra/set", "infra/web", "vault/set", "vault/web"},
		},
		{
			"ConfigMaps", "those that clients are checked by",
			translate.ClientConfigMaps(wanting()),
			[]string{"infra/ca", "vault/ca-8443"},
		},
		{
			"ConfigMaps of policies", "those that backends are checked by",
			translate.WantedConfigMaps(wanting()),
			[]string{"team/ca"},
		},
		{
			"ClusterTrustBundles", "those of clients and of backends, which have no namespace",
			translate.WantedTrustBundles(wanting()),
			[]string{"backends", "clients"},
		},
		{
			"ClusterTrustBundles of the standard channel", "it has none",
			translate.WantedTrustBundles(standard),
			nil,
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, name := range slices.SortedFunc(maps.Keys(c.got), world.Name.Compare) {
				got = append(got, name.String())
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%s: got %v, want %v", c.reason, got, c.want)
			}
		})
	}
}
