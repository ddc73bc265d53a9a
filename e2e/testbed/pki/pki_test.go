package pki

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"testing"
)

func TestIssuedCertificateIsTrusted(t *testing.T) {
	authority, err := NewAuthority("test")
	if err != nil {
		t.Fatal(err)
	}
	pair, err := authority.Issue(Request{
		CommonName:    "kube-apiserver",
		Organizations: []string{"system:masters"},
		DNSNames:      []string{"kubernetes"},
		IPs:           []net.IP{net.ParseIP("10.0.0.1")},
	})
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := tls.X509KeyPair(pair.Cert, pair.Key)
	if err != nil {
		t.Fatalf("certificate and key do not belong together: %v", err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority.Cert)
	for _, name := range []string{"kubernetes", "10.0.0.1"} {
		for _, usage := range []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth} {
			options := x509.VerifyOptions{Roots: roots, DNSName: name, KeyUsages: []x509.ExtKeyUsage{usage}}
			if _, err := loaded.Leaf.Verify(options); err != nil {
				t.Errorf("name %s, usage %v: %v", name, usage, err)
			}
		}
	}
	if _, err := loaded.Leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: "other"}); err == nil {
		t.Error("a name that was not asked for is accepted")
	}
}
