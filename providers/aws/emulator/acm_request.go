package emulator

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"time"
)

// authority is the emulator's own certificate authority.
type authority struct {
	Certificate string // PEM
	Key         string // PEM
}

type requestCertificateInput struct {
	DomainName              string
	SubjectAlternativeNames []string
	KeyAlgorithm            string
	IdempotencyToken        string
	Tags                    []tag
}

// requestCertificate issues at once, where AWS waits for a proof of the domain: the certificates are there to be
// found by hostname, not to be trusted.
// https://docs.aws.amazon.com/acm/latest/APIReference/API_RequestCertificate.html
func requestCertificate(c *call, in *requestCertificateInput) (*certificateARN, error) {
	if in.DomainName == "" {
		return nil, fail("ValidationException", "DomainName must not be empty")
	}
	for _, old := range c.r.Certificates {
		if in.IdempotencyToken != "" && old.Token == in.IdempotencyToken && old.Domain == in.DomainName {
			return &certificateARN{old.ARN}, nil
		}
	}
	if len(c.r.Certificates) >= c.server.opts.quota(QuotaACMCertificates) {
		return nil, fail("LimitExceededException", "Cannot create more certificates: the limit has been reached")
	}
	tags, err := acmTagErrors.merge(nil, in.Tags)
	if err != nil {
		return nil, err
	}
	if c.server.state.Authority == nil {
		if c.server.state.Authority, err = newAuthority(); err != nil {
			return nil, err
		}
	}
	issued, err := c.server.state.Authority.issue(in)
	if err != nil {
		return nil, err
	}
	cert, err := parseCertificate(issued)
	if err != nil {
		return nil, err
	}
	cert.Type, cert.Created, cert.Token, cert.Tags = "AMAZON_ISSUED", c.now, in.IdempotencyToken, tags
	c.r.addCertificate(cert)
	return &certificateARN{cert.ARN}, nil
}

func newAuthority() (*authority, error) {
	key, err := newKey("EC_prime256v1")
	if err != nil {
		return nil, err
	}
	template := template("Emulated Amazon CA")
	template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	keyPEM, err := encodeKey(key)
	return &authority{Certificate: encodePEM("CERTIFICATE", der), Key: keyPEM}, err
}

func (a *authority) issue(in *requestCertificateInput) (*importCertificateInput, error) {
	algorithm := in.KeyAlgorithm
	if algorithm == "" {
		algorithm = "RSA_2048"
	}
	key, err := newKey(algorithm)
	if err != nil {
		return nil, err
	}
	ca, caKey, err := a.parse()
	if err != nil {
		return nil, err
	}
	template := template(in.DomainName)
	template.DNSNames = append([]string{in.DomainName}, in.SubjectAlternativeNames...)
	template.KeyUsage, template.ExtKeyUsage = x509.KeyUsageDigitalSignature, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	der, err := x509.CreateCertificate(rand.Reader, template, ca, key.Public(), caKey)
	if err != nil {
		return nil, err
	}
	keyPEM, err := encodeKey(key)
	return &importCertificateInput{
		Certificate: []byte(encodePEM("CERTIFICATE", der)), PrivateKey: []byte(keyPEM), CertificateChain: []byte(a.Certificate),
	}, err
}

func (a *authority) parse() (*x509.Certificate, any, error) {
	block, _ := pem.Decode([]byte(a.Certificate))
	keyBlock, _ := pem.Decode([]byte(a.Key))
	if block == nil || keyBlock == nil {
		return nil, nil, fail("InternalFailure", "the state holds a broken authority")
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, nil, err
	}
	key, err := x509.ParsePKCS8PrivateKey(keyBlock.Bytes)
	return cert, key, err
}

func template(name string) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 1, 0),
	}
}

func newKey(algorithm string) (crypto.Signer, error) {
	switch algorithm {
	case "RSA_2048":
		return rsa.GenerateKey(rand.Reader, 2048)
	case "EC_prime256v1":
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "EC_secp384r1":
		return ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	}
	return nil, fail("ValidationException", "the key algorithm %s cannot be requested", algorithm)
}

func encodeKey(key crypto.Signer) (string, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	return encodePEM("PRIVATE KEY", der), err
}

func encodePEM(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}
