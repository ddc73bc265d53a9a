package aws

import (
	"context"
	"encoding/pem"
	"maps"
	"slices"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	acmtypes "github.com/aws/aws-sdk-go-v2/service/acm/types"

	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/stack"
	"github.com/fleetgate/fleetgate/providers"
)

func toACMTags(tags map[string]string) []acmtypes.Tag {
	var out []acmtypes.Tag
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		out = append(out, acmtypes.Tag{Key: awssdk.String(k), Value: awssdk.String(tags[k])})
	}
	return out
}

func certificateTagsOf(t task) map[string]string {
	spec := specOf[CertificateSpec](t.step.Want)
	tags := t.tags(spec.Tags)
	tags[TagFingerprint] = spec.Fingerprint
	return tags
}

// createCertificate imports a Secret. ACM makes another certificate each time it is asked, so it looks first
// for one whose answer was lost, past all caches.
// https://docs.aws.amazon.com/acm/latest/APIReference/API_ImportCertificate.html
func (a *account) createCertificate(ctx context.Context, t task) (stack.Resource, error) {
	arn, err := a.findCertificate(ctx, t)
	if err != nil {
		return stack.Resource{}, err
	}
	if arn != "" {
		return a.importOnto(ctx, t, arn)
	}
	in, err := importInput(t)
	if err != nil {
		return stack.Resource{}, err
	}
	in.Tags = toACMTags(certificateTagsOf(t))
	defer a.certificates.forget("")
	made, err := a.acm.ImportCertificate(ctx, in, onceACM)
	if err != nil {
		return stack.Resource{}, refusedCertificate(t, err)
	}
	return t.done(awssdk.ToString(made.CertificateArn), stack.Active, nil), nil
}

func (a *account) findCertificate(ctx context.Context, t task) (string, error) {
	listed, err := a.listCertificates(ctx)
	if err != nil {
		return "", err
	}
	for _, c := range listed {
		if !c.imported {
			continue
		}
		tags, err := a.certTags.get(ctx, c.arn, a.certificateTags)
		if err != nil && !gone(err) {
			return "", err
		}
		if owned(t.owner(), tags) && tags[TagResource] == t.step.ID.String() {
			return c.arn, nil
		}
	}
	return "", nil
}

// updateCertificate imports the Secret's new content onto the same ARN, so that no listener changes.
func (a *account) updateCertificate(ctx context.Context, t task) (stack.Resource, error) {
	return a.importOnto(ctx, t, t.step.Have.Ref)
}

// importOnto imports first and tags then: if it is cut off between the two, the old tag has the next pass
// import again, which changes nothing.
func (a *account) importOnto(ctx context.Context, t task, arn string) (stack.Resource, error) {
	in, err := importInput(t)
	if err != nil {
		return stack.Resource{}, err
	}
	in.CertificateArn = &arn
	if _, err := a.acm.ImportCertificate(ctx, in); err != nil {
		return stack.Resource{}, refusedCertificate(t, err)
	}
	defer a.certTags.forget(arn)
	defer a.certificates.forget("")
	_, err = a.acm.AddTagsToCertificate(ctx, &acm.AddTagsToCertificateInput{
		CertificateArn: &arn, Tags: toACMTags(certificateTagsOf(t)),
	})
	return t.done(arn, stack.Active, nil), err
}

// importInput splits the Secret into leaf and chain, as ACM wants them.
func importInput(t task) (*acm.ImportCertificateInput, error) {
	c, ok := secretOf(t)
	if !ok {
		return nil, providers.Terminal("Secret "+t.step.ID.Name+" is no longer there", nil)
	}
	leaf, chain := pem.Decode(c.CertPEM)
	if leaf == nil {
		return nil, providers.Terminal("Secret "+c.Secret+": tls.crt holds no PEM certificate", nil)
	}
	in := &acm.ImportCertificateInput{Certificate: pem.EncodeToMemory(leaf), PrivateKey: slices.Clone(c.KeyPEM)}
	if next, _ := pem.Decode(chain); next != nil {
		in.CertificateChain = slices.Clone(chain)
	}
	return in, nil
}

func secretOf(t task) (ir.Certificate, bool) {
	for _, port := range t.front.Ports {
		for _, c := range port.Certificates {
			if clip(c.Secret) == t.step.ID.Name {
				return c, true
			}
		}
	}
	return ir.Certificate{}, false
}

// refusedCertificate names the Secret when ACM does not take it.
// https://docs.aws.amazon.com/acm/latest/userguide/import-certificate-prerequisites.html
func refusedCertificate(t task, err error) error {
	if hasCode(err, "ValidationException", "InvalidParameterException") {
		return providers.Terminal("ACM does not take the certificate of Secret "+t.step.ID.Name+": it needs an unencrypted key that fits, a "+
			"certificate that is valid now, and a whole chain", err)
	}
	return err
}

func (a *account) deleteCertificate(ctx context.Context, t task) error {
	defer a.certificates.forget("")
	defer a.certTags.forget(t.step.Have.Ref)
	_, err := a.acm.DeleteCertificate(ctx, &acm.DeleteCertificateInput{CertificateArn: &t.step.Have.Ref})
	return err
}
