package emulator

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"
	"time"
)

type importCertificateInput struct {
	CertificateArn   string
	Certificate      []byte
	PrivateKey       []byte
	CertificateChain []byte
	Tags             []tag
}

// importCertificate stores PEM with an unencrypted key, anew or, given an ARN, in place of what that ARN had.
// It is not idempotent: the same certificate imported twice is two certificates.
// https://docs.aws.amazon.com/acm/latest/APIReference/API_ImportCertificate.html
func importCertificate(c *call, in *importCertificateInput) (*certificateARN, error) {
	imported, err := parseCertificate(in)
	if err != nil {
		return nil, err
	}
	if c.r.Imports >= c.server.opts.quota(QuotaACMImports) {
		return nil, fail("LimitExceededException", "Cannot import more certificates: the yearly limit has been reached")
	}
	imported.Imported = c.now
	if in.CertificateArn != "" {
		return c.reimport(in, imported)
	}
	if len(c.r.Certificates) >= c.server.opts.quota(QuotaACMCertificates) {
		return nil, fail("LimitExceededException", "Cannot create more certificates: the limit has been reached")
	}
	if imported.Tags, err = acmTagErrors.merge(nil, in.Tags); err != nil {
		return nil, err
	}
	imported.Type, imported.Created = "IMPORTED", c.now
	c.r.addCertificate(imported)
	c.r.Imports++
	return &certificateARN{imported.ARN}, nil
}

func (c *call) reimport(in *importCertificateInput, imported *certificate) (*certificateARN, error) {
	old, err := c.r.certificate(in.CertificateArn)
	if err != nil {
		return nil, err
	}
	switch {
	case old.Type != "IMPORTED":
		return nil, fail("InvalidParameterException", "The certificate %s was not imported", old.ARN)
	case len(in.Tags) > 0:
		return nil, fail("InvalidParameterException", "Tags cannot be specified when a certificate is imported again")
	}
	imported.ARN, imported.Type, imported.Created, imported.Tags = old.ARN, old.Type, old.Created, old.Tags
	*old = *imported
	c.r.Imports++
	return &certificateARN{old.ARN}, nil
}

func (r *region) addCertificate(cert *certificate) {
	cert.ARN = r.arn("acm", "certificate/"+requestID())
	r.Certificates[cert.ARN] = cert
}

// parseCertificate refuses what ACM refuses.
func parseCertificate(in *importCertificateInput) (*certificate, error) {
	block, rest := pem.Decode(in.Certificate)
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, fail("ValidationException", "The certificate field contains no PEM certificate.")
	}
	if another, _ := pem.Decode(rest); another != nil {
		return nil, fail("ValidationException",
			"The certificate field contains more than one certificate. You can specify only one certificate in this field.")
	}
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fail("ValidationException", "The certificate could not be parsed: %s", err)
	}
	if strings.Contains(string(in.PrivateKey), "ENCRYPTED") {
		return nil, fail("ValidationException", "The private key is encrypted. It must be unencrypted.")
	}
	if _, err := tls.X509KeyPair(in.Certificate, in.PrivateKey); err != nil {
		return nil, fail("ValidationException", "The private key does not match the certificate: %s", err)
	}
	now := time.Now()
	if now.Before(leaf.NotBefore) || now.After(leaf.NotAfter) {
		return nil, fail("ValidationException", "The certificate is not valid now: from %s to %s", leaf.NotBefore, leaf.NotAfter)
	}
	for rest := in.CertificateChain; len(strings.TrimSpace(string(rest))) > 0; {
		var link *pem.Block
		if link, rest = pem.Decode(rest); link == nil {
			return nil, fail("ValidationException", "The certificate chain is not PEM.")
		}
		if _, err := x509.ParseCertificate(link.Bytes); err != nil {
			return nil, fail("ValidationException", "The certificate chain could not be parsed: %s", err)
		}
	}
	algorithm, err := keyAlgorithm(leaf)
	if err != nil {
		return nil, err
	}
	return &certificate{
		Leaf: string(in.Certificate), Chain: string(in.CertificateChain), Key: string(in.PrivateKey),
		Domain: domainOf(leaf), Names: namesOf(leaf), Algorithm: algorithm, NotBefore: leaf.NotBefore, NotAfter: leaf.NotAfter,
		Serial: colons(leaf.SerialNumber.Bytes()), Subject: leaf.Subject.String(), Issuer: leaf.Issuer.CommonName,
		Signature: strings.ReplaceAll(leaf.SignatureAlgorithm.String(), "-", "WITH"),
	}, nil
}

func domainOf(leaf *x509.Certificate) string {
	if leaf.Subject.CommonName != "" {
		return leaf.Subject.CommonName
	}
	if len(leaf.DNSNames) > 0 {
		return leaf.DNSNames[0]
	}
	return ""
}

// namesOf are the names that ACM lists: the domain first, if it is one of them.
func namesOf(leaf *x509.Certificate) []string {
	names := slices.Clone(leaf.DNSNames)
	if domain := domainOf(leaf); len(names) == 0 && domain != "" {
		names = []string{domain}
	}
	return names
}

func keyAlgorithm(leaf *x509.Certificate) (string, error) {
	switch k := leaf.PublicKey.(type) {
	case *rsa.PublicKey:
		return fmt.Sprintf("RSA_%d", k.N.BitLen()), nil
	case *ecdsa.PublicKey:
		name := map[string]string{"P-256": "EC_prime256v1", "P-384": "EC_secp384r1", "P-521": "EC_secp521r1"}[k.Params().Name]
		if name != "" {
			return name, nil
		}
	}
	return "", fail("ValidationException", "The key algorithm of the certificate is not supported.")
}

func colons(raw []byte) string {
	parts := make([]string, len(raw))
	for i, b := range raw {
		parts[i] = fmt.Sprintf("%02x", b)
	}
	return strings.Join(parts, ":")
}
