package translate

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/world"
)

// certificate reads one certificateRef of an object; nil with the reason if it cannot be used. A reference
// that is not permitted has the code RefNotPermitted, any other fault the one that is given.
func (t *translator) certificate(
	deps dependencies, in ir.Object, ref *gatewayv1.SecretObjectReference, otherwise ir.Code,
) (*ir.Certificate, ir.Code, string) {
	if group, kind := deref(ref.Group), derefOr(ref.Kind, kindSecret); group != "" || kind != kindSecret {
		return nil, otherwise, fmt.Sprintf("%s/%s is not a kind that holds certificates: name a Secret", group, kind)
	}
	name := world.Name{Namespace: string(derefOr(ref.Namespace, gatewayv1.Namespace(in.Namespace))), Name: string(ref.Name)}
	deps.on(world.KindSecret, name.Namespace, name.Name)
	if missing := t.missingGrant(deps, in, grantTo{"", kindSecret, name}); missing != "" {
		return nil, ir.RefNotPermitted, missing
	}
	certificate, fault := t.certificateOf(name)
	if fault != "" {
		return nil, otherwise, fmt.Sprintf("Secret %s %s", name, fault)
	}
	return certificate, ir.Code{}, ""
}

// spoilt is the Secret that a certificateRef with a fault leads to, if nothing is wrong but its content; else "". Proxies and
// fronts are still told of such a one: they go on with the last certificate that it held, so that a slip costs no connection.
func (t *translator) spoilt(in ir.Object, ref *gatewayv1.SecretObjectReference, fault ir.Code) string {
	name := world.Name{Namespace: string(derefOr(ref.Namespace, gatewayv1.Namespace(in.Namespace))), Name: string(ref.Name)}
	ofSecret := deref(ref.Group) == "" && derefOr(ref.Kind, kindSecret) == kindSecret
	if !ofSecret || fault == ir.RefNotPermitted || t.w.Secrets[name] == nil {
		return ""
	}
	return name.String()
}

// missingGrant says which ReferenceGrant is missing for an object to refer to what is in another namespace.
func (t *translator) missingGrant(deps dependencies, in ir.Object, to grantTo) string {
	if to.name.Namespace == in.Namespace {
		return ""
	}
	deps.onGrants(to.name.Namespace)
	from := grantFrom{gatewayv1.GroupName, in.Kind, in.Namespace}
	if t.permitted(from, to) {
		return ""
	}
	return notPermitted(from, to)
}

// readSecret is what was read from a Secret.
type readSecret struct {
	certificate *ir.Certificate
	fault       string
}

// certificateOf reads a Secret, each one once.
func (t *translator) certificateOf(name world.Name) (*ir.Certificate, string) {
	if known, found := t.certificates[name]; found {
		return known.certificate, known.fault
	}
	var made readSecret
	switch secret, looked := t.w.Secrets[name]; {
	case !looked:
		made.fault = "has not been read yet"
	case secret == nil:
		made.fault = "does not exist: create it with type kubernetes.io/tls, or correct the reference"
	default:
		if made.certificate = t.readBefore(name, secret); made.certificate == nil {
			made.certificate, made.fault = readCertificate(name, secret)
		}
	}
	t.certificates[name] = made
	return made.certificate, made.fault
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
