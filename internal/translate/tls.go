package translate

import (
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/internal/ir"
)

// passthrough says that the listener asks for TLS to be passed on as it is.
func (l *listenerContext) passthrough() bool {
	return l.made.Protocol == protocolTLS && l.spec.TLS != nil && deref(l.spec.TLS.Mode) == gatewayv1.TLSModePassthrough
}

// listenerTLS checks the tls of a listener and reads its certificates.
func (t *translator) listenerTLS(l *listenerContext) {
	spec := l.spec.TLS
	switch {
	case l.made.Protocol != protocolHTTPS && l.made.Protocol != protocolTLS:
		if spec != nil {
			l.refusef(ir.UnsupportedValue, "tls must not be set on protocol %s: use protocol HTTPS or TLS, or remove tls", l.made.Protocol)
		}
		return
	case !l.tlsMode():
		return
	case l.passthrough():
		l.made.Passthrough = true
		return
	}
	if l.made.Protocol == protocolHTTPS {
		t.clientValidation(l)
	}
	l.tlsOptions()
	if spec == nil || len(spec.CertificateRefs) == 0 {
		t.withoutCertificate(l)
		return
	}
	for i := range spec.CertificateRefs {
		certificate, code, fault := t.certificate(l.deps, l.in, &spec.CertificateRefs[i], ir.InvalidCertificateRef)
		if certificate == nil {
			l.refusef(code, "tls.certificateRefs[%d]: %s", i, fault)
			if secret := t.spoilt(l.in, &spec.CertificateRefs[i], code); secret != "" {
				l.lastGood(secret)
			}
			continue
		}
		l.made.Certificates = append(l.made.Certificates, certificate)
		l.made.Secrets = append(l.made.Secrets, certificate.Secret)
	}
}

// lastGood has whoever ends the TLS of the listener, proxies or the front, go on with what it has of a Secret that is spoilt.
func (l *listenerContext) lastGood(secret string) {
	l.made.Certificates = append(l.made.Certificates, &ir.Certificate{Secret: secret, Spoilt: true})
	if l.made.ProxyEndsTLS(l.provider.EndsTLS) {
		l.made.Secrets = append(l.made.Secrets, secret)
	}
}

// tlsMode refuses modes that the protocol does not have, and says whether the mode can be used. Terminate is the default.
func (l *listenerContext) tlsMode() bool {
	if l.spec.TLS == nil {
		return true
	}
	switch mode := derefOr(l.spec.TLS.Mode, gatewayv1.TLSModeTerminate); {
	case mode == "" || mode == gatewayv1.TLSModeTerminate:
		return true
	case mode != gatewayv1.TLSModePassthrough:
		l.refusef(ir.UnsupportedValue, "tls.mode: %q is not known: set mode: Terminate or Passthrough", mode)
	case l.made.Protocol == protocolHTTPS && l.provider.EndsTLS:
		l.refusef(ir.UnsupportedValue, "tls.mode: %s is not possible on protocol HTTPS, whose TLS ends at the front: set mode: Terminate", mode)
	case l.made.Protocol == protocolHTTPS:
		l.refusef(ir.UnsupportedValue, "tls.mode: %s is not possible on protocol HTTPS: set mode: Terminate, or protocol: TLS", mode)
	default:
		return true
	}
	return false
}

// withoutCertificate is a listener that ends TLS and names no certificate: the front may find one by hostname.
func (t *translator) withoutCertificate(l *listenerContext) {
	if !l.provider.EndsTLS || l.made.Protocol != protocolHTTPS {
		l.refusef(ir.InvalidCertificateRef, "protocol %s needs a certificate: set tls.certificateRefs", l.made.Protocol)
		return
	}
	named := l.provider.Kind == albKind && !l.parametersBroken() && namesARNs(ir.Front{ALB: t.albSpec(l.parameters)})
	if l.made.Hostname == "" && !named {
		l.refusef(ir.InvalidCertificateRef,
			"the listener names neither a certificate nor a hostname to find one by: set tls.certificateRefs or hostname here, or tls.certificateARNs in the ALBConfig")
	}
}
