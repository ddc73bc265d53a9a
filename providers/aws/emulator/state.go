package emulator

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"time"
)

// state is everything that outlives the process, given a state file.
type state struct {
	// Regions are the resources, by "account/region", each made when it is first asked for.
	Regions map[string]*region
	// Sessions are the accounts of the access keys that AssumeRole handed out.
	Sessions map[string]session
	// Authority is what RequestCertificate issues from.
	Authority *authority
}

type session struct {
	Account string
	ARN     string
}

// region is one account's resources in one region.
type region struct {
	Account string
	Name    string

	VPC           *vpc
	Subnets       map[string]*subnet
	Groups        map[string]*securityGroup
	LoadBalancers map[string]*loadBalancer
	TargetGroups  map[string]*targetGroup
	Listeners     map[string]*listener
	Certificates  map[string]*certificate
	WebACLs       map[string]*webACL
	// Lingering are the interfaces of deleted load balancers.
	Lingering []networkInterface
	// Imports counts ImportCertificate, which has a quota of its own.
	Imports int
}

type vpc struct {
	ID   string
	CIDR string
	Tags map[string]string
}

type subnet struct {
	ID     string
	CIDR   string
	Zone   string
	Public bool
	Tags   map[string]string
}

type securityGroup struct {
	ID          string
	Name        string
	Description string
	VPC         string
	Tags        map[string]string
	Rules       map[string]*groupRule
	Seeded      bool
}

// groupRule is one security group rule: a permission and exactly one peer.
type groupRule struct {
	ID          string
	Group       string
	Egress      bool
	Protocol    string
	From, To    int
	IPv4        string
	IPv6        string
	PrefixList  string
	PeerGroup   string
	Description string
	Tags        map[string]string
	Seeded      bool
}

type networkInterface struct {
	ID          string
	Description string
	Subnet      string
	Groups      []string
	Until       time.Time // zero for as long as the load balancer lives
}

type loadBalancer struct {
	ARN           string
	Name          string
	DNSName       string
	Scheme        string
	VPC           string
	IPAddressType string
	Subnets       []string
	Groups        []string
	Created       time.Time
	ActiveAt      time.Time
	Attributes    map[string]string
	Tags          map[string]string
	// Address is where the data plane listens.
	Address string
}

type targetGroup struct {
	ARN             string
	Name            string
	Protocol        string
	ProtocolVersion string
	Port            int
	TargetType      string
	IPAddressType   string
	VPC             string
	Health          healthCheck
	Attributes      map[string]string
	Tags            map[string]string
	Targets         map[string]*target
	Created         time.Time
}

type healthCheck struct {
	Enabled   bool
	Protocol  string
	Port      string
	Path      string
	Interval  int
	Timeout   int
	Healthy   int
	Unhealthy int
	HTTPCode  string
	GRPCCode  string
}

type target struct {
	ID         string
	Port       int
	Zone       string
	Registered time.Time
	// DrainUntil is set once the target is deregistered.
	DrainUntil time.Time
}

type listener struct {
	ARN          string
	LoadBalancer string
	Port         int
	Protocol     string
	SSLPolicy    string
	// Certificate is the default one, Extra are those for SNI.
	Certificate string
	Extra       []string
	ALPN        []string
	Actions     []listenerAction
	Tags        map[string]string
}

type certificate struct {
	ARN       string
	Type      string
	Leaf      string // PEM
	Chain     string // PEM
	Key       string // PEM
	Domain    string
	Names     []string
	Algorithm string
	NotBefore time.Time
	NotAfter  time.Time
	Created   time.Time
	Imported  time.Time
	Serial    string
	Subject   string
	Issuer    string
	Signature string
	Token     string // the IdempotencyToken of RequestCertificate
	Tags      map[string]string
}

type webACL struct {
	ARN       string
	ID        string
	Name      string
	LockToken string
	Capacity  int
	// Spec is what the caller gave, field by field and verbatim, because UpdateWebACL replaces it whole.
	Spec map[string]json.RawMessage
	Tags map[string]string
	// Resources are the ARNs it is associated with.
	Resources       []string
	AvailableAt     time.Time
	FirewallManager bool
}

// ordered is a map's values in the order of their keys: answers must not depend on map order.
func ordered[K cmp.Ordered, V any](m map[K]V) []V {
	out := make([]V, 0, len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, m[k])
	}
	return out
}
