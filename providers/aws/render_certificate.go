package aws

import (
	"cmp"
	"slices"
	"strings"

	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/stack"
)

// certificatesOf are the certificates of a port, the default first: Secrets, then what was found by hostname, then what
// the parameters name. A listener whose hostname nothing covers gets a Problem; the others go on.
func (r *renderer) certificatesOf(port ir.FrontPort) []string {
	var out []string
	for _, c := range port.Certificates {
		out = append(out, clip(c.Secret))
	}
	var declared []string
	if r.spec.TLS != nil {
		declared = slices.Sorted(slices.Values(r.spec.TLS.CertificateARNs))
	}
	for _, want := range port.DiscoverHostnames {
		arn, ok := discover(r.facts.Certificates, want.Hostname)
		if ok {
			out = append(out, arn)
			continue
		}
		if len(declared) == 0 {
			r.listenerProblemf(want.Listener, "no issued certificate in ACM (%s) covers %s: request or import one, set "+
				"tls.certificateRefs on the listener, or tls.certificateARNs in the ALBConfig", r.facts.Region, want.Hostname)
		}
	}
	return unique(append(out, declared...))
}

// imported tells whether ACM has a certificate of a Secret.
func (r *renderer) imported(secret string) bool {
	_, has := r.have.Get(stack.ID{Kind: KindCertificate, Name: clip(secret)})
	return has
}

// discover finds the certificate for a hostname: one that names it before one whose wildcard covers it, then the one that is
// valid longest.
func discover(issued []IssuedCertificate, hostname string) (string, bool) {
	hostname = strings.ToLower(hostname)
	wildcard := ""
	if _, parent, ok := strings.Cut(hostname, "."); ok && !strings.HasPrefix(hostname, "*.") {
		wildcard = "*." + parent
	}
	for _, name := range []string{hostname, wildcard} {
		var covering []IssuedCertificate
		for _, c := range issued {
			if name != "" && slices.Contains(c.Hostnames, name) {
				covering = append(covering, c)
			}
		}
		if len(covering) > 0 {
			return slices.MaxFunc(covering, func(a, b IssuedCertificate) int {
				return cmp.Or(a.NotAfter.Compare(b.NotAfter), strings.Compare(b.ARN, a.ARN))
			}).ARN, true
		}
	}
	return "", false
}

// certificates wants each Secret in ACM once, whatever the number of ports that serve it. One that is spoilt stays what it is.
func (r *renderer) certificates() {
	done := map[string]bool{}
	for _, port := range r.front.Ports {
		for _, c := range port.Certificates {
			name := clip(c.Secret)
			if port.Protocol != ir.FrontHTTPS || done[name] {
				continue
			}
			done[name] = true
			if last, ok := r.have.Get(stack.ID{Kind: KindCertificate, Name: name}); ok && c.Spoilt {
				r.want(KindCertificate, name, last.Spec)
				continue
			}
			r.want(KindCertificate, name, CertificateSpec{Fingerprint: c.Fingerprint, Tags: r.tags()})
		}
	}
}

// unique drops repeats and keeps the order.
func unique(list []string) []string {
	seen := map[string]bool{}
	return slices.DeleteFunc(list, func(s string) bool {
		again := seen[s]
		seen[s] = true
		return again
	})
}
