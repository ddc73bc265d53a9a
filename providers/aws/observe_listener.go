package aws

import (
	"context"
	"slices"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/fleetgate/fleetgate/internal/stack"
)

func (a *account) listListeners(ctx context.Context, lb string) ([]elbtypes.Listener, error) {
	var out []elbtypes.Listener
	pages := elb.NewDescribeListenersPaginator(a.elb, &elb.DescribeListenersInput{LoadBalancerArn: &lb})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		out = append(out, page.Listeners...)
	}
	return out, nil
}

func (o *observer) observeListeners(ctx context.Context, candidates []elbtypes.Listener) error {
	for _, l := range candidates {
		arn := *l.ListenerArn
		id, ok := o.identify(arn, KindListener)
		if !ok {
			continue
		}
		spec := o.listenerSpec(l)
		spec.Tags = o.userTags(o.tags[arn])
		if l.Protocol == elbtypes.ProtocolEnumHttps {
			extra, err := o.extraCertificates(ctx, arn)
			if err != nil {
				return err
			}
			for _, c := range extra {
				spec.Extra = append(spec.Extra, o.name(c))
			}
			slices.Sort(spec.Extra)
		}
		o.add(stack.Resource{ID: id, Ref: arn, Spec: spec})
	}
	return nil
}

func (o *observer) listenerSpec(l elbtypes.Listener) ListenerSpec {
	out := ListenerSpec{Port: awssdk.ToInt32(l.Port), Protocol: string(l.Protocol)}
	if l.Protocol == elbtypes.ProtocolEnumHttps {
		out.SSLPolicy = awssdk.ToString(l.SslPolicy)
	}
	if len(l.Certificates) > 0 {
		out.Certificate = o.name(awssdk.ToString(l.Certificates[0].CertificateArn))
	}
	for _, action := range l.DefaultActions {
		if action.ForwardConfig == nil {
			continue
		}
		for _, g := range action.ForwardConfig.TargetGroups {
			out.Forward = append(out.Forward, Weighted{o.name(awssdk.ToString(g.TargetGroupArn)), awssdk.ToInt32(g.Weight)})
		}
	}
	sortWeighted(out.Forward)
	return out
}

// extraCertificates are the ARNs of a listener's certificates without the default.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeListenerCertificates.html
func (a *account) extraCertificates(ctx context.Context, listener string) ([]string, error) {
	var out []string
	pages := elb.NewDescribeListenerCertificatesPaginator(a.elb, &elb.DescribeListenerCertificatesInput{ListenerArn: &listener})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, c := range page.Certificates {
			if !awssdk.ToBool(c.IsDefault) {
				out = append(out, awssdk.ToString(c.CertificateArn))
			}
		}
	}
	return out, nil
}
