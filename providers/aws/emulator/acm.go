package emulator

import (
	"slices"
	"strings"
	"time"
)

// acmService is the certificate store.
// https://docs.aws.amazon.com/acm/latest/APIReference/
func acmService() service {
	return service{
		protocol: awsJSON, throttled: "ThrottlingException",
		operations: map[string]operation{
			"ImportCertificate":         op(importCertificate),
			"RequestCertificate":        op(requestCertificate),
			"DescribeCertificate":       op(describeCertificate),
			"GetCertificate":            op(getCertificate),
			"ListCertificates":          op(listCertificates),
			"DeleteCertificate":         op(deleteCertificate),
			"AddTagsToCertificate":      op(addCertificateTags),
			"RemoveTagsFromCertificate": op(removeCertificateTags),
			"ListTagsForCertificate":    op(listCertificateTags),
		},
	}
}

var acmTagErrors = tagErrors{duplicate: "InvalidTagException", invalid: "InvalidTagException", tooMany: "TooManyTagsException"}

func (r *region) certificate(arn string) (*certificate, error) {
	if c := r.Certificates[arn]; c != nil {
		return c, nil
	}
	if !strings.HasPrefix(arn, "arn:aws:acm:") {
		return nil, fail("InvalidArnException", "'%s' is not a certificate ARN", arn)
	}
	return nil, fail("ResourceNotFoundException", "Could not find certificate %s.", arn)
}

// users are the load balancers whose listeners have the certificate.
func (r *region) users(certificate string) []string {
	var out []string
	for _, l := range ordered(r.Listeners) {
		if l.Certificate == certificate || slices.Contains(l.Extra, certificate) {
			out = append(out, l.LoadBalancer)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

type certificateARN struct {
	CertificateArn string
}

type certificateDetail struct {
	CertificateArn          string
	DomainName              string
	SubjectAlternativeNames []string
	Serial                  string
	Subject                 string
	Issuer                  string
	CreatedAt               int64
	ImportedAt              int64 `json:",omitempty"`
	IssuedAt                int64 `json:",omitempty"`
	Status                  string
	NotBefore               int64
	NotAfter                int64
	KeyAlgorithm            string
	SignatureAlgorithm      string
	InUseBy                 []string
	Type                    string
	RenewalEligibility      string
}

type certificateDetailOutput struct{ Certificate certificateDetail }

func describeCertificate(c *call, in *certificateARN) (*certificateDetailOutput, error) {
	cert, err := c.r.certificate(in.CertificateArn)
	if err != nil {
		return nil, err
	}
	d := certificateDetail{
		CertificateArn: cert.ARN, DomainName: cert.Domain, SubjectAlternativeNames: cert.Names, Serial: cert.Serial,
		Subject: cert.Subject, Issuer: cert.Issuer, CreatedAt: cert.Created.Unix(), Status: cert.status(c.now),
		NotBefore: cert.NotBefore.Unix(), NotAfter: cert.NotAfter.Unix(), KeyAlgorithm: cert.Algorithm,
		SignatureAlgorithm: cert.Signature, InUseBy: append([]string{}, c.r.users(cert.ARN)...),
		Type: cert.Type, RenewalEligibility: "INELIGIBLE",
	}
	if cert.Type == "IMPORTED" {
		d.ImportedAt = cert.Imported.Unix()
	} else {
		d.IssuedAt = cert.Created.Unix()
	}
	return &certificateDetailOutput{d}, nil
}

func (c *certificate) status(now time.Time) string {
	if now.After(c.NotAfter) {
		return "EXPIRED"
	}
	return "ISSUED"
}

type getCertificateOutput struct {
	Certificate      string
	CertificateChain string `json:",omitempty"`
}

func getCertificate(c *call, in *certificateARN) (*getCertificateOutput, error) {
	cert, err := c.r.certificate(in.CertificateArn)
	if err != nil {
		return nil, err
	}
	return &getCertificateOutput{cert.Leaf, cert.Chain}, nil
}

type listCertificatesInput struct {
	CertificateStatuses []string
	Includes            struct {
		KeyTypes []string `json:"keyTypes"`
	}
	MaxItems  int
	NextToken string
}

type listCertificatesOutput struct {
	CertificateSummaryList []certificateSummary
	NextToken              string `json:",omitempty"`
}

type certificateSummary struct {
	CertificateArn                       string
	DomainName                           string
	SubjectAlternativeNameSummaries      []string
	HasAdditionalSubjectAlternativeNames bool
	Status                               string
	Type                                 string
	KeyAlgorithm                         string
	InUse                                bool
	CreatedAt                            int64
	NotBefore                            int64
	NotAfter                             int64
}

// listCertificates shows only RSA keys of up to 2048 bits unless Includes.keyTypes asks for others, which is how
// certificates get overlooked, and at most the first 100 names of each.
// https://docs.aws.amazon.com/acm/latest/APIReference/API_ListCertificates.html
func listCertificates(c *call, in *listCertificatesInput) (*listCertificatesOutput, error) {
	kinds := in.Includes.KeyTypes
	if len(kinds) == 0 {
		kinds = []string{"RSA_1024", "RSA_2048"}
	}
	var found []*certificate
	for _, cert := range ordered(c.r.Certificates) {
		if slices.Contains(kinds, cert.Algorithm) &&
			(len(in.CertificateStatuses) == 0 || slices.Contains(in.CertificateStatuses, cert.status(c.now))) {
			found = append(found, cert)
		}
	}
	p, err := paginate(c, found, func(cert *certificate) string { return cert.ARN }, in.NextToken, pageSize(in.MaxItems, 1000))
	if err != nil {
		return nil, err
	}
	out := &listCertificatesOutput{CertificateSummaryList: []certificateSummary{}, NextToken: p.marker}
	for _, cert := range p.items {
		names := cert.Names[:min(100, len(cert.Names))]
		out.CertificateSummaryList = append(out.CertificateSummaryList, certificateSummary{
			CertificateArn: cert.ARN, DomainName: cert.Domain, SubjectAlternativeNameSummaries: names,
			HasAdditionalSubjectAlternativeNames: len(names) < len(cert.Names), Status: cert.status(c.now), Type: cert.Type,
			KeyAlgorithm: cert.Algorithm, InUse: len(c.r.users(cert.ARN)) > 0, CreatedAt: cert.Created.Unix(),
			NotBefore: cert.NotBefore.Unix(), NotAfter: cert.NotAfter.Unix(),
		})
	}
	return out, nil
}

func deleteCertificate(c *call, in *certificateARN) (*done, error) {
	cert, err := c.r.certificate(in.CertificateArn)
	if err != nil {
		return nil, err
	}
	if len(c.r.users(cert.ARN)) > 0 {
		return nil, fail("ResourceInUseException", "Certificate %s is in use.", cert.ARN)
	}
	delete(c.r.Certificates, cert.ARN)
	return &done{}, nil
}

type certificateTagsInput struct {
	CertificateArn string
	Tags           []struct {
		Key   string
		Value *string
	}
}

func addCertificateTags(c *call, in *certificateTagsInput) (*done, error) {
	cert, err := c.r.certificate(in.CertificateArn)
	if err != nil {
		return nil, err
	}
	var list []tag
	for _, t := range in.Tags {
		one := tag{Key: t.Key}
		set(&one.Value, t.Value)
		list = append(list, one)
	}
	merged, err := acmTagErrors.merge(cert.Tags, list)
	if err != nil {
		return nil, err
	}
	cert.Tags = merged
	return &done{}, nil
}

// removeCertificateTags removes a tag only if the value matches, where one is given.
func removeCertificateTags(c *call, in *certificateTagsInput) (*done, error) {
	cert, err := c.r.certificate(in.CertificateArn)
	if err != nil {
		return nil, err
	}
	for _, t := range in.Tags {
		if t.Value == nil || cert.Tags[t.Key] == *t.Value {
			delete(cert.Tags, t.Key)
		}
	}
	return &done{}, nil
}

type certificateTagsOutput struct{ Tags []tag }

func listCertificateTags(c *call, in *certificateARN) (*certificateTagsOutput, error) {
	cert, err := c.r.certificate(in.CertificateArn)
	if err != nil {
		return nil, err
	}
	return &certificateTagsOutput{tagList(cert.Tags)}, nil
}
