package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/wafv2"
)

// The interfaces below are all of AWS that is called, and iam-policy.json allows no more.

// Options of single calls.
type (
	elbOption   = func(*elb.Options)
	ec2Option   = func(*ec2.Options)
	acmOption   = func(*acm.Options)
	wafv2Option = func(*wafv2.Options)
)

// elbAPI is Elastic Load Balancing.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/
type elbAPI interface {
	loadBalancerAPI
	loadBalancerSettingsAPI
	targetGroupAPI
	targetGroupSettingsAPI
	targetAPI
	listenerAPI
	listenerCertificateAPI
	elbTagAPI
}

type loadBalancerAPI interface {
	DescribeLoadBalancers(context.Context, *elb.DescribeLoadBalancersInput, ...elbOption) (*elb.DescribeLoadBalancersOutput, error)
	CreateLoadBalancer(context.Context, *elb.CreateLoadBalancerInput, ...elbOption) (*elb.CreateLoadBalancerOutput, error)
	DeleteLoadBalancer(context.Context, *elb.DeleteLoadBalancerInput, ...elbOption) (*elb.DeleteLoadBalancerOutput, error)
	DescribeAccountLimits(context.Context, *elb.DescribeAccountLimitsInput, ...elbOption) (*elb.DescribeAccountLimitsOutput, error)
}

type loadBalancerSettingsAPI interface {
	DescribeLoadBalancerAttributes(context.Context, *elb.DescribeLoadBalancerAttributesInput, ...elbOption) (*elb.DescribeLoadBalancerAttributesOutput, error)
	ModifyLoadBalancerAttributes(context.Context, *elb.ModifyLoadBalancerAttributesInput, ...elbOption) (*elb.ModifyLoadBalancerAttributesOutput, error)
	SetIpAddressType(context.Context, *elb.SetIpAddressTypeInput, ...elbOption) (*elb.SetIpAddressTypeOutput, error)
	SetSecurityGroups(context.Context, *elb.SetSecurityGroupsInput, ...elbOption) (*elb.SetSecurityGroupsOutput, error)
	SetSubnets(context.Context, *elb.SetSubnetsInput, ...elbOption) (*elb.SetSubnetsOutput, error)
}

type targetGroupAPI interface {
	DescribeTargetGroups(context.Context, *elb.DescribeTargetGroupsInput, ...elbOption) (*elb.DescribeTargetGroupsOutput, error)
	CreateTargetGroup(context.Context, *elb.CreateTargetGroupInput, ...elbOption) (*elb.CreateTargetGroupOutput, error)
	ModifyTargetGroup(context.Context, *elb.ModifyTargetGroupInput, ...elbOption) (*elb.ModifyTargetGroupOutput, error)
	DeleteTargetGroup(context.Context, *elb.DeleteTargetGroupInput, ...elbOption) (*elb.DeleteTargetGroupOutput, error)
}

type targetGroupSettingsAPI interface {
	DescribeTargetGroupAttributes(context.Context, *elb.DescribeTargetGroupAttributesInput, ...elbOption) (*elb.DescribeTargetGroupAttributesOutput, error)
	ModifyTargetGroupAttributes(context.Context, *elb.ModifyTargetGroupAttributesInput, ...elbOption) (*elb.ModifyTargetGroupAttributesOutput, error)
}

type targetAPI interface {
	DescribeTargetHealth(context.Context, *elb.DescribeTargetHealthInput, ...elbOption) (*elb.DescribeTargetHealthOutput, error)
	RegisterTargets(context.Context, *elb.RegisterTargetsInput, ...elbOption) (*elb.RegisterTargetsOutput, error)
	DeregisterTargets(context.Context, *elb.DeregisterTargetsInput, ...elbOption) (*elb.DeregisterTargetsOutput, error)
}

type listenerAPI interface {
	DescribeListeners(context.Context, *elb.DescribeListenersInput, ...elbOption) (*elb.DescribeListenersOutput, error)
	CreateListener(context.Context, *elb.CreateListenerInput, ...elbOption) (*elb.CreateListenerOutput, error)
	ModifyListener(context.Context, *elb.ModifyListenerInput, ...elbOption) (*elb.ModifyListenerOutput, error)
	DeleteListener(context.Context, *elb.DeleteListenerInput, ...elbOption) (*elb.DeleteListenerOutput, error)
}

type listenerCertificateAPI interface {
	DescribeListenerCertificates(context.Context, *elb.DescribeListenerCertificatesInput, ...elbOption) (*elb.DescribeListenerCertificatesOutput, error)
	AddListenerCertificates(context.Context, *elb.AddListenerCertificatesInput, ...elbOption) (*elb.AddListenerCertificatesOutput, error)
	RemoveListenerCertificates(context.Context, *elb.RemoveListenerCertificatesInput, ...elbOption) (*elb.RemoveListenerCertificatesOutput, error)
}

type elbTagAPI interface {
	DescribeTags(context.Context, *elb.DescribeTagsInput, ...elbOption) (*elb.DescribeTagsOutput, error)
	AddTags(context.Context, *elb.AddTagsInput, ...elbOption) (*elb.AddTagsOutput, error)
}

// ec2API is the network part of EC2.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/
type ec2API interface {
	networkAPI
	securityGroupAPI
	securityGroupRuleAPI
}

type networkAPI interface {
	DescribeVpcs(context.Context, *ec2.DescribeVpcsInput, ...ec2Option) (*ec2.DescribeVpcsOutput, error)
	DescribeSubnets(context.Context, *ec2.DescribeSubnetsInput, ...ec2Option) (*ec2.DescribeSubnetsOutput, error)
}

type securityGroupAPI interface {
	DescribeSecurityGroups(context.Context, *ec2.DescribeSecurityGroupsInput, ...ec2Option) (*ec2.DescribeSecurityGroupsOutput, error)
	CreateSecurityGroup(context.Context, *ec2.CreateSecurityGroupInput, ...ec2Option) (*ec2.CreateSecurityGroupOutput, error)
	DeleteSecurityGroup(context.Context, *ec2.DeleteSecurityGroupInput, ...ec2Option) (*ec2.DeleteSecurityGroupOutput, error)
	CreateTags(context.Context, *ec2.CreateTagsInput, ...ec2Option) (*ec2.CreateTagsOutput, error)
}

type securityGroupRuleAPI interface {
	DescribeSecurityGroupRules(context.Context, *ec2.DescribeSecurityGroupRulesInput, ...ec2Option) (*ec2.DescribeSecurityGroupRulesOutput, error)
	AuthorizeSecurityGroupIngress(context.Context, *ec2.AuthorizeSecurityGroupIngressInput, ...ec2Option) (*ec2.AuthorizeSecurityGroupIngressOutput, error)
	RevokeSecurityGroupIngress(context.Context, *ec2.RevokeSecurityGroupIngressInput, ...ec2Option) (*ec2.RevokeSecurityGroupIngressOutput, error)
}

// acmAPI is Certificate Manager.
// https://docs.aws.amazon.com/acm/latest/APIReference/
type acmAPI interface {
	ListCertificates(context.Context, *acm.ListCertificatesInput, ...acmOption) (*acm.ListCertificatesOutput, error)
	ListTagsForCertificate(context.Context, *acm.ListTagsForCertificateInput, ...acmOption) (*acm.ListTagsForCertificateOutput, error)
	ImportCertificate(context.Context, *acm.ImportCertificateInput, ...acmOption) (*acm.ImportCertificateOutput, error)
	AddTagsToCertificate(context.Context, *acm.AddTagsToCertificateInput, ...acmOption) (*acm.AddTagsToCertificateOutput, error)
	DeleteCertificate(context.Context, *acm.DeleteCertificateInput, ...acmOption) (*acm.DeleteCertificateOutput, error)
}

// wafAPI is WAFv2.
// https://docs.aws.amazon.com/waf/latest/APIReference/
type wafAPI interface {
	webACLAPI
	webACLAssociationAPI
	webACLTagAPI
}

type webACLAPI interface {
	ListWebACLs(context.Context, *wafv2.ListWebACLsInput, ...wafv2Option) (*wafv2.ListWebACLsOutput, error)
	GetWebACL(context.Context, *wafv2.GetWebACLInput, ...wafv2Option) (*wafv2.GetWebACLOutput, error)
	CreateWebACL(context.Context, *wafv2.CreateWebACLInput, ...wafv2Option) (*wafv2.CreateWebACLOutput, error)
	UpdateWebACL(context.Context, *wafv2.UpdateWebACLInput, ...wafv2Option) (*wafv2.UpdateWebACLOutput, error)
	DeleteWebACL(context.Context, *wafv2.DeleteWebACLInput, ...wafv2Option) (*wafv2.DeleteWebACLOutput, error)
}

type webACLAssociationAPI interface {
	GetWebACLForResource(context.Context, *wafv2.GetWebACLForResourceInput, ...wafv2Option) (*wafv2.GetWebACLForResourceOutput, error)
	AssociateWebACL(context.Context, *wafv2.AssociateWebACLInput, ...wafv2Option) (*wafv2.AssociateWebACLOutput, error)
	DisassociateWebACL(context.Context, *wafv2.DisassociateWebACLInput, ...wafv2Option) (*wafv2.DisassociateWebACLOutput, error)
}

type webACLTagAPI interface {
	ListTagsForResource(context.Context, *wafv2.ListTagsForResourceInput, ...wafv2Option) (*wafv2.ListTagsForResourceOutput, error)
	TagResource(context.Context, *wafv2.TagResourceInput, ...wafv2Option) (*wafv2.TagResourceOutput, error)
}
