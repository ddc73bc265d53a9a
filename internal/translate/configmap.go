package translate

import (
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/internal/world"
)

// WantedConfigMaps are the ConfigMaps whose CA certificates BackendTLSPolicies name: translation needs them in the World.
func WantedConfigMaps(w *world.World) map[world.Name]bool {
	out := map[world.Name]bool{}
	for name, policy := range w.BackendTLS {
		for _, ref := range policy.Spec.Validation.CACertificateRefs {
			if isConfigMap(ref) {
				out[world.Name{Namespace: name.Namespace, Name: string(ref.Name)}] = true
			}
		}
	}
	return out
}

// isConfigMap says that a reference of a policy, which stays in the policy's namespace, names a ConfigMap.
func isConfigMap(ref gatewayv1.LocalObjectReference) bool {
	return ref.Group == "" && ref.Kind == kindConfigMap
}
