package translate

import (
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/world"
)

// WantedSecrets are the Secrets that translation looks at: those that listeners of Gateways of our classes and of
// their ListenerSets name, and those of certificates for backends. No other has to be read.
func WantedSecrets(w *world.World) map[world.Name]bool {
	out := wantedSecrets{}
	allowed := map[ir.Key]namespaceFilter{}
	for name, gateway := range w.Gateways {
		if _, ours := providerOf(w, gateway); !ours {
			continue
		}
		for i := range gateway.Spec.Listeners {
			out.listener(name.Namespace, &gateway.Spec.Listeners[i])
		}
		out.backend(name.Namespace, gateway)
		allowed[ir.Key(name)], _ = allowedSets(gateway.Spec.AllowedListeners) // after an error it allows nothing
	}
	for name, set := range w.ListenerSets.All() {
		gateway, ok := setParent(name, set)
		if filter, ours := allowed[gateway]; ok && ours && filter.admits(w, gateway.Namespace, name.Namespace) {
			for _, spec := range entries(set) {
				out.listener(name.Namespace, spec)
			}
		}
	}
	return out
}

// wantedSecrets are names of Secrets.
type wantedSecrets map[world.Name]bool

// listener adds those of a listener of a namespace that ends TLS.
func (s wantedSecrets) listener(namespace string, spec *gatewayv1.Listener) {
	if spec.TLS == nil || deref(spec.TLS.Mode) == gatewayv1.TLSModePassthrough {
		return
	}
	for i := range spec.TLS.CertificateRefs {
		s.secret(namespace, &spec.TLS.CertificateRefs[i])
	}
}

// backend adds that of the certificate which is shown to backends.
func (s wantedSecrets) backend(namespace string, gateway *gatewayv1.Gateway) {
	if tls := gateway.Spec.TLS; tls != nil && tls.Backend != nil && tls.Backend.ClientCertificateRef != nil {
		s.secret(namespace, tls.Backend.ClientCertificateRef)
	}
}

func (s wantedSecrets) secret(namespace string, ref *gatewayv1.SecretObjectReference) {
	if deref(ref.Group) == "" && derefOr(ref.Kind, kindSecret) == kindSecret {
		s[world.Name{Namespace: string(derefOr(ref.Namespace, gatewayv1.Namespace(namespace))), Name: string(ref.Name)}] = true
	}
}

// ClientConfigMaps are the ConfigMaps with the CA certificates that clients of Gateways of our classes are checked by.
func ClientConfigMaps(w *world.World) map[world.Name]bool {
	out := map[world.Name]bool{}
	eachClientAuthority(w, func(namespace string, ref *gatewayv1.ObjectReference) {
		if name, ofConfigMap := configMapOf(namespace, ref); ofConfigMap {
			out[name] = true
		}
	})
	return out
}

// configMapOf is the ConfigMap that a reference of an object in a namespace leads to, if it is to one.
func configMapOf(namespace string, ref *gatewayv1.ObjectReference) (world.Name, bool) {
	name := world.Name{Namespace: string(derefOr(ref.Namespace, gatewayv1.Namespace(namespace))), Name: string(ref.Name)}
	return name, ref.Group == "" && ref.Kind == kindConfigMap
}

// eachClientAuthority gives every reference to CA certificates for clients of Gateways of our classes, with the Gateway's namespace.
func eachClientAuthority(w *world.World, visit func(namespace string, ref *gatewayv1.ObjectReference)) {
	for name, gateway := range w.Gateways {
		if provider, ours := providerOf(w, gateway); ours && !provider.EndsTLS {
			clientAuthorities(name.Namespace, gateway, visit)
		}
	}
}

// clientAuthorities gives those of one Gateway.
func clientAuthorities(namespace string, gateway *gatewayv1.Gateway, visit func(namespace string, ref *gatewayv1.ObjectReference)) {
	if gateway.Spec.TLS == nil || gateway.Spec.TLS.Frontend == nil {
		return
	}
	validation := func(v *gatewayv1.FrontendTLSValidation) {
		for i := range derefOr(v, gatewayv1.FrontendTLSValidation{}).CACertificateRefs {
			visit(namespace, &v.CACertificateRefs[i])
		}
	}
	validation(gateway.Spec.TLS.Frontend.Default.Validation)
	for i := range gateway.Spec.TLS.Frontend.PerPort {
		validation(gateway.Spec.TLS.Frontend.PerPort[i].TLS.Validation)
	}
}

// providerOf is the provider of a Gateway, if its class is one of ours.
func providerOf(w *world.World, gateway *gatewayv1.Gateway) (world.Provider, bool) {
	class := w.Classes[string(gateway.Spec.GatewayClassName)]
	if class == nil {
		return world.Provider{}, false
	}
	provider, ours := w.Providers[string(class.Spec.ControllerName)]
	return provider, ours
}
