package translate_test

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/internal/translate"
	"github.com/fleetgate/fleetgate/internal/world"
	"github.com/fleetgate/fleetgate/internal/world/worldtest"
)

// TestAGatewayIsUnreadUntilItsSecretsWereLookedFor names another Secret on a listener: it is looked for only then.
func TestAGatewayIsUnreadUntilItsSecretsWereLookedFor(t *testing.T) {
	chain, key := worldtest.Certificate("a.example.com")
	good := &corev1.Secret{Data: map[string][]byte{corev1.TLSCertKey: chain, corev1.TLSPrivateKeyKey: key}}
	name := world.Name{Namespace: web.Namespace, Name: "another"}
	for _, c := range []struct {
		name, reason string
		protocol     gatewayv1.ProtocolType
		secrets      map[world.Name]*corev1.Secret
		unread       bool
	}{
		{"not looked for", "nobody can tell", gatewayv1.HTTPSProtocolType, nil, true},
		{"not looked for, on a listener that is refused", "the watch of it is about to tell", "UNKNOWN", nil, true},
		{"missing", "the listener cannot serve, and is taken away", gatewayv1.HTTPSProtocolType, map[world.Name]*corev1.Secret{name: nil}, false},
		{"there", "the listener serves", gatewayv1.HTTPSProtocolType, map[world.Name]*corev1.Secret{name: good}, false},
	} {
		w := worldtest.Many(1, false)
		w.Secrets = map[world.Name]*corev1.Secret{}
		before := translate.All(w)
		after := *w
		gateway := w.Gateways[web].DeepCopy()
		gateway.Generation++
		gateway.Spec.Listeners = append(gateway.Spec.Listeners, gatewayv1.Listener{
			Name: "https", Port: 443, Protocol: c.protocol,
			TLS: &gatewayv1.ListenerTLSConfig{CertificateRefs: []gatewayv1.SecretObjectReference{{Name: "another"}}},
		})
		after.Gateways = map[world.Name]*gatewayv1.Gateway{web: gateway}
		changed := translate.Change(before, &after, []world.Key{{Kind: world.KindGateway, Name: web}})
		read := after
		read.Secrets = c.secrets
		if c.secrets != nil {
			changed = translate.Change(changed, &read, []world.Key{{Kind: world.KindSecret, Name: name}})
		}
		if got := changed.Gateways[0].Unread; got != c.unread {
			t.Errorf("%s: unread %t: %s", c.name, got, c.reason)
		}
	}
}
