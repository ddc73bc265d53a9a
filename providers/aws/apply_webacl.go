package aws

import (
	"context"
	"maps"
	"slices"
	"strings"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/wafv2"
	waftypes "github.com/aws/aws-sdk-go-v2/service/wafv2/types"

	"github.com/fleetgate/fleetgate/internal/stack"
	"github.com/fleetgate/fleetgate/providers"
)

func toWAFTags(tags map[string]string) []waftypes.Tag {
	out := make([]waftypes.Tag, 0, len(tags))
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		out = append(out, waftypes.Tag{Key: awssdk.String(k), Value: awssdk.String(tags[k])})
	}
	return out
}

// createWebACL makes a web ACL, or finds the one that an earlier try made.
// https://docs.aws.amazon.com/waf/latest/APIReference/API_CreateWebACL.html
func (a *account) createWebACL(ctx context.Context, t task) (stack.Resource, error) {
	spec := specOf[WebACLSpec](t.step.Want)
	defer a.webACLs.forget("")
	made, err := a.waf.CreateWebACL(ctx, &wafv2.CreateWebACLInput{
		Name: awssdk.String(t.name()), Scope: waftypes.ScopeRegional, DefaultAction: allow(), Rules: rulesOf(spec),
		VisibilityConfig: visible(t.name()), Tags: toWAFTags(t.tags(spec.Tags)),
	}, onceWAF)
	if hasCode(err, "WAFDuplicateItemException") {
		return a.adoptWebACL(ctx, t)
	}
	if err != nil {
		return stack.Resource{}, err
	}
	return t.done(awssdk.ToString(made.Summary.ARN), stack.Active, nil), nil
}

func (a *account) adoptWebACL(ctx context.Context, t task) (stack.Resource, error) {
	listed, err := a.listWebACLs(ctx)
	if err != nil {
		return stack.Resource{}, err
	}
	for _, l := range listed {
		if l.name != t.name() {
			continue
		}
		got, err := a.readWebACL(ctx, l)
		if err != nil {
			return stack.Resource{}, err
		}
		if owned(t.owner(), got.tags) {
			return t.done(l.arn, stack.Active, nil), nil
		}
	}
	return stack.Resource{}, foreign("web ACL", t.name())
}

// currentWebACL reads our web ACL afresh, since a change needs its lock token.
func (a *account) currentWebACL(ctx context.Context, t task) (*wafv2.GetWebACLOutput, error) {
	name, id := webACLFromARN(t.step.Have.Ref)
	return a.waf.GetWebACL(ctx, &wafv2.GetWebACLInput{Id: &id, Name: &name, Scope: waftypes.ScopeRegional})
}

// webACLFromARN reads arn:aws:wafv2:REGION:ACCOUNT:regional/webacl/NAME/ID.
func webACLFromARN(arn string) (name, id string) {
	parts := strings.Split(arn, "/")
	if len(parts) < 3 {
		return "", ""
	}
	return parts[len(parts)-2], parts[len(parts)-1]
}

// updateWebACL replaces the whole set of rules.
// https://docs.aws.amazon.com/waf/latest/APIReference/API_UpdateWebACL.html
func (a *account) updateWebACL(ctx context.Context, t task) (stack.Resource, error) {
	want, have := specOf[WebACLSpec](t.step.Want), specOf[WebACLSpec](t.step.Have)
	defer a.webACL.forget(t.step.Have.Ref)
	if !slices.Equal(want.Rules, have.Rules) || want.RateLimit != have.RateLimit {
		now, err := a.currentWebACL(ctx, t)
		if err != nil {
			return stack.Resource{}, err
		}
		_, err = a.waf.UpdateWebACL(ctx, &wafv2.UpdateWebACLInput{
			Id: now.WebACL.Id, Name: now.WebACL.Name, Scope: waftypes.ScopeRegional, LockToken: now.LockToken,
			DefaultAction: allow(), Rules: rulesOf(want), VisibilityConfig: visible(t.name()),
		})
		if err != nil {
			return stack.Resource{}, err
		}
	}
	if maps.Equal(want.Tags, have.Tags) {
		return t.updated(), nil
	}
	_, err := a.waf.TagResource(ctx, &wafv2.TagResourceInput{ResourceARN: &t.step.Have.Ref, Tags: toWAFTags(t.tags(want.Tags))})
	return t.updated(), err
}

// deleteWebACL leaves one alone that Firewall Manager has taken over.
// https://docs.aws.amazon.com/waf/latest/APIReference/API_DeleteWebACL.html
func (a *account) deleteWebACL(ctx context.Context, t task) error {
	defer a.webACLs.forget("")
	defer a.webACL.forget(t.step.Have.Ref)
	now, err := a.currentWebACL(ctx, t)
	if err != nil {
		return err
	}
	if now.WebACL.ManagedByFirewallManager {
		return providers.Terminal("web ACL "+t.step.Have.Ref+" is managed by Firewall Manager now, and left to it", nil)
	}
	_, err = a.waf.DeleteWebACL(ctx, &wafv2.DeleteWebACLInput{
		Id: now.WebACL.Id, Name: now.WebACL.Name, Scope: waftypes.ScopeRegional, LockToken: now.LockToken,
	})
	return err
}

// associate puts the web ACL before the load balancer, unless somebody else has put another there since we looked:
// AWS would replace it without a word. What we associate is noted on the load balancer, so that later
// passes know it from what others do.
// https://docs.aws.amazon.com/waf/latest/APIReference/API_AssociateWebACL.html
func (a *account) associate(ctx context.Context, t task) (stack.Resource, error) {
	want, err := t.ref(KindWebACL, specOf[AssociationSpec](t.step.Want).WebACL)
	if err != nil {
		return stack.Resource{}, err
	}
	lb, err := t.ref(KindLoadBalancer, t.step.ID.Name)
	if err != nil {
		return stack.Resource{}, err
	}
	now, err := a.webACLOf(ctx, lb)
	if err != nil {
		return stack.Resource{}, err
	}
	known := t.step.Have != nil && t.step.Have.Ref == now
	if now != "" && now != want && !known {
		return stack.Resource{}, providers.Terminal("web ACL "+now+" was associated with the load balancer by somebody else and is left there: "+
			"disassociate it, or set spec.waf.webACLARN to it in the ALBConfig", nil)
	}
	defer a.associated.forget(lb)
	// A change keeps the old note until it is done; else one that is cut off would look like somebody else's.
	steps := []func() error{
		func() error { return a.note(ctx, lb, want) },
		func() error {
			_, err := a.waf.AssociateWebACL(ctx, &wafv2.AssociateWebACLInput{ResourceArn: &lb, WebACLArn: &want})
			return err
		},
	}
	if known {
		slices.Reverse(steps)
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return stack.Resource{}, err
		}
	}
	return t.done(want, stack.Active, nil), nil
}

func (a *account) note(ctx context.Context, lb, webACL string) error {
	_, err := a.elb.AddTags(ctx, &elb.AddTagsInput{
		ResourceArns: []string{lb}, Tags: []elbtypes.Tag{{Key: awssdk.String(TagWebACL), Value: &webACL}},
	})
	return err
}

// disassociate takes away what we associated, and nothing else.
// https://docs.aws.amazon.com/waf/latest/APIReference/API_DisassociateWebACL.html
func (a *account) disassociate(ctx context.Context, t task) error {
	lb, err := t.ref(KindLoadBalancer, t.step.ID.Name)
	if err != nil {
		return err
	}
	now, err := a.webACLOf(ctx, lb)
	if err != nil || now != t.step.Have.Ref {
		return err
	}
	defer a.associated.forget(lb)
	_, err = a.waf.DisassociateWebACL(ctx, &wafv2.DisassociateWebACLInput{ResourceArn: &lb})
	return err
}
