package translate

import (
	"fmt"
	"strings"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/world"
)

// validationOf is what the Gateway asks of clients on a port (GEP-91); nil for nothing.
func (c *gatewayContext) validationOf(port int32) *gatewayv1.FrontendTLSValidation {
	frontend := c.frontend()
	if frontend == nil {
		return nil
	}
	for i := range frontend.PerPort {
		if frontend.PerPort[i].Port == port {
			return frontend.PerPort[i].TLS.Validation
		}
	}
	return frontend.Default.Validation
}

func (c *gatewayContext) frontend() *gatewayv1.FrontendTLSConfig {
	if c.object.Spec.TLS == nil {
		return nil
	}
	return c.object.Spec.TLS.Frontend
}

// insecureFallback says whether clients without a valid certificate get in on some port that asks for one.
func (c *gatewayContext) insecureFallback() bool {
	frontend := c.frontend()
	if frontend == nil || c.provider.EndsTLS {
		return false
	}
	insecure := falls(frontend.Default.Validation)
	for i := range frontend.PerPort {
		insecure = insecure || falls(frontend.PerPort[i].TLS.Validation)
	}
	return insecure
}

func falls(validation *gatewayv1.FrontendTLSValidation) bool {
	return validation != nil && validation.Mode == gatewayv1.AllowInsecureFallback
}

// clientValidation is what clients of an HTTPS listener have to show. It refuses what would let in clients that the
// user wants checked.
func (t *translator) clientValidation(l *listenerContext) {
	validation := l.validationOf(l.made.Port)
	if validation == nil {
		return
	}
	if l.provider.EndsTLS {
		l.refusef(ir.UnsupportedValue,
			"spec.tls.frontend asks for client certificates on port %d, which this GatewayClass cannot check: remove the validation", l.made.Port)
		return
	}
	switch validation.Mode {
	case "", gatewayv1.AllowValidOnly:
		l.made.ClientAuth.Mode = config.ClientAuthRequired
	case gatewayv1.AllowInsecureFallback:
		l.made.ClientAuth.Mode = config.ClientAuthAny
	default:
		l.refusef(ir.UnsupportedValue, "spec.tls.frontend: mode %q is not known on port %d: set mode: AllowValidOnly or AllowInsecureFallback",
			validation.Mode, l.made.Port)
		return
	}
	l.made.ClientAuth.CA = t.authorities(l, validation.CACertificateRefs)
	if l.made.ClientAuth.CA == "" {
		l.made.ClientAuth = config.ClientAuth{}
		l.refusef(ir.NoValidCACertificate, "spec.tls.frontend names no CA certificate that can be used on port %d: see ResolvedRefs", l.made.Port)
	}
}

// authorities are the CA certificates that references of the Gateway lead to, in PEM. They are resolved as the
// Gateway's, even for a listener of a ListenerSet.
func (t *translator) authorities(l *listenerContext, refs []gatewayv1.ObjectReference) string {
	var bundle strings.Builder
	for i := range refs {
		authority, code, fault := t.clientAuthority(l, &refs[i])
		if fault != "" {
			l.refusef(code, "spec.tls.frontend: caCertificateRefs: %s", fault)
			continue
		}
		bundle.WriteString(authority)
	}
	return bundle.String()
}

// clientAuthority is what one of those references leads to, or what is wrong with it.
func (t *translator) clientAuthority(l *listenerContext, ref *gatewayv1.ObjectReference) (bundle string, code ir.Code, fault string) {
	in := ir.Object{Kind: kindGateway, Namespace: l.name.Namespace, Name: l.name.Name}
	switch {
	case t.w.Experimental && isTrustBundle(ref.Group, ref.Kind) && ref.Namespace != nil:
		return "", ir.InvalidCACertificateRef, fmt.Sprintf("ClusterTrustBundle %s is of the whole cluster: remove namespace", ref.Name)
	case t.w.Experimental && isTrustBundle(ref.Group, ref.Kind):
		bundle, fault = t.trustBundle(l.deps, string(ref.Name))
		return bundle, ir.InvalidCACertificateRef, fault
	case ref.Group != "" || ref.Kind != kindConfigMap:
		return "", ir.InvalidCACertificateKind, fmt.Sprintf("%s/%s is not a kind that holds CA certificates: %s", ref.Group, ref.Kind, t.holders())
	}
	name := world.Name{Namespace: string(derefOr(ref.Namespace, gatewayv1.Namespace(in.Namespace))), Name: string(ref.Name)}
	if missing := t.missingGrant(l.deps, in, grantTo{"", kindConfigMap, name}); missing != "" {
		return "", ir.RefNotPermitted, missing
	}
	bundle, fault = t.authority(l.deps, name)
	return bundle, ir.InvalidCACertificateRef, fault
}

// backendCertificate reads the certificate that proxies show to backends (GEP-3155). Without it they show none.
func (t *translator) backendCertificate(c *gatewayContext) {
	tls := c.object.Spec.TLS
	if tls == nil || tls.Backend == nil || tls.Backend.ClientCertificateRef == nil {
		return
	}
	in := ir.Object{Kind: kindGateway, Namespace: c.name.Namespace, Name: c.name.Name}
	certificate, code, fault := t.certificate(c.deps, in, tls.Backend.ClientCertificateRef, ir.InvalidClientCertificate)
	if certificate == nil {
		c.refusef(code, "spec.tls.backend.clientCertificateRef: %s", fault)
		c.out.BackendSecret = t.spoilt(in, tls.Backend.ClientCertificateRef, code)
		return
	}
	c.out.BackendSecret = certificate.Secret
}

// authority reads CA certificates in PEM from key ca.crt of a ConfigMap, or says what is wrong with it.
func (t *translator) authority(deps dependencies, name world.Name) (bundle, fault string) {
	deps.on(world.KindConfigMap, name.Namespace, name.Name)
	object, looked := t.w.ConfigMaps[name]
	switch {
	case !looked:
		return "", fmt.Sprintf("ConfigMap %s has not been read yet", name)
	case object == nil:
		return "", fmt.Sprintf("ConfigMap %s does not exist: create it, or correct the reference", name)
	}
	text := object.Data[authorityKey]
	if text == "" {
		text = string(object.BinaryData[authorityKey])
	}
	switch {
	case text == "":
		return "", fmt.Sprintf("ConfigMap %s has no %s: put CA certificates there in PEM", name, authorityKey)
	case firstCertificate([]byte(text)) == nil:
		return "", fmt.Sprintf("ConfigMap %s has a %s that cannot be read: put CA certificates there in PEM", name, authorityKey)
	}
	return strings.TrimRight(text, "\n") + "\n", ""
}

// authorityKey is the key of a ConfigMap that has CA certificates.
const authorityKey = "ca.crt"
