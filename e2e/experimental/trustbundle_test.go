package experimental

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	certificatesv1 "k8s.io/api/certificates/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fleetgate/fleetgate/e2e/ground"
	"github.com/fleetgate/fleetgate/e2e/testbed/pki"
)

// trustBundle is the name that examples/experimental/cluster-trust-bundle.yaml has.
const trustBundle = "company-ca"

// clusterTrustBundle reaches a backend with TLS, and as a client with a certificate, while the bundle has the authority of
// both, and only then.
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
	trustsClients(t, s, company, other)
	s.kubectl(t, "delete", "clustertrustbundle", trustBundle)
	c.eventually(t, "/", refused)
	s.eventually(t, "False", "backendtlspolicy/app", accepted)
}

// trustsClients calls the HTTPS listener with certificates of both authorities, and with none.
func trustsClients(t *testing.T, s *scene, trusted, other *pki.Authority) {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(trusted.Cert)
	get := func(of *pki.Authority) error {
		config := &tls.Config{RootCAs: roots, ServerName: "app.example.internal", MinVersion: tls.VersionTLS12}
		if of != nil {
			config.Certificates = []tls.Certificate{clientCertificate(t, of)}
		}
		transport := &http.Transport{TLSClientConfig: config}
		defer transport.CloseIdleConnections()
		c := &client{http: &http.Client{Transport: transport, Timeout: 30 * time.Second}, url: "https://" + net.JoinHostPort(s.address, "443")}
		got, err := c.try(t.Context(), http.MethodGet, "/", "")
		if err == nil && got.status != http.StatusOK {
			err = errors.New(got.body)
		}
		return err
	}
	deadline := time.Now().Add(patience)
	for {
		err := get(trusted)
		if err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
		time.Sleep(100 * time.Millisecond)
	}
	for name, of := range map[string]*pki.Authority{"no certificate": nil, "a certificate of another authority": other} {
		var refusal *net.OpError
		if err := get(of); !errors.As(err, &refusal) || !strings.Contains(err.Error(), "tls:") {
			t.Errorf("a client with %s is not refused: %v", name, err)
		}
	}
}

func clientCertificate(t *testing.T, of *pki.Authority) tls.Certificate {
	t.Helper()
	made, err := of.Issue(pki.Request{CommonName: "client"})
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(made.Cert, made.Key)
	if err != nil {
		t.Fatal(err)
	}
	return pair
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
