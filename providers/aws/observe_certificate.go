package aws

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	acmtypes "github.com/aws/aws-sdk-go-v2/service/acm/types"

	"github.com/fleetgate/fleetgate/internal/stack"
)

// listedCertificate is a certificate as ACM lists it.
type listedCertificate struct {
	arn       string
	hostnames []string
	issued    bool
	imported  bool
	notAfter  time.Time
}

// observeCertificates finds our imported certificates by their tags, and the others that listeners may use.
func (o *observer) observeCertificates(ctx context.Context) error {
	listed, err := o.certificates.get(ctx, "", o.listCertificates)
	if err != nil {
		return err
	}
	for _, c := range listed {
		tags, err := o.tagsOfListed(ctx, c)
		if gone(err) {
			continue
		}
		if err != nil {
			return err
		}
		if id, ok := idFrom(tags, KindCertificate); ok && owned(o.owner, tags) {
			o.names[c.arn] = id.Name
			o.add(stack.Resource{ID: id, Ref: c.arn, Spec: CertificateSpec{Fingerprint: tags[TagFingerprint], Tags: o.userTags(tags)}})
			continue
		}
		if c.issued && tags[TagHub] == "" { // another Gateway's import goes when that Gateway goes
			o.facts.Certificates = append(o.facts.Certificates, IssuedCertificate{c.arn, c.hostnames, c.notAfter})
		}
	}
	return nil
}

// tagsOfListed are the tags of an imported certificate. Ours are all imported, so that others are not asked about.
func (a *account) tagsOfListed(ctx context.Context, c listedCertificate) (map[string]string, error) {
	if !c.imported {
		return map[string]string{}, nil
	}
	return a.certTags.get(ctx, c.arn, a.certificateTags)
}

// listCertificates lists all of the account. The default would leave out all but RSA keys of 1024 and 2048 bits.
// https://docs.aws.amazon.com/acm/latest/APIReference/API_ListCertificates.html
func (a *account) listCertificates(ctx context.Context) ([]listedCertificate, error) {
	var out []listedCertificate
	pages := acm.NewListCertificatesPaginator(a.acm, &acm.ListCertificatesInput{
		Includes: &acmtypes.Filters{KeyTypes: acmtypes.KeyAlgorithm("").Values()},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, s := range page.CertificateSummaryList {
			out = append(out, listedCertificate{
				arn: awssdk.ToString(s.CertificateArn), hostnames: hostnamesOf(s), imported: s.Type == acmtypes.CertificateTypeImported,
				issued: s.Status == acmtypes.CertificateStatusIssued, notAfter: awssdk.ToTime(s.NotAfter).UTC(),
			})
		}
	}
	slices.SortFunc(out, func(a, b listedCertificate) int { return strings.Compare(a.arn, b.arn) })
	return out, nil
}

func hostnamesOf(s acmtypes.CertificateSummary) []string {
	out := append([]string{awssdk.ToString(s.DomainName)}, s.SubjectAlternativeNameSummaries...)
	for i := range out {
		out[i] = strings.ToLower(out[i])
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// certificateTags reads the tags of one certificate.
// https://docs.aws.amazon.com/acm/latest/APIReference/API_ListTagsForCertificate.html
func (a *account) certificateTags(ctx context.Context, arn string) (map[string]string, error) {
	got, err := a.acm.ListTagsForCertificate(ctx, &acm.ListTagsForCertificateInput{CertificateArn: &arn})
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, t := range got.Tags {
		out[awssdk.ToString(t.Key)] = awssdk.ToString(t.Value)
	}
	return out, nil
}

// tagCache keeps the tags of imported certificates. ACM tells them one by one, so they are believed as long as
// this process lives: ours change only through us, and what is not ours does not become so.
type tagCache struct {
	mu   sync.Mutex
	tags map[string]map[string]string
}

func (t *tagCache) get(ctx context.Context, arn string, ask func(context.Context, string) (map[string]string, error)) (map[string]string, error) {
	t.mu.Lock()
	tags, ok := t.tags[arn]
	t.mu.Unlock()
	if ok {
		return maps.Clone(tags), nil
	}
	tags, err := ask(ctx, arn)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.tags == nil {
		t.tags = map[string]map[string]string{}
	}
	t.tags[arn] = tags
	return maps.Clone(tags), nil
}

func (t *tagCache) forget(arn string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.tags, arn)
}
