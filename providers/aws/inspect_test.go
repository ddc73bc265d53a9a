package aws_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	acmtypes "github.com/aws/aws-sdk-go-v2/service/acm/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/wafv2"
	waftypes "github.com/aws/aws-sdk-go-v2/service/wafv2/types"

	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/providers/aws"
)

// inspector reads the account by its own calls, so that the provider is not the judge of itself.
type inspector struct {
	elb *elb.Client
	ec2 *ec2.Client
	acm *acm.Client
	waf *wafv2.Client
}

// thing is anything that the account has.
type thing struct {
	Kind string            `json:"kind"`
	Ref  string            `json:"ref"`
	Tags map[string]string `json:"tags,omitempty"`
}

func (t thing) ownedBy(o ir.Owner) bool {
	return t.Tags[aws.TagHub] == o.Hub && t.Tags[aws.TagUID] == o.UID
}

var testCredentials = credentials.NewStaticCredentialsProvider("AKIAIOSFODNN7EXAMPLE", "secret", "")

func inspect(t *testing.T, endpoint, region string) inspector {
	t.Helper()
	load := []func(*config.LoadOptions) error{config.WithRegion(region)}
	if endpoint != "" {
		load = append(load, config.WithBaseEndpoint(endpoint), config.WithCredentialsProvider(testCredentials))
	}
	cfg, err := config.LoadDefaultConfig(context.Background(), load...)
	if err != nil {
		t.Fatal(err)
	}
	return inspector{elb.NewFromConfig(cfg), ec2.NewFromConfig(cfg), acm.NewFromConfig(cfg), wafv2.NewFromConfig(cfg)}
}

// all is everything in the account, sorted.
func (i inspector) all(t *testing.T) []thing {
	t.Helper()
	ctx := context.Background() // tests look also while they clean up
	var out []thing
	for _, look := range []func(context.Context) ([]thing, error){i.balancing, i.groups, i.rules, i.certificates, i.webACLs} {
		found, err := look(ctx)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, found...)
	}
	slices.SortFunc(out, func(a, b thing) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Ref, b.Ref)) })
	return out
}

// owned are the logical IDs of what carries the owner's tags.
func (i inspector) owned(t *testing.T, owner ir.Owner) []string {
	t.Helper()
	var out []string
	for _, th := range i.all(t) {
		if th.ownedBy(owner) {
			out = append(out, th.Tags[aws.TagResource])
		}
	}
	slices.Sort(out)
	return out
}

func (i inspector) foreign(t *testing.T, owner ir.Owner) string {
	t.Helper()
	all := slices.DeleteFunc(i.all(t), func(th thing) bool {
		return strings.HasPrefix(th.Tags[aws.TagUID], owner.UID)
	})
	raw, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func (i inspector) balancing(ctx context.Context) ([]thing, error) {
	var out []thing
	lbs := elb.NewDescribeLoadBalancersPaginator(i.elb, &elb.DescribeLoadBalancersInput{})
	for lbs.HasMorePages() {
		page, err := lbs.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, lb := range page.LoadBalancers {
			out = append(out, thing{Kind: "LoadBalancer", Ref: *lb.LoadBalancerArn})
			listeners, err := i.elb.DescribeListeners(ctx, &elb.DescribeListenersInput{LoadBalancerArn: lb.LoadBalancerArn})
			if err != nil {
				return nil, err
			}
			for _, l := range listeners.Listeners {
				out = append(out, thing{Kind: "Listener", Ref: *l.ListenerArn})
			}
		}
	}
	tgs := elb.NewDescribeTargetGroupsPaginator(i.elb, &elb.DescribeTargetGroupsInput{})
	for tgs.HasMorePages() {
		page, err := tgs.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, g := range page.TargetGroups {
			out = append(out, thing{Kind: "TargetGroup", Ref: *g.TargetGroupArn})
		}
	}
	for n := range out {
		got, err := i.elb.DescribeTags(ctx, &elb.DescribeTagsInput{ResourceArns: []string{out[n].Ref}})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", out[n].Ref, err)
		}
		out[n].Tags = map[string]string{}
		for _, d := range got.TagDescriptions {
			for _, tag := range d.Tags {
				out[n].Tags[*tag.Key] = *tag.Value
			}
		}
	}
	return out, nil
}

func (i inspector) groups(ctx context.Context) ([]thing, error) {
	var out []thing
	pages := ec2.NewDescribeSecurityGroupsPaginator(i.ec2, &ec2.DescribeSecurityGroupsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, g := range page.SecurityGroups {
			th := thing{Kind: "SecurityGroup", Ref: *g.GroupId, Tags: map[string]string{}}
			for _, tag := range g.Tags {
				th.Tags[*tag.Key] = *tag.Value
			}
			out = append(out, th)
		}
	}
	return out, nil
}

func (i inspector) rules(ctx context.Context) ([]thing, error) {
	var out []thing
	groups, err := i.groups(ctx)
	if err != nil {
		return nil, err
	}
	foreign := map[string]bool{}
	for _, g := range groups {
		foreign[g.Ref] = g.Tags[aws.TagHub] == ""
	}
	pages := ec2.NewDescribeSecurityGroupRulesPaginator(i.ec2, &ec2.DescribeSecurityGroupRulesInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, r := range page.SecurityGroupRules {
			th := thing{Kind: "SecurityGroupRule", Ref: *r.SecurityGroupRuleId, Tags: map[string]string{}}
			for _, tag := range r.Tags {
				th.Tags[*tag.Key] = *tag.Value
			}
			// The rules that AWS itself puts into a group of ours go with the group.
			if len(th.Tags) > 0 || foreign[awssdk.ToString(r.GroupId)] {
				out = append(out, th)
			}
		}
	}
	return out, nil
}

func (i inspector) certificates(ctx context.Context) ([]thing, error) {
	var out []thing
	pages := acm.NewListCertificatesPaginator(i.acm, &acm.ListCertificatesInput{
		Includes: &acmtypes.Filters{KeyTypes: acmtypes.KeyAlgorithm("").Values()},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, c := range page.CertificateSummaryList {
			tags, err := i.acm.ListTagsForCertificate(ctx, &acm.ListTagsForCertificateInput{CertificateArn: c.CertificateArn})
			if err != nil {
				return nil, err
			}
			th := thing{Kind: "Certificate", Ref: *c.CertificateArn, Tags: map[string]string{}}
			for _, tag := range tags.Tags {
				th.Tags[*tag.Key] = awssdk.ToString(tag.Value)
			}
			out = append(out, th)
		}
	}
	return out, nil
}

func (i inspector) webACLs(ctx context.Context) ([]thing, error) {
	got, err := i.waf.ListWebACLs(ctx, &wafv2.ListWebACLsInput{Scope: waftypes.ScopeRegional, Limit: awssdk.Int32(100)})
	if err != nil {
		return nil, err
	}
	var out []thing
	for _, a := range got.WebACLs {
		tags, err := i.waf.ListTagsForResource(ctx, &wafv2.ListTagsForResourceInput{ResourceARN: a.ARN})
		if err != nil {
			return nil, err
		}
		th := thing{Kind: "WebACL", Ref: *a.ARN, Tags: map[string]string{}}
		for _, tag := range tags.TagInfoForResource.TagList {
			th.Tags[*tag.Key] = *tag.Value
		}
		out = append(out, th)
	}
	return out, nil
}

// counts is how many things of each kind an owner has.
func (i inspector) counts(t *testing.T, owner ir.Owner) map[string]int {
	t.Helper()
	out := map[string]int{}
	for _, th := range i.all(t) {
		if th.ownedBy(owner) {
			out[th.Kind]++
		}
	}
	return maps.Clone(out)
}
