package translation

import (
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/internal/world"
)

// namedSecrets are the Secrets that listeners of Gateways of our classes name. No other is ever read.
func namedSecrets(w *world.World) map[world.Name]bool {
	out := map[world.Name]bool{}
	for _, gateway := range w.Gateways {
		if !ours(w, gateway) {
			continue
		}
		for _, listener := range gateway.Spec.Listeners {
			if listener.TLS == nil {
				continue
			}
			for _, ref := range listener.TLS.CertificateRefs {
				if name, ok := secretName(gateway.Namespace, ref); ok {
					out[name] = true
				}
			}
		}
	}
	return out
}

func ours(w *world.World, gateway *gatewayv1.Gateway) bool {
	class := w.Classes[string(gateway.Spec.GatewayClassName)]
	if class == nil {
		return false
	}
	_, known := w.Providers[string(class.Spec.ControllerName)]
	return known
}

func secretName(namespace string, ref gatewayv1.SecretObjectReference) (world.Name, bool) {
	if ref.Group != nil && *ref.Group != "" || ref.Kind != nil && *ref.Kind != "Secret" {
		return world.Name{}, false
	}
	if ref.Namespace != nil {
		namespace = string(*ref.Namespace)
	}
	return world.Name{Namespace: namespace, Name: string(ref.Name)}, true
}

// lookedFor tells whether every Secret was found, or found missing.
func lookedFor(w *world.World, names map[world.Name]bool) bool {
	for name := range names {
		if _, known := w.Secrets[name]; !known {
			return false
		}
	}
	return true
}
