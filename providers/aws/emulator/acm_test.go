package emulator_test

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	acmtypes "github.com/aws/aws-sdk-go-v2/service/acm/types"

	"github.com/fleetgate/fleetgate/providers/aws/emulator"
)

func TestImportCertificate(t *testing.T) {
	c := control(t)
	a, b := selfSigned(t, "EC", "a.test", "*.a.test"), selfSigned(t, "EC", "b.test")
	arn := aws.String(c.importCertificate(t, a))
	cases := map[string]struct {
		reason string
		in     *acm.ImportCertificateInput
		code   string
	}{
		"key of another": {"key and certificate must match", &acm.ImportCertificateInput{Certificate: a.cert, PrivateKey: b.key}, "ValidationException"},
		"not PEM":        {"certificates are PEM", &acm.ImportCertificateInput{Certificate: []byte("x"), PrivateKey: a.key}, "ValidationException"},
		"two in one":     {"the chain has a field of its own", &acm.ImportCertificateInput{Certificate: append(append([]byte{}, a.cert...), b.cert...), PrivateKey: a.key}, "ValidationException"},
		"no such ARN":    {"only what is there can be replaced", &acm.ImportCertificateInput{CertificateArn: aws.String(*arn + "0"), Certificate: a.cert, PrivateKey: a.key}, "ResourceNotFoundException"},
		"tags again":     {"tags stay as they are on import again", &acm.ImportCertificateInput{CertificateArn: arn, Certificate: b.cert, PrivateKey: b.key, Tags: []acmtypes.Tag{{Key: aws.String("x")}}}, "InvalidParameterException"},
		"rotation":       {"an ARN outlives its certificates", &acm.ImportCertificateInput{CertificateArn: arn, Certificate: b.cert, PrivateKey: b.key}, ""},
	}
	for _, name := range []string{"key of another", "not PEM", "two in one", "no such ARN", "tags again", "rotation"} {
		t.Run(name, func(t *testing.T) {
			_, err := c.acm.ImportCertificate(t.Context(), cases[name].in)
			wantCode(t, err, cases[name].code)
		})
	}
	out, err := c.acm.DescribeCertificate(t.Context(), &acm.DescribeCertificateInput{CertificateArn: arn})
	wantCode(t, err, "")
	if d := out.Certificate; *d.DomainName != "b.test" || d.Type != "IMPORTED" || d.Status != "ISSUED" || d.KeyAlgorithm != "EC_prime256v1" || d.NotAfter == nil {
		t.Errorf("after rotation the certificate is %+v", d)
	}
	got, err := c.acm.GetCertificate(t.Context(), &acm.GetCertificateInput{CertificateArn: arn})
	wantCode(t, err, "")
	if *got.Certificate != string(b.cert) {
		t.Error("GetCertificate answers another certificate")
	}
}

func TestListCertificates(t *testing.T) {
	c := control(t, func(o *emulator.Options) { o.MaxPage = 1 })
	c.importCertificate(t, selfSigned(t, "EC", "ec.test"))
	c.importCertificate(t, selfSigned(t, "RSA", "rsa.test"))
	requested, err := c.acm.RequestCertificate(t.Context(), &acm.RequestCertificateInput{
		DomainName: aws.String("*.shop.test"), KeyAlgorithm: acmtypes.KeyAlgorithmEcPrime256v1, IdempotencyToken: aws.String("once"),
	})
	wantCode(t, err, "")
	again, err := c.acm.RequestCertificate(t.Context(), &acm.RequestCertificateInput{DomainName: aws.String("*.shop.test"), IdempotencyToken: aws.String("once")})
	wantCode(t, err, "")
	if *again.CertificateArn != *requested.CertificateArn {
		t.Error("a token requests one certificate")
	}
	list := func(include *acmtypes.Filters) string {
		names := map[string]bool{}
		for p := acm.NewListCertificatesPaginator(c.acm, &acm.ListCertificatesInput{Includes: include}); p.HasMorePages(); {
			page, err := p.NextPage(t.Context())
			wantCode(t, err, "")
			for _, s := range page.CertificateSummaryList {
				names[*s.DomainName] = true
			}
		}
		return fmt.Sprint(names)
	}
	if got := list(nil); got != "map[rsa.test:true]" {
		t.Errorf("listed %s: without key types only RSA up to 2048 bits is listed", got)
	}
	all := &acmtypes.Filters{KeyTypes: []acmtypes.KeyAlgorithm{acmtypes.KeyAlgorithmRsa2048, acmtypes.KeyAlgorithmEcPrime256v1}}
	if got := list(all); got != "map[*.shop.test:true ec.test:true rsa.test:true]" {
		t.Errorf("listed %s, want all three", got)
	}
}

func TestDeleteCertificateInUse(t *testing.T) {
	c := control(t)
	lb, tg := c.loadBalancer(t, "lb"), c.targetGroup(t, "tg")
	arn := c.importCertificate(t, selfSigned(t, "EC", "a.test"))
	c.listener(t, *lb.LoadBalancerArn, 443, forwardTo(group(tg, 1)), arn)
	_, err := c.acm.DeleteCertificate(t.Context(), &acm.DeleteCertificateInput{CertificateArn: aws.String(arn)})
	wantCode(t, err, "ResourceInUseException")
	out, err := c.acm.DescribeCertificate(t.Context(), &acm.DescribeCertificateInput{CertificateArn: aws.String(arn)})
	wantCode(t, err, "")
	if len(out.Certificate.InUseBy) != 1 || out.Certificate.InUseBy[0] != *lb.LoadBalancerArn {
		t.Errorf("in use by %v, want the load balancer", out.Certificate.InUseBy)
	}
}

func TestCertificateTags(t *testing.T) {
	c := control(t)
	arn := aws.String(c.importCertificate(t, selfSigned(t, "EC", "a.test")))
	_, err := c.acm.AddTagsToCertificate(t.Context(), &acm.AddTagsToCertificateInput{CertificateArn: arn, Tags: []acmtypes.Tag{
		{Key: aws.String("a"), Value: aws.String("1")}, {Key: aws.String("b"), Value: aws.String("2")},
	}})
	wantCode(t, err, "")
	_, err = c.acm.RemoveTagsFromCertificate(t.Context(), &acm.RemoveTagsFromCertificateInput{CertificateArn: arn, Tags: []acmtypes.Tag{
		{Key: aws.String("a"), Value: aws.String("other")}, {Key: aws.String("b")},
	}})
	wantCode(t, err, "")
	out, err := c.acm.ListTagsForCertificate(t.Context(), &acm.ListTagsForCertificateInput{CertificateArn: arn})
	wantCode(t, err, "")
	if len(out.Tags) != 1 || *out.Tags[0].Key != "a" {
		t.Errorf("tags are %v: a value that differs protects its tag", out.Tags)
	}
}
