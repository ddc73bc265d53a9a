package aws

import (
	"context"
	"slices"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/fleetgate/fleetgate/internal/stack"
	"github.com/fleetgate/fleetgate/providers"
)

// createListener makes a listener, or finds the one that an earlier try made on the port.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateListener.html
func (a *account) createListener(ctx context.Context, t task) (stack.Resource, error) {
	spec := specOf[ListenerSpec](t.step.Want)
	lb, err := t.ref(KindLoadBalancer, loadBalancerOf(t.step.ID))
	if err != nil {
		return stack.Resource{}, err
	}
	in := &elb.CreateListenerInput{
		LoadBalancerArn: &lb, Port: &spec.Port, Protocol: elbtypes.ProtocolEnum(spec.Protocol), Tags: toELBTags(t.tags(spec.Tags)),
	}
	if in.DefaultActions, err = actionsOf(t, spec); err != nil {
		return stack.Resource{}, err
	}
	if in.Certificates, err = defaultCertificate(t, spec); err != nil {
		return stack.Resource{}, err
	}
	if spec.SSLPolicy != "" {
		in.SslPolicy = &spec.SSLPolicy
	}
	made, err := a.elb.CreateListener(ctx, in, onceELB)
	var arn string
	switch {
	case hasCode(err, "DuplicateListener"):
		if arn, err = a.adoptListener(ctx, t, lb, spec.Port); err != nil {
			return stack.Resource{}, err
		}
	case err != nil:
		return stack.Resource{}, unknownCertificate(spec, err)
	default:
		arn = awssdk.ToString(made.Listeners[0].ListenerArn)
	}
	return t.done(arn, stack.Active, nil), a.setExtra(ctx, t, arn, nil)
}

// adoptListener finds our listener on the port; the next pass brings it up to date.
func (a *account) adoptListener(ctx context.Context, t task, lb string, port int32) (string, error) {
	listeners, err := a.listListeners(ctx, lb)
	if err != nil {
		return "", err
	}
	for _, l := range listeners {
		if awssdk.ToInt32(l.Port) != port {
			continue
		}
		tags, err := a.describeTags(ctx, []string{*l.ListenerArn})
		if err != nil {
			return "", err
		}
		if owned(t.owner(), tags[*l.ListenerArn]) {
			return *l.ListenerArn, nil
		}
		return "", foreign("listener", *l.ListenerArn)
	}
	return "", providers.Pending("the listener on the port to be listed", nil)
}

// actionsOf is the default action: forward by weight, or 503 when nobody is placed.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_ForwardActionConfig.html
func actionsOf(t task, spec ListenerSpec) ([]elbtypes.Action, error) {
	if len(spec.Forward) == 0 {
		return []elbtypes.Action{{
			Type: elbtypes.ActionTypeEnumFixedResponse,
			FixedResponseConfig: &elbtypes.FixedResponseActionConfig{
				StatusCode: awssdk.String("503"), ContentType: awssdk.String("text/plain"),
				MessageBody: awssdk.String("no cluster serves this gateway\n"),
			},
		}}, nil
	}
	forward := &elbtypes.ForwardActionConfig{}
	for _, w := range spec.Forward {
		arn, err := t.ref(KindTargetGroup, w.TargetGroup)
		if err != nil {
			return nil, err
		}
		forward.TargetGroups = append(forward.TargetGroups, elbtypes.TargetGroupTuple{TargetGroupArn: &arn, Weight: awssdk.Int32(w.Weight)})
	}
	return []elbtypes.Action{{Type: elbtypes.ActionTypeEnumForward, ForwardConfig: forward}}, nil
}

func defaultCertificate(t task, spec ListenerSpec) ([]elbtypes.Certificate, error) {
	if spec.Certificate == "" {
		return nil, nil
	}
	arn, err := t.ref(KindCertificate, spec.Certificate)
	return []elbtypes.Certificate{{CertificateArn: &arn}}, err
}

// unknownCertificate tells a certificate that was imported a moment ago, and that ELB does not see yet, from
// one that does not exist.
func unknownCertificate(spec ListenerSpec, err error) error {
	if !hasCode(err, "CertificateNotFound") {
		return err
	}
	if slices.ContainsFunc(append([]string{spec.Certificate}, spec.Extra...), ours) {
		return providers.Pending("the load balancer to see the certificate that was imported", err)
	}
	return providers.Terminal("a certificate that the ALBConfig names by ARN does not exist "+
		"in the load balancer's region: correct spec.tls.certificateARNs", err)
}

// updateListener changes what differs. A listener that changes its protocol is changed in place.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_ModifyListener.html
func (a *account) updateListener(ctx context.Context, t task) (stack.Resource, error) {
	want, have := specOf[ListenerSpec](t.step.Want), specOf[ListenerSpec](t.step.Have)
	in := &elb.ModifyListenerInput{
		ListenerArn: &t.step.Have.Ref, Port: &want.Port, Protocol: elbtypes.ProtocolEnum(want.Protocol),
	}
	var err error
	if in.DefaultActions, err = actionsOf(t, want); err != nil {
		return stack.Resource{}, err
	}
	if in.Certificates, err = defaultCertificate(t, want); err != nil {
		return stack.Resource{}, err
	}
	if want.SSLPolicy != "" {
		in.SslPolicy = &want.SSLPolicy
	}
	if _, err := a.elb.ModifyListener(ctx, in); err != nil {
		return stack.Resource{}, unknownCertificate(want, err)
	}
	if err := a.setExtra(ctx, t, t.step.Have.Ref, have.Extra); err != nil {
		return stack.Resource{}, err
	}
	return t.updated(), a.retag(ctx, t, want.Tags, have.Tags)
}

// setExtra brings the certificates for SNI in line: removes before it adds, since the quota may have no room for both.
func (a *account) setExtra(ctx context.Context, t task, listener string, have []string) error {
	want := specOf[ListenerSpec](t.step.Want)
	for _, name := range have {
		// One that became the default is no extra any more by itself.
		if slices.Contains(want.Extra, name) || name == want.Certificate {
			continue
		}
		if err := a.removeExtra(ctx, t, listener, name); err != nil {
			return err
		}
	}
	for _, name := range want.Extra {
		if slices.Contains(have, name) {
			continue
		}
		arn, err := t.ref(KindCertificate, name)
		if err != nil {
			return err
		}
		_, err = a.elb.AddListenerCertificates(ctx, &elb.AddListenerCertificatesInput{
			ListenerArn: &listener, Certificates: []elbtypes.Certificate{{CertificateArn: &arn}},
		})
		if err != nil {
			return unknownCertificate(want, err)
		}
	}
	return nil
}

func (a *account) removeExtra(ctx context.Context, t task, listener, name string) error {
	arn, err := t.ref(KindCertificate, name)
	if err != nil {
		return err
	}
	_, err = a.elb.RemoveListenerCertificates(ctx, &elb.RemoveListenerCertificatesInput{
		ListenerArn: &listener, Certificates: []elbtypes.Certificate{{CertificateArn: &arn}},
	})
	return err
}

func (a *account) deleteListener(ctx context.Context, t task) error {
	_, err := a.elb.DeleteListener(ctx, &elb.DeleteListenerInput{ListenerArn: &t.step.Have.Ref})
	return err
}
