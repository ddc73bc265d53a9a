package selfsigned_test

import (
	"crypto/tls"
	"crypto/x509"
	"slices"
	"testing"

	"github.com/fleetgate/fleetgate/cmd/fleetgate/internal/manifest"
	"github.com/fleetgate/fleetgate/cmd/fleetgate/internal/selfsigned"
)

func TestTheSeedGetsTheCertificatesThatItsListenersName(t *testing.T) {
	folder, err := manifest.Read("../../../../examples/seed")
	if err != nil {
		t.Fatal(err)
	}
	wallet, err := selfsigned.NewWallet()
	if err != nil {
		t.Fatal(err)
	}
	secrets, err := wallet.Secrets(folder)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(wallet.Authority.PEM)
	var names []string
	for _, s := range secrets {
		names = append(names, s.Namespace+"/"+s.Name)
		pair, err := tls.X509KeyPair(s.Data["tls.crt"], s.Data["tls.key"])
		if err != nil {
			t.Fatalf("%s: %v", s.Name, err)
		}
		if _, err := pair.Leaf.Verify(x509.VerifyOptions{Roots: roots}); err != nil {
			t.Errorf("%s: %v", s.Name, err)
		}
		if s.Name == "company-tls-cert" && !slices.Equal(pair.Leaf.DNSNames, []string{"app.company.com", "www.company.com"}) {
			t.Errorf("%s is for %v", s.Name, pair.Leaf.DNSNames)
		}
	}
	want := []string{
		"gateway-infra/api-tls-cert", "gateway-infra/company-tls-cert", "gateway-infra/wildcard-tls-cert", "payments-team/payments-tls-cert",
	}
	if !slices.Equal(names, want) {
		t.Errorf("secrets %v, want %v", names, want)
	}
	if got := selfsigned.Unnamed(folder); !slices.Equal(got, []string{"*.secured.company.com"}) {
		t.Errorf("left to the cloud: %v", got)
	}
}

func TestWithoutTheAnnotationNothingIsMade(t *testing.T) {
	folder, err := manifest.Read("../../../../examples/seed")
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range folder.Gateways {
		g.Annotations = nil
	}
	if got := selfsigned.Wanted(folder); len(got) > 0 {
		t.Errorf("wanted %v", got)
	}
}

func TestAReloadKeepsCertificates(t *testing.T) {
	wallet, err := selfsigned.NewWallet()
	if err != nil {
		t.Fatal(err)
	}
	first, _ := wallet.Pair("s", []string{"a.example"})
	again, _ := wallet.Pair("s", []string{"a.example"})
	other, err := wallet.Pair("s", []string{"b.example"})
	if err != nil || string(first.Cert) != string(again.Cert) || string(first.Cert) == string(other.Cert) {
		t.Error("a certificate changed without a reason, or did not change with one")
	}
}

func TestListenersOfServiceClassesGetNoCertificateThatTheyDoNotName(t *testing.T) {
	folder, err := manifest.Read("../../../../examples/service")
	if err != nil {
		t.Fatal(err)
	}
	https := &folder.Gateways[0].Spec.Listeners[1]
	https.TLS.CertificateRefs = nil
	if got := selfsigned.Unnamed(folder); len(got) > 0 {
		t.Errorf("a cloud is expected to have certificates for %v, and there is none", got)
	}
	if selfsigned.NameUnnamed(folder); len(https.TLS.CertificateRefs) > 0 {
		t.Errorf("%v would not be there in a cluster", https.TLS.CertificateRefs)
	}
	if got := selfsigned.Wanted(folder); len(got) != 1 || got[0].Name.Name != "queue-tls" {
		t.Errorf("wanted %v", got)
	}
}
