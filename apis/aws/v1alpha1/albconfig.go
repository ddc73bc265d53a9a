package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ALBConfig holds the parameters of a GatewayClass whose Gateways become AWS Application Load Balancers.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Cluster,shortName=alb;albconfigs
// +kubebuilder:printcolumn:name="Scheme",type=string,JSONPath=`.spec.scheme`
// +kubebuilder:printcolumn:name="Address",type=string,JSONPath=`.spec.ipAddressType`
// +kubebuilder:printcolumn:name="WAF",type=boolean,JSONPath=`.spec.wafEnabled`
// +kubebuilder:printcolumn:name="Accepted",type=string,JSONPath=`.status.conditions[?(@.type=="Accepted")].status`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type ALBConfig struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// +required
	Spec ALBConfigSpec `json:"spec"`
	// +optional
	Status ALBConfigStatus `json:"status,omitempty"`
}

// ALBConfigList is a list of ALBConfigs.
//
// +kubebuilder:object:root=true
type ALBConfigList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []ALBConfig `json:"items"`
}

// ALBConfigSpec says how the load balancers of a class are made.
//
// +kubebuilder:validation:XValidation:rule="!has(self.waf) || (has(self.wafEnabled) && self.wafEnabled)",message="waf is set but wafEnabled is not: set wafEnabled: true, or remove waf"
// +kubebuilder:validation:XValidation:rule="!has(self.securityGroups) || !has(self.inboundCIDRs)",message="inboundCIDRs opens the security group that is made when securityGroups is empty: set one of the two"
// +kubebuilder:validation:XValidation:rule="!has(self.ipAddressType) || self.ipAddressType != 'dualstack-without-public-ipv4' || !has(self.scheme) || self.scheme == 'internet-facing'",message="ipAddressType dualstack-without-public-ipv4 needs scheme: internet-facing"
type ALBConfigSpec struct {
	// region of the load balancers, such as eu-central-1. Default: the region that the operator runs in.
	// +optional
	// +kubebuilder:validation:Pattern=`^[a-z]{2}(-[a-z]+)+-[0-9]+$`
	Region string `json:"region,omitempty"`

	// securityGroups are existing groups that the load balancer gets. When set, no group for the front is made.
	// +optional
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=4
	// +kubebuilder:validation:items:MaxLength=20
	// +kubebuilder:validation:XValidation:rule="self.all(g, g.matches('^sg-[0-9a-f]{8,17}$'))",message="a security group is named by its id: sg- and 8 to 17 hexadecimal digits"
	// +listType=set
	SecurityGroups []string `json:"securityGroups,omitempty"`

	// scheme is internet-facing or internal. It cannot be changed on a living load balancer: a change makes a new one.
	// +optional
	// +kubebuilder:validation:Enum=internet-facing;internal
	// +kubebuilder:default=internal
	Scheme string `json:"scheme,omitempty"`

	// ipAddressType is ipv4, dualstack, or dualstack-without-public-ipv4.
	// +optional
	// +kubebuilder:validation:Enum=ipv4;dualstack;dualstack-without-public-ipv4
	// +kubebuilder:default=ipv4
	IPAddressType string `json:"ipAddressType,omitempty"`

	// wafEnabled puts a web ACL in front of the load balancer: the one that waf names, or one of ours.
	// +optional
	WAFEnabled bool `json:"wafEnabled,omitempty"`

	// waf says which rules the web ACL has. Default: AWS's baseline managed rule groups.
	// +optional
	WAF *WAF `json:"waf,omitempty"`

	// subnets of the load balancer, in at least two zones. Default: the subnets of the VPC that carry the tag
	// kubernetes.io/role/elb (scheme internet-facing) or kubernetes.io/role/internal-elb (internal).
	// +optional
	Subnets *Subnets `json:"subnets,omitempty"`

	// inboundCIDRs may reach the listeners' ports. Default: everybody, 0.0.0.0/0 (and ::/0 with dualstack).
	// +optional
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=50
	// +kubebuilder:validation:items:MaxLength=43
	// +kubebuilder:validation:XValidation:rule="self.all(c, isCIDR(c))",message="an inbound CIDR is a network such as 10.0.0.0/8 or 2001:db8::/32"
	// +listType=set
	InboundCIDRs []string `json:"inboundCIDRs,omitempty"`

	// tls of HTTPS listeners.
	// +optional
	TLS *ALBTLS `json:"tls,omitempty"`

	// targetGroup settings, for every target group of the load balancer.
	// +optional
	TargetGroup *TargetGroup `json:"targetGroup,omitempty"`

	// tags put on everything that is made. Keys that begin with aws: or gateway.company.com/ are reserved.
	// +optional
	// +kubebuilder:validation:MaxProperties=30
	// +kubebuilder:validation:XValidation:rule="self.all(k, !k.startsWith('aws:') && !k.startsWith('gateway.company.com/'))",message="tag keys that begin with aws: or gateway.company.com/ are reserved: use another key"
	Tags map[string]string `json:"tags,omitempty"`

	// attributes of the load balancer as AWS names them, such as idle_timeout.timeout_seconds.
	// +optional
	// +kubebuilder:validation:MaxProperties=20
	Attributes map[string]string `json:"attributes,omitempty"`

	// deletionPolicy says what happens to the cloud resources when the Gateway is deleted: Delete, or Retain (leave them, tagged).
	// +optional
	// +kubebuilder:default=Delete
	DeletionPolicy DeletionPolicy `json:"deletionPolicy,omitempty"`

	// placement chooses the members that get proxies. Default: all.
	// +optional
	Placement *Placement `json:"placement,omitempty"`
}

// DeletionPolicy says what becomes of cloud resources after their Gateway.
//
// +kubebuilder:validation:Enum=Delete;Retain
type DeletionPolicy string

// Deletion policies.
const (
	DeletionPolicyDelete DeletionPolicy = "Delete"
	DeletionPolicyRetain DeletionPolicy = "Retain"
)

// Subnets names subnets by id or by tags.
//
// +kubebuilder:validation:XValidation:rule="has(self.ids) != has(self.tags)",message="name subnets by ids or by tags: set exactly one of the two"
type Subnets struct {
	// ids of subnets, in at least two zones.
	// +optional
	// +kubebuilder:validation:MinItems=2
	// +kubebuilder:validation:MaxItems=12
	// +kubebuilder:validation:items:MaxLength=24
	// +kubebuilder:validation:XValidation:rule="self.all(s, s.matches('^subnet-[0-9a-f]{8,17}$'))",message="a subnet is named by its id: subnet- and 8 to 17 hexadecimal digits"
	// +listType=set
	IDs []string `json:"ids,omitempty"`
	// tags that a subnet must all have; an empty value matches any.
	// +optional
	// +kubebuilder:validation:MinProperties=1
	// +kubebuilder:validation:MaxProperties=10
	Tags map[string]string `json:"tags,omitempty"`
}

// ALBTLS is how the load balancer ends TLS.
type ALBTLS struct {
	// sslPolicy as AWS names it, such as ELBSecurityPolicy-TLS13-1-2-2021-06 (the default).
	// +optional
	// +kubebuilder:validation:Pattern=`^ELBSecurityPolicy-[A-Za-z0-9-]+$`
	SSLPolicy string `json:"sslPolicy,omitempty"`
	// certificateARNs of ACM certificates that HTTPS listeners get in addition to their certificateRefs.
	// +optional
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=25
	// +kubebuilder:validation:items:MaxLength=200
	// +kubebuilder:validation:XValidation:rule="self.all(a, a.matches('^arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{12}:certificate/.+$'))",message="a certificate is named by its ACM ARN: arn:aws:acm:REGION:ACCOUNT:certificate/ID"
	// +listType=set
	CertificateARNs []string `json:"certificateARNs,omitempty"`
}

// WAF says what the web ACL is.
//
// +kubebuilder:validation:XValidation:rule="!has(self.webACLARN) || (!has(self.managedRuleGroups) && !has(self.rateLimit))",message="webACLARN names a web ACL that is yours: set its rules there, and remove managedRuleGroups and rateLimit here"
type WAF struct {
	// webACLARN of an existing web ACL (WAFv2, regional). It is associated and never changed.
	// +optional
	// +kubebuilder:validation:Pattern=`^arn:aws[a-z-]*:wafv2:[a-z0-9-]+:[0-9]{12}:regional/webacl/.+$`
	WebACLARN string `json:"webACLARN,omitempty"`
	// managedRuleGroups of AWS, by name, in order. Default: AWSManagedRulesCommonRuleSet,
	// AWSManagedRulesKnownBadInputsRuleSet, AWSManagedRulesAmazonIpReputationList.
	// +optional
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=10
	// +listType=atomic
	ManagedRuleGroups []ManagedRuleGroup `json:"managedRuleGroups,omitempty"`
	// rateLimit is the most requests that one client address may send in five minutes.
	// +optional
	// +kubebuilder:validation:Minimum=10
	// +kubebuilder:validation:Maximum=2000000000
	RateLimit *int64 `json:"rateLimit,omitempty"`
}

// ManagedRuleGroup names a rule group of a vendor.
type ManagedRuleGroup struct {
	// vendor of the group.
	// +optional
	// +kubebuilder:default=AWS
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	Vendor string `json:"vendor,omitempty"`
	// name of the group.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	Name string `json:"name"`
	// count only counts matches instead of acting on them.
	// +optional
	Count bool `json:"count,omitempty"`
}

// TargetGroup holds settings of target groups.
type TargetGroup struct {
	// healthCheck of the proxies.
	// +optional
	HealthCheck *HealthCheck `json:"healthCheck,omitempty"`
	// deregistrationDelaySeconds is how long a removed proxy may finish what it began. Default 60.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=3600
	DeregistrationDelaySeconds *int32 `json:"deregistrationDelaySeconds,omitempty"`
	// attributes as AWS names them, such as load_balancing.algorithm.type.
	// +optional
	// +kubebuilder:validation:MaxProperties=20
	Attributes map[string]string `json:"attributes,omitempty"`
}

// HealthCheck is how a load balancer asks a proxy whether it is ready.
//
// +kubebuilder:validation:XValidation:rule="!has(self.timeoutSeconds) || !has(self.intervalSeconds) || self.timeoutSeconds < self.intervalSeconds",message="timeoutSeconds must be less than intervalSeconds"
type HealthCheck struct {
	// intervalSeconds between two checks. Default 10.
	// +optional
	// +kubebuilder:validation:Minimum=5
	// +kubebuilder:validation:Maximum=300
	IntervalSeconds *int32 `json:"intervalSeconds,omitempty"`
	// timeoutSeconds of one check. Default 5.
	// +optional
	// +kubebuilder:validation:Minimum=2
	// +kubebuilder:validation:Maximum=120
	TimeoutSeconds *int32 `json:"timeoutSeconds,omitempty"`
	// healthyThreshold is the number of successes that make a target healthy. Default 2.
	// +optional
	// +kubebuilder:validation:Minimum=2
	// +kubebuilder:validation:Maximum=10
	HealthyThreshold *int32 `json:"healthyThreshold,omitempty"`
	// unhealthyThreshold is the number of failures that make a target unhealthy. Default 2.
	// +optional
	// +kubebuilder:validation:Minimum=2
	// +kubebuilder:validation:Maximum=10
	UnhealthyThreshold *int32 `json:"unhealthyThreshold,omitempty"`
}

// Placement chooses members.
type Placement struct {
	// clusterSelector matches the labels of members' Cluster objects; empty matches all.
	// +optional
	ClusterSelector *metav1.LabelSelector `json:"clusterSelector,omitempty"`
}

// ALBConfigStatus says whether the parameters can be used.
type ALBConfigStatus struct {
	// conditions: Accepted.
	// +optional
	// +listType=map
	// +listMapKey=type
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}
