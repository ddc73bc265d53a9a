package aws

import (
	"context"
	"slices"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/wafv2"
	waftypes "github.com/aws/aws-sdk-go-v2/service/wafv2/types"

	"github.com/fleetgate/fleetgate/internal/stack"
)

// listedWebACL is a web ACL as WAF lists it.
type listedWebACL struct{ name, id, arn string }

// observedWebACL is a web ACL of ours in full.
type observedWebACL struct {
	tags map[string]string
	acl  *waftypes.WebACL
}

// wafPatience is how long a pass waits for WAF, our own rate limit included.
const wafPatience = 3 * time.Second

// observeWAF reads what WAF has. That WAF is slow, throttles or denies holds up nothing else: its part is then left as it
// is, and named as pending. An operator that may not use WAF, on behalf of a front that never had any, is not bothered.
func (o *observer) observeWAF(ctx context.Context) error {
	short, cancel := context.WithTimeout(ctx, wafPatience)
	defer cancel()
	err := o.observeWebACL(short)
	if err == nil {
		err = o.observeAssociations(short)
	}
	if err == nil || ctx.Err() != nil {
		return ctx.Err()
	}
	o.found = slices.DeleteFunc(o.found, func(r stack.Resource) bool {
		return r.ID.Kind == KindWebACL || r.ID.Kind == KindAssociation
	})
	o.facts.WAFUnknown, o.facts.ForeignWebACL = true, ""
	if hasCode(err, deniedCodes...) && !o.spec.WAFEnabled && !o.everAssociated() {
		return nil
	}
	o.pending = append(o.pending, "AWS WAF to tell its state: "+explain(err).Error())
	return nil
}

// everAssociated tells whether we put a web ACL before one of the load balancers.
func (o *observer) everAssociated() bool {
	for _, tags := range o.tags {
		if tags[TagWebACL] != "" {
			return true
		}
	}
	return false
}

// observeWebACL finds our web ACL by its name, among all of the region, and checks its tags.
func (o *observer) observeWebACL(ctx context.Context) error {
	id := stack.ID{Kind: KindWebACL, Name: webACLName}
	listed, err := o.webACLs.get(ctx, "", o.listWebACLs)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(listed, func(l listedWebACL) bool { return l.name == cloudName(o.owner, id) })
	if i < 0 {
		return nil
	}
	got, err := o.webACL.get(ctx, listed[i].arn, func(ctx context.Context) (observedWebACL, error) {
		return o.readWebACL(ctx, listed[i])
	})
	if gone(err) {
		return nil
	}
	if err != nil || !owned(o.owner, got.tags) {
		return err
	}
	o.names[listed[i].arn] = id.Name
	spec := webACLSpecOf(got.acl)
	spec.Tags = o.userTags(got.tags)
	o.add(stack.Resource{ID: id, Ref: listed[i].arn, Spec: spec})
	return nil
}

// listWebACLs lists the web ACLs of the region.
// https://docs.aws.amazon.com/waf/latest/APIReference/API_ListWebACLs.html
func (a *account) listWebACLs(ctx context.Context) ([]listedWebACL, error) {
	var out []listedWebACL
	in := &wafv2.ListWebACLsInput{Scope: waftypes.ScopeRegional}
	for {
		page, err := a.waf.ListWebACLs(ctx, in)
		if err != nil {
			return nil, err
		}
		for _, s := range page.WebACLs {
			out = append(out, listedWebACL{awssdk.ToString(s.Name), awssdk.ToString(s.Id), awssdk.ToString(s.ARN)})
		}
		if awssdk.ToString(page.NextMarker) == "" || len(page.WebACLs) == 0 {
			return out, nil
		}
		in.NextMarker = page.NextMarker
	}
}

func (a *account) readWebACL(ctx context.Context, l listedWebACL) (observedWebACL, error) {
	got, err := a.waf.GetWebACL(ctx, &wafv2.GetWebACLInput{Id: &l.id, Name: &l.name, Scope: waftypes.ScopeRegional})
	if err != nil {
		return observedWebACL{}, err
	}
	tags, err := a.waf.ListTagsForResource(ctx, &wafv2.ListTagsForResourceInput{ResourceARN: &l.arn})
	if err != nil {
		return observedWebACL{}, err
	}
	out := observedWebACL{tags: map[string]string{}, acl: got.WebACL}
	if tags.TagInfoForResource != nil {
		for _, t := range tags.TagInfoForResource.TagList {
			out.tags[awssdk.ToString(t.Key)] = awssdk.ToString(t.Value)
		}
	}
	return out, nil
}

// observeAssociations finds which web ACL stands before each load balancer. The question is asked only
// where the answer matters: where one is wanted, and where we associated one.
func (o *observer) observeAssociations(ctx context.Context) error {
	for _, lb := range slices.Clone(o.found) {
		if lb.ID.Kind != KindLoadBalancer {
			continue
		}
		recorded := o.tags[lb.Ref][TagWebACL]
		if !o.spec.WAFEnabled && recorded == "" {
			continue
		}
		arn, err := o.associated.get(ctx, lb.Ref, func(ctx context.Context) (string, error) {
			return o.webACLOf(ctx, lb.Ref)
		})
		if err != nil {
			return err
		}
		switch {
		case arn == "":
		case arn == recorded || o.names[arn] != "":
			o.add(stack.Resource{
				ID: stack.ID{Kind: KindAssociation, Name: lb.ID.Name}, Ref: arn, Spec: AssociationSpec{WebACL: o.name(arn)},
			})
		default:
			o.facts.ForeignWebACL = arn
		}
	}
	return nil
}

// webACLOf is the ARN of the web ACL before a load balancer, or "".
// https://docs.aws.amazon.com/waf/latest/APIReference/API_GetWebACLForResource.html
func (a *account) webACLOf(ctx context.Context, lb string) (string, error) {
	got, err := a.waf.GetWebACLForResource(ctx, &wafv2.GetWebACLForResourceInput{ResourceArn: &lb})
	if gone(err) {
		return "", nil
	}
	if err != nil || got.WebACL == nil {
		return "", err
	}
	return awssdk.ToString(got.WebACL.ARN), nil
}
