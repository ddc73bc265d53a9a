package aws

import (
	"strings"

	"github.com/fleetgate/fleetgate/internal/stack"
)

// Kinds of resources, in AWS's words.
const (
	KindCertificate       stack.Kind = "Certificate"
	KindListener          stack.Kind = "Listener"
	KindLoadBalancer      stack.Kind = "LoadBalancer"
	KindSecurityGroup     stack.Kind = "SecurityGroup"
	KindSecurityGroupRule stack.Kind = "SecurityGroupRule"
	KindTargetGroup       stack.Kind = "TargetGroup"
	KindTargets           stack.Kind = "Targets"
	KindWebACL            stack.Kind = "WebACL"
	KindAssociation       stack.Kind = "WebACLAssociation"
)

// SecurityGroupSpec is a security group of ours.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html
type SecurityGroupSpec struct {
	VPC  string            `json:"vpc"`
	Tags map[string]string `json:"tags,omitempty"`
}

// RuleSpec is one ingress rule over TCP. It never changes: its ID says all of it.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_SecurityGroupRule.html
type RuleSpec struct {
	// Group that the rule is in: the name of one of ours, or the id of one that is not.
	Group string `json:"group"`
	Port  int32  `json:"port"`
	// CIDR or Source, the name of a group of ours, is set.
	CIDR   string `json:"cidr,omitempty"`
	Source string `json:"source,omitempty"`
}

// CertificateSpec is a Secret imported into ACM.
// https://docs.aws.amazon.com/acm/latest/APIReference/API_ImportCertificate.html
type CertificateSpec struct {
	Fingerprint string            `json:"fingerprint"`
	Tags        map[string]string `json:"tags,omitempty"`
}

// LoadBalancerSpec is an application load balancer. Its scheme is its name, since it cannot change.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html
type LoadBalancerSpec struct {
	Scheme        string   `json:"scheme"`
	IPAddressType string   `json:"ipAddressType"`
	VPC           string   `json:"vpc"`
	Subnets       []string `json:"subnets"`
	// SecurityGroups are names of groups of ours, or ids of others; sorted.
	SecurityGroups []string          `json:"securityGroups"`
	Attributes     map[string]string `json:"attributes,omitempty"`
	Tags           map[string]string `json:"tags,omitempty"`
}

// TargetGroupSpec is a target group of type ip over HTTP.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html
type TargetGroupSpec struct {
	VPC         string            `json:"vpc"`
	Port        int32             `json:"port"`
	HealthCheck HealthCheck       `json:"healthCheck"`
	Attributes  map[string]string `json:"attributes,omitempty"`
	Tags        map[string]string `json:"tags,omitempty"`
}

// HealthCheck is how the load balancer checks targets.
type HealthCheck struct {
	Port               string `json:"port"`
	Path               string `json:"path"`
	IntervalSeconds    int32  `json:"intervalSeconds"`
	TimeoutSeconds     int32  `json:"timeoutSeconds"`
	HealthyThreshold   int32  `json:"healthyThreshold"`
	UnhealthyThreshold int32  `json:"unhealthyThreshold"`
}

// TargetsSpec are the targets registered in the target group of the same name.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_RegisterTargets.html
type TargetsSpec struct {
	Port    int32    `json:"port"`
	Targets []Target `json:"targets,omitempty"`
}

// Target is one registered address.
type Target struct {
	Address string `json:"address"`
	// Outside says that the address is not one of the VPC's, so that AWS wants AvailabilityZone "all".
	Outside bool `json:"outside,omitempty"`
}

// ListenerSpec is a listener.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateListener.html
type ListenerSpec struct {
	Port      int32  `json:"port"`
	Protocol  string `json:"protocol"`
	SSLPolicy string `json:"sslPolicy,omitempty"`
	// Certificate is the default: the name of a Certificate of ours, or an ARN.
	Certificate string `json:"certificate,omitempty"`
	// Extra certificates are chosen by SNI; sorted.
	Extra []string `json:"extra,omitempty"`
	// Forward is empty when there is no member to forward to: then the answer is 503.
	Forward []Weighted        `json:"forward,omitempty"`
	Tags    map[string]string `json:"tags,omitempty"`
}

// Weighted is a target group's share of a listener's requests.
type Weighted struct {
	TargetGroup string `json:"targetGroup"`
	Weight      int32  `json:"weight"`
}

// WebACLSpec is a web ACL of ours.
// https://docs.aws.amazon.com/waf/latest/APIReference/API_CreateWebACL.html
type WebACLSpec struct {
	Rules     []WebACLRule      `json:"rules"`
	RateLimit int64             `json:"rateLimit,omitempty"`
	Tags      map[string]string `json:"tags,omitempty"`
}

// WebACLRule is a managed rule group in a web ACL.
type WebACLRule struct {
	Vendor string `json:"vendor"`
	Name   string `json:"name"`
	Count  bool   `json:"count,omitempty"`
}

// AssociationSpec says which web ACL stands before the load balancer of the same name.
// https://docs.aws.amazon.com/waf/latest/APIReference/API_AssociateWebACL.html
type AssociationSpec struct {
	// WebACL is the name of ours, or an ARN.
	WebACL string `json:"webACL"`
}

// dependencies are the resources that a resource of ours depends on, by its Spec. Render and Observe
// both use it, so that wanted and observed resources agree.
func dependencies(id stack.ID, spec any) []stack.ID {
	var out []stack.ID
	add := func(kind stack.Kind, name string) {
		if ours(name) {
			out = append(out, stack.ID{Kind: kind, Name: name})
		}
	}
	lb := loadBalancerOf(id)
	switch s := spec.(type) {
	case RuleSpec:
		add(KindSecurityGroup, s.Group)
		add(KindSecurityGroup, s.Source)
	case LoadBalancerSpec:
		for _, g := range s.SecurityGroups {
			add(KindSecurityGroup, g)
		}
	case TargetsSpec:
		add(KindTargetGroup, id.Name)
	case ListenerSpec:
		add(KindLoadBalancer, lb)
		for _, c := range append([]string{s.Certificate}, s.Extra...) {
			add(KindCertificate, c)
		}
		for _, w := range s.Forward {
			add(KindTargetGroup, w.TargetGroup)
		}
	case AssociationSpec:
		add(KindLoadBalancer, lb)
		add(KindWebACL, s.WebACL)
	}
	return out
}

// ours tells names of our own resources from ARNs and ids of others.
func ours(name string) bool {
	return name != "" && !strings.HasPrefix(name, "arn:") && !strings.HasPrefix(name, "sg-")
}

// loadBalancerOf is the name of the load balancer that a resource belongs to: the first part of the name
// of what stands behind it; "" for what is shared.
func loadBalancerOf(id stack.ID) string {
	switch id.Kind {
	case KindLoadBalancer, KindListener, KindTargetGroup, KindTargets, KindAssociation:
		name, _, _ := strings.Cut(id.Name, "/")
		return name
	default:
		return ""
	}
}
