package translate

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/world"
)

// listenerTLS checks the tls of a listener and reads its certificates.
func (t *translator) listenerTLS(l *listenerContext) {
	spec := l.spec.TLS
	if l.made.Protocol == protocolHTTP {
		if spec != nil {
			l.refusef(ir.UnsupportedValue, "tls must not be set on protocol HTTP: use protocol HTTPS, or remove tls")
		}
		return
	}
	if spec != nil && spec.Mode != nil && *spec.Mode != "" && *spec.Mode != gatewayv1.TLSModeTerminate {
		l.refusef(ir.UnsupportedValue, "tls.mode: %s is not possible on protocol HTTPS, whose TLS ends at the front: set mode: Terminate", *spec.Mode)
		return
	}
	l.clientValidation()
	if spec == nil || len(spec.CertificateRefs) == 0 {
		t.withoutCertificate(l)
		return
	}
	for i := range spec.CertificateRefs {
		if certificate := t.certificate(l, &spec.CertificateRefs[i]); certificate != nil {
			l.certificates[l.made.Name] = append(l.certificates[l.made.Name], *certificate)
			l.made.Secrets = append(l.made.Secrets, certificate.Secret)
		}
	}
}

// withoutCertificate is an HTTPS listener that names no certificate: the front may find one by hostname.
func (t *translator) withoutCertificate(l *listenerContext) {
	if !l.provider.EndsTLS {
		l.refusef(ir.InvalidCertificateRef, "protocol HTTPS needs a certificate: set tls.certificateRefs")
		return
	}
	named := l.provider.Kind == albKind && !l.parametersBroken() && namesARNs(ir.Front{ALB: t.albSpec(l.parameters)})
	if l.made.Hostname == "" && !named {
		l.refusef(ir.InvalidCertificateRef,
			"the listener names neither a certificate nor a hostname to find one by: set tls.certificateRefs or hostname here, or tls.certificateARNs in the ALBConfig")
	}
}

// clientValidation refuses what would let in clients that the user wants checked.
func (l *listenerContext) clientValidation() {
	config := l.object.Spec.TLS
	if config == nil || config.Frontend == nil {
		return
	}
	validation := config.Frontend.Default.Validation
	for _, port := range config.Frontend.PerPort {
		if port.Port == l.made.Port {
			validation = port.TLS.Validation
		}
	}
	if validation != nil {
		l.refusef(ir.UnsupportedValue,
			"spec.tls.frontend asks for client certificates on port %d, which this GatewayClass cannot check: remove the validation", l.made.Port)
	}
}

// certificate reads one certificateRef; nil with a Problem if it cannot be used.
func (t *translator) certificate(l *listenerContext, ref *gatewayv1.SecretObjectReference) *ir.Certificate {
	if group, kind := deref(ref.Group), derefOr(ref.Kind, kindSecret); group != "" || kind != kindSecret {
		l.refusef(ir.InvalidCertificateRef, "tls.certificateRefs: %s/%s is not a kind that holds certificates: name a Secret", group, kind)
		return nil
	}
	name := world.Name{Namespace: string(derefOr(ref.Namespace, gatewayv1.Namespace(l.name.Namespace))), Name: string(ref.Name)}
	l.deps.on(world.KindSecret, name.Namespace, name.Name)
	if name.Namespace != l.name.Namespace {
		l.deps.onGrants(name.Namespace)
		from := grantFrom{gatewayv1.GroupName, "Gateway", l.name.Namespace}
		if !t.permitted(from, grantTo{"", kindSecret, name}) {
			l.refusef(ir.RefNotPermitted, "%s", notPermitted(from, grantTo{"", kindSecret, name}))
			return nil
		}
	}
	secret, looked := t.w.Secrets[name]
	switch {
	case !looked:
		l.refusef(ir.InvalidCertificateRef, "Secret %s has not been read yet", name)
		return nil
	case secret == nil:
		l.refusef(ir.InvalidCertificateRef, "Secret %s does not exist: create it with type kubernetes.io/tls, or correct tls.certificateRefs", name)
		return nil
	}
	certificate, fault := readCertificate(name, secret)
	if fault != "" {
		l.refusef(ir.InvalidCertificateRef, "Secret %s %s", name, fault)
		return nil
	}
	return certificate
}

// readCertificate takes a certificate out of a Secret, or says what is wrong with it.
func readCertificate(name world.Name, secret *corev1.Secret) (*ir.Certificate, string) {
	chain, key := secret.Data[corev1.TLSCertKey], secret.Data[corev1.TLSPrivateKeyKey]
	switch {
	case len(chain) == 0:
		return nil, "has no tls.crt: put the certificate and its chain there in PEM"
	case len(key) == 0:
		return nil, "has no tls.key: put the private key there in PEM"
	}
	leaf := firstCertificate(chain)
	if leaf == nil {
		return nil, "has a tls.crt that cannot be read: put the certificate and its chain there in PEM"
	}
	if _, err := tls.X509KeyPair(chain, key); err != nil {
		if strings.Contains(err.Error(), "does not match") {
			return nil, "has a tls.key that does not belong to tls.crt: put the private key there that the certificate was issued for"
		}
		return nil, "has a tls.key that cannot be read: put the unencrypted private key there in PEM"
	}
	sum := sha256.Sum256(leaf.Raw)
	hostnames := slices.Clone(leaf.DNSNames)
	if len(hostnames) == 0 && leaf.Subject.CommonName != "" {
		hostnames = []string{leaf.Subject.CommonName}
	}
	slices.Sort(hostnames)
	return &ir.Certificate{
		Secret: name.String(), Fingerprint: hex.EncodeToString(sum[:]), Hostnames: hostnames,
		CertPEM: chain, KeyPEM: key,
	}, ""
}

func firstCertificate(chain []byte) *x509.Certificate {
	for block, rest := pem.Decode(chain); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		leaf, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil
		}
		return leaf
	}
	return nil
}
