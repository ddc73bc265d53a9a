package worldtest

import (
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"time"
)

// Certificate is a self-signed certificate and its key in PEM, always the same ones for the same hostnames:
// Ed25519 signatures leave nothing to chance.
func Certificate(hostnames ...string) (chain, key []byte) {
	sum := sha256.New()
	for _, hostname := range hostnames {
		sum.Write([]byte(hostname + "\n"))
	}
	private := ed25519.NewKeyFromSeed(sum.Sum(nil))
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "test"},
		NotBefore:    time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		NotAfter:     time.Date(2046, 1, 1, 0, 0, 0, 0, time.UTC),
		DNSNames:     hostnames,
	}
	leaf, err := x509.CreateCertificate(nil, template, template, private.Public(), private)
	if err != nil {
		panic(err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		panic(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded})
}
