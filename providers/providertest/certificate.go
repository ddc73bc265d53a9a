package providertest

import (
	"testing"

	"github.com/fleetgate/fleetgate/internal/ir"
)

// keepingCertificates: of a Secret that was good and is spoilt the cloud keeps the last good certificate, whoever asks; of
// one that never was good nothing is made, and a front is not emptied for it.
func keepingCertificates(t *testing.T, r run) {
	at := -1
	for i, port := range r.front.Ports {
		if len(port.Certificates) > 1 {
			at = i
		}
	}
	if at < 0 {
		t.Skip("this front ends no TLS with two certificates")
	}
	whole := clone(r.front)
	r.settle(t, r.cloud.Open(t))
	owned, state := r.cloud.Owned(t, r.front.Owner), r.resources(t)
	for _, change := range []struct {
		name  string
		apply func(*ir.FrontPort)
	}{
		{"the default certificate is spoilt", func(p *ir.FrontPort) { spoil(p, 0) }},
		{"another certificate is spoilt", func(p *ir.FrontPort) { spoil(p, 1) }},
		{"all certificates are spoilt", func(p *ir.FrontPort) {
			for i := range p.Certificates {
				spoil(p, i)
			}
			p.Spoilt = true
		}},
		{"one comes that never was good", func(p *ir.FrontPort) {
			p.Certificates = append(p.Certificates, ir.Certificate{Secret: "default/never", Spoilt: true})
		}},
	} {
		r.front = clone(whole)
		change.apply(&r.front.Ports[at])
		r.settle(t, r.cloud.Open(t))
		r.wantOwned(t, change.name, owned)
		if now := r.resources(t); now != state {
			t.Errorf("%s: something was changed:\nbefore %s\nafter  %s", change.name, state, now)
		}
	}
	never := ir.FrontPort{Port: 9443, Protocol: ir.FrontHTTPS, Spoilt: true, Targets: whole.Ports[at].Targets, Certificates: []ir.Certificate{
		{Secret: "default/never", Spoilt: true},
	}}
	r.front = clone(whole)
	r.front.Ports = append(r.front.Ports, never)
	r.settle(t, r.cloud.Open(t))
	r.wantOwned(t, "a port whose certificate never was good is not made", owned)
	r.front.Ports = []ir.FrontPort{never}
	r.settle(t, r.cloud.Open(t))
	r.wantOwned(t, "a front is not emptied for a certificate that never was good", owned)
	r.mended(t, whole, at, owned)
}

// mended: certificates that can be read again are served, and those that are not named any more go.
func (r run) mended(t *testing.T, whole ir.Front, at int, owned []string) {
	t.Helper()
	r.front = clone(whole)
	r.settle(t, r.cloud.Open(t))
	r.wantOwned(t, "mended", owned)
	r.front.Ports[at].Certificates = r.front.Ports[at].Certificates[:1]
	spoil(&r.front.Ports[at], 0)
	r.settle(t, r.cloud.Open(t))
	if left := r.cloud.Owned(t, r.front.Owner); len(left) >= len(owned) {
		t.Errorf("a certificate that is not named any more is still there: %q", left)
	}
}

// spoil has the Secret of a certificate turn into something that cannot be read.
func spoil(port *ir.FrontPort, i int) {
	port.Certificates[i] = ir.Certificate{Secret: port.Certificates[i].Secret, Spoilt: true}
}

// resources are all that a new process observes.
func (r run) resources(t *testing.T) string {
	t.Helper()
	have, err := r.cloud.Open(t).Observe(t.Context(), r.front)
	if err != nil {
		t.Fatal(err)
	}
	return dump(t, have.Resources)
}
