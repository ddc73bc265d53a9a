package translate

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/world"
)

// uriPattern is what the CRD takes for a URI, since objects also come from files.
var uriPattern = regexp.MustCompile(`^(([^:/?#]+):)(//([^/?#]*))([^?#]*)(\?([^#]*))?(#(.*))?$`)

// backendTLS reads a BackendTLSPolicy. One that is not accepted has no TLS: whoever needs it fails, and
// nothing is sent in the clear.
func (p *policyContext) backendTLS(object *gatewayv1.BackendTLSPolicy) {
	made := p.validation(&object.Spec.Validation)
	if options := object.Spec.Options; len(options) > 0 {
		p.refusef(ir.FieldIgnored, "spec.options: %s: no option is known, and none has an effect: remove them",
			strings.Join(optionNames(options), ", "))
	}
	if p.usable() {
		p.out.TLS = made
	}
}

func optionNames(options map[gatewayv1.AnnotationKey]gatewayv1.AnnotationValue) []string {
	out := make([]string, 0, len(options))
	for _, key := range slices.Sorted(maps.Keys(options)) {
		out = append(out, string(key))
	}
	return out
}

// validation reads whose certificate proxies accept.
func (p *policyContext) validation(spec *gatewayv1.BackendTLSPolicyValidation) *config.BackendTLS {
	out := &config.BackendTLS{Hostname: strings.ToLower(string(spec.Hostname))}
	if out.Hostname == "" || strings.Contains(out.Hostname, "*") {
		p.refusef(ir.PolicyInvalid, "validation.hostname: %q must be one precise hostname", spec.Hostname)
	}
	for i, name := range spec.SubjectAltNames {
		out.Names = append(out.Names, p.subjectName(i, name))
	}
	system := string(deref(spec.WellKnownCACertificates))
	switch {
	case system != "" && len(spec.CACertificateRefs) > 0:
		p.refusef(ir.PolicyInvalid, "validation: caCertificateRefs and wellKnownCACertificates exclude each other: remove one")
	case system == string(gatewayv1.WellKnownCACertificatesSystem):
	case system != "":
		p.refusef(ir.PolicyInvalid, "validation.wellKnownCACertificates: %q is not known: use System, or caCertificateRefs", system)
	case len(spec.CACertificateRefs) == 0:
		p.refusef(ir.PolicyInvalid, "validation: set caCertificateRefs, or wellKnownCACertificates: System")
	default:
		out.CA = p.authorities(spec.CACertificateRefs)
	}
	return out
}

func (p *policyContext) subjectName(index int, name gatewayv1.SubjectAltName) config.SubjectName {
	out := config.SubjectName{}
	switch name.Type {
	case gatewayv1.HostnameSubjectAltNameType:
		out.Hostname = strings.ToLower(string(name.Hostname))
		if out.Hostname == "" {
			p.refusef(ir.PolicyInvalid, "validation.subjectAltNames[%d].hostname is missing", index)
		}
	case gatewayv1.URISubjectAltNameType:
		out.URI = string(name.URI)
		if !uriPattern.MatchString(out.URI) {
			p.refusef(ir.PolicyInvalid, "validation.subjectAltNames[%d].uri: %q is not an absolute URI such as spiffe://example.com/backend", index, out.URI)
		}
	default:
		p.refusef(ir.PolicyInvalid, "validation.subjectAltNames[%d].type: %q is not Hostname or URI", index, name.Type)
	}
	return out
}

// authorities are the CA certificates that the policy names, in PEM. It can do with some of them, not with none.
func (p *policyContext) authorities(refs []gatewayv1.LocalObjectReference) string {
	var bundle strings.Builder
	for i, ref := range refs {
		var authority, fault string
		switch {
		case isConfigMap(ref):
			authority, fault = p.t.authority(p.deps, world.Name{Namespace: p.key.Namespace, Name: string(ref.Name)})
		case p.t.w.Experimental && isTrustBundle(ref.Group, ref.Kind):
			authority, fault = p.t.trustBundle(p.deps, string(ref.Name))
		default:
			p.refusef(ir.InvalidKind, "validation.caCertificateRefs[%d]: %s/%s is not a kind that holds CA certificates: %s", i, ref.Group, ref.Kind, p.t.holders())
			continue
		}
		if fault != "" {
			p.refusef(ir.InvalidCACertificateRef, "validation.caCertificateRefs[%d]: %s", i, fault)
			continue
		}
		bundle.WriteString(authority)
	}
	if bundle.Len() == 0 {
		p.refusef(ir.NoValidCACertificate, "validation.caCertificateRefs names no CA certificate that can be used: see ResolvedRefs")
	}
	return bundle.String()
}
