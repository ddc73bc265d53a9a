package translate

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/world"
)

const kindBackendTLSPolicy = "BackendTLSPolicy"

// uriPattern is what the CRD takes for a URI, since objects also come from files.
var uriPattern = regexp.MustCompile(`^(([^:/?#]+):)(//([^/?#]*))([^?#]*)(\?([^#]*))?(#(.*))?$`)

// policyContext is a BackendTLSPolicy on its way through translation.
type policyContext struct {
	t      *translator
	name   world.Name
	object *gatewayv1.BackendTLSPolicy
	out    *ir.Policy
	deps   dependencies
}

func (p *policyContext) refusef(code ir.Code, format string, args ...any) {
	object := ir.Object{Kind: kindBackendTLSPolicy, Namespace: p.name.Namespace, Name: p.name.Name}
	p.out.Problems = append(p.out.Problems, code.Problem(object, format, args...))
}

// policy translates a BackendTLSPolicy. One that is not accepted has no TLS: whoever needs it fails, and
// nothing is sent in the clear.
func (t *translator) policy(name world.Name) *ir.Policy {
	object := t.w.BackendTLS[name]
	p := &policyContext{
		t: t, name: name, object: object, deps: dependencies{},
		out: &ir.Policy{Namespace: name.Namespace, Name: name.Name, Generation: object.Generation},
	}
	if !object.CreationTimestamp.IsZero() {
		p.out.Created = object.CreationTimestamp.Unix()
	}
	p.deps.on(world.KindBackendTLSPolicy, name.Namespace, name.Name)
	p.targets()
	made := p.validation()
	if len(object.Spec.Options) > 0 {
		p.refusef(ir.FieldIgnored, "spec.options: %s: no option is known, and none has an effect: remove them",
			strings.Join(optionNames(object.Spec.Options), ", "))
	}
	if !slices.ContainsFunc(p.out.Problems, disables) {
		p.out.TLS = made
	}
	p.out.Deps = p.deps.sorted()
	return p.out
}

// disables says that a Problem keeps a policy from being used where it is the one that counts.
func disables(problem ir.Problem) bool {
	return problem.Type == ir.PolicyInvalid.Type && problem.Reason != ir.PolicyConflicted.Reason && problem.Reason != ir.TargetNotFound.Reason
}

func optionNames(options map[gatewayv1.AnnotationKey]gatewayv1.AnnotationValue) []string {
	out := make([]string, 0, len(options))
	for _, key := range slices.Sorted(maps.Keys(options)) {
		out = append(out, string(key))
	}
	return out
}

// targets reads which Services the policy is for, and where an older one is for the same. A target that is not
// there is a fault of the whole policy only if there is no other.
func (p *policyContext) targets() {
	var absent []string
	for i, ref := range p.object.Spec.TargetRefs {
		if ref.Group != "" || ref.Kind != kindService {
			absent = append(absent, fmt.Sprintf("targetRefs[%d]: %s/%s cannot be a target: name a Service", i, ref.Group, ref.Kind))
			continue
		}
		target := ir.PolicyTarget{Service: string(ref.Name), Section: string(deref(ref.SectionName))}
		service := world.Name{Namespace: p.name.Namespace, Name: target.Service}
		p.deps.on(world.KindService, service.Namespace, service.Name)
		if winner := p.t.winner(service, target.Section); winner != p.name {
			target.Lost = true
			p.refusef(ir.PolicyConflicted, "targetRefs[%d]: BackendTLSPolicy %s is for the same %s and takes precedence: remove one of them",
				i, winner, describeTarget(target))
		}
		if target.Section != "" && !p.hasPort(service, target.Section) {
			absent = append(absent, fmt.Sprintf("targetRefs[%d].sectionName: Service %s has no port named %s", i, service, target.Section))
		}
		p.out.Targets = append(p.out.Targets, target)
	}
	code := ir.TargetNotFound
	if len(absent) < len(p.object.Spec.TargetRefs) {
		code = ir.TargetIgnored
	}
	for _, message := range absent {
		p.refusef(code, "%s", message)
	}
}

func describeTarget(target ir.PolicyTarget) string {
	if target.Section == "" {
		return "Service " + target.Service
	}
	return fmt.Sprintf("port %s of Service %s", target.Section, target.Service)
}

// hasPort says whether a Service has a port of this name in some member; it may have if it is in none.
func (p *policyContext) hasPort(service world.Name, name string) bool {
	p.deps.onMembers()
	exists := false
	for _, member := range p.t.w.Members {
		object := member.Services[service]
		exists = exists || object != nil
		if object != nil && slices.ContainsFunc(object.Spec.Ports, func(port corev1.ServicePort) bool { return port.Name == name }) {
			return true
		}
	}
	return !exists
}

// winner is the policy for a Service's port that takes precedence: the oldest, then the first by name.
func (t *translator) winner(service world.Name, section string) world.Name {
	var best world.Name
	for _, name := range t.claims[service] {
		for _, ref := range t.w.BackendTLS[name].Spec.TargetRefs {
			if isTarget(ref, service.Name) && string(deref(ref.SectionName)) == section {
				if best == (world.Name{}) || t.olderPolicy(name, best) {
					best = name
				}
			}
		}
	}
	return best
}

func isTarget(ref gatewayv1.LocalPolicyTargetReferenceWithSectionName, service string) bool {
	return ref.Group == "" && ref.Kind == kindService && string(ref.Name) == service
}

func (t *translator) olderPolicy(a, b world.Name) bool {
	first, second := t.w.BackendTLS[a].CreationTimestamp, t.w.BackendTLS[b].CreationTimestamp
	return cmp.Or(first.Compare(second.Time), a.Compare(b)) < 0
}

// validation reads whose certificate proxies accept.
func (p *policyContext) validation() *config.BackendTLS {
	spec := &p.object.Spec.Validation
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
		if ref.Group != "" || ref.Kind != kindConfigMap {
			p.refusef(ir.InvalidKind, "validation.caCertificateRefs[%d]: %s/%s is not a kind that holds CA certificates: name a ConfigMap", i, ref.Group, ref.Kind)
			continue
		}
		authority, fault := p.t.authority(p.deps, world.Name{Namespace: p.name.Namespace, Name: string(ref.Name)})
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
