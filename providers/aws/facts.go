package aws

import (
	"time"

	"github.com/fleetgate/fleetgate/internal/stack"
)

// Facts are what Render needs to know of the account, besides what the owner has.
type Facts struct {
	Region string `json:"region"`
	// Subnets that match what the parameters ask for, sorted by id.
	Subnets []Subnet `json:"subnets,omitempty"`
	// VPCCIDRs are the networks of each VPC that Subnets are in.
	VPCCIDRs map[string][]string `json:"vpcCIDRs,omitempty"`
	// NodeGroups are the security groups of the members' nodes, sorted by id.
	NodeGroups []NodeGroup `json:"nodeGroups,omitempty"`
	// Certificates in ACM that a listener may use and that are not ours, sorted by ARN.
	Certificates []IssuedCertificate `json:"certificates,omitempty"`
	// ForeignWebACL is the ARN of a web ACL that somebody else associated with the load balancer.
	ForeignWebACL string `json:"foreignWebACL,omitempty"`
	// WAFUnknown says that WAF could not be read in this pass: what it has is left as it is.
	WAFUnknown bool `json:"wafUnknown,omitempty"`
	// LoadBalancers is how many application load balancers the region has.
	LoadBalancers int `json:"loadBalancers"`
	// Quotas of the account, by AWS's names; those that are missing are unknown.
	Quotas map[string]int `json:"quotas,omitempty"`
}

// Subnet is a subnet that load balancers can be put in.
type Subnet struct {
	ID    string   `json:"id"`
	VPC   string   `json:"vpc"`
	Zone  string   `json:"zone"`
	CIDRs []string `json:"cidrs"`
}

// NodeGroup is a security group of a member's nodes.
type NodeGroup struct {
	ID     string `json:"id"`
	VPC    string `json:"vpc"`
	Member string `json:"member"`
}

// IssuedCertificate is a certificate in ACM.
type IssuedCertificate struct {
	ARN       string    `json:"arn"`
	Hostnames []string  `json:"hostnames"`
	NotAfter  time.Time `json:"notAfter"`
}

// Names of quotas, as DescribeAccountLimits has them.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
const (
	quotaLoadBalancers = "application-load-balancers"
	quotaListeners     = "listeners-per-application-load-balancer"
	quotaCertificates  = "certificates-per-application-load-balancer"
)

// Fixed quotas, and the default of one that the API does not tell.
const (
	groupsPerAction = 5
	rulesPerGroup   = 60
)

// Facts of observed resources.
const (
	factDNSName = "dnsName"
	factCreated = "created"
	// factHealthy on Targets is the number of targets that are healthy.
	factHealthy = "healthy"
	// factSuperseded on what belongs to another load balancer than the wanted one is when that was made.
	factSuperseded = "superseded"
	// factSubnets on a load balancer are the CIDRs of its subnets, separated by commas.
	factSubnets = "subnets"
)

func factsOf(have stack.Observed) Facts {
	f, _ := have.Facts.(Facts)
	return f
}
