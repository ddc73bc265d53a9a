package experimental

import (
	"context"
	"net/http"
	"testing"

	certificatesv1 "k8s.io/api/certificates/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fleetgate/fleetgate/e2e/ground"
	"github.com/fleetgate/fleetgate/e2e/testbed/pki"
)

// trustBundle is the name that examples/experimental/cluster-trust-bundle.yaml has.
const trustBundle = "company-ca"

// clusterTrustBundle reaches a backend with TLS while the bundle has its authority, and only then.
func clusterTrustBundle(t *testing.T, g *ground.Ground) {
	company, other := authority(t, "company"), authority(t, "other")
	pair, err := company.Issue(pki.Request{CommonName: "app", DNSNames: []string{"app.example.internal"}})
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, g, "cluster-trust-bundle", &corev1.Secret{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"},
		ObjectMeta: metav1.ObjectMeta{Name: "app-tls"},
		Type:       corev1.SecretTypeTLS, Data: map[string][]byte{"tls.crt": pair.Cert, "tls.key": pair.Key},
	})
	t.Cleanup(func() {
		_, _ = g.Kubectl(context.Background(), nil, "delete", "clustertrustbundle", trustBundle, "--ignore-not-found")
	})
	const accepted = `{.status.ancestors[0].conditions[?(@.type=="Accepted")].status}`
	c := s.client(t)
	refused := func(got reply) string {
		if got.status < 500 || got.answer.Pod != "" {
			return "want a 5xx of the proxy"
		}
		return ""
	}
	c.eventually(t, "/", refused)
	s.eventually(t, "False NoValidCACertificate", "backendtlspolicy/app",
		`{range .status.ancestors[0].conditions[?(@.type=="Accepted")]}{.status} {.reason}{end}`)

	for _, step := range []struct {
		by   *pki.Authority
		want func(reply) string
	}{{company, is(http.StatusOK)}, {other, refused}, {company, is(http.StatusOK)}} {
		s.apply(t, bundle(step.by))
		c.eventually(t, "/", step.want)
		s.eventually(t, "True", "backendtlspolicy/app", accepted)
	}
	s.kubectl(t, "delete", "clustertrustbundle", trustBundle)
	c.eventually(t, "/", refused)
	s.eventually(t, "False", "backendtlspolicy/app", accepted)
}

func authority(t *testing.T, name string) *pki.Authority {
	t.Helper()
	made, err := pki.NewAuthority(name)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func bundle(of *pki.Authority) *certificatesv1.ClusterTrustBundle {
	return &certificatesv1.ClusterTrustBundle{
		TypeMeta:   metav1.TypeMeta{APIVersion: "certificates.k8s.io/v1", Kind: "ClusterTrustBundle"},
		ObjectMeta: metav1.ObjectMeta{Name: trustBundle},
		Spec:       certificatesv1.ClusterTrustBundleSpec{TrustBundle: string(of.Cert)},
	}
}
