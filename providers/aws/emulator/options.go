package emulator

import (
	"log/slog"
	"math/big"
	"net/netip"
	"time"
)

// DefaultAccount is the account that owns every credential not handed out by AssumeRole.
const DefaultAccount = "123456789012"

// Options say what the emulated AWS looks like. The zero value is a usable default world.
type Options struct {
	// Listen is the address of the API; empty means a free port on 127.0.0.1.
	Listen string
	// Account is the account of callers that assumed no role; empty means DefaultAccount.
	Account string
	// Log receives what happens in the data plane; nil discards it.
	Log *slog.Logger

	Network   Network
	Timing    Timing
	DataPlane DataPlane

	// Quotas replaces the default of the quotas it names.
	Quotas map[Quota]int
	// Throttle gives an action ("CreateLoadBalancer"), a service ("wafv2") or everything ("*") a token bucket.
	// The most specific entry counts. An empty map means that nothing is throttled.
	Throttle map[string]Rate
	// MaxPage caps every page below what AWS allows, so that a handful of resources is enough to need paging.
	MaxPage int
	// StateFile, when set, is where the resources are kept: written before a call that changed something is
	// answered, and read at start. A process killed at any moment comes back with what had taken effect.
	StateFile string
}

// Network is the default VPC of every account and region.
type Network struct {
	// VPCCIDR defaults to 10.0.0.0/8, large enough to hold a testbed's nodes and pods.
	VPCCIDR string
	// Subnets defaults to three public ones tagged kubernetes.io/role/elb=1 and three internal ones tagged
	// kubernetes.io/role/internal-elb=1, a pair in each Availability Zone.
	Subnets []Subnet
	// SecurityGroups are there before the first call, besides the VPC's default group. Nil means sg-12345678,
	// open to all; an empty slice means none.
	SecurityGroups []SecurityGroup
}

// Subnet is a subnet that exists before the first call.
type Subnet struct {
	ID   string
	CIDR string
	// Zone is the letter of the Availability Zone.
	Zone string
	Tags map[string]string
}

// SecurityGroup is a group that exists before the first call.
type SecurityGroup struct {
	ID   string
	Name string
	Tags map[string]string
	// OpenPorts are opened to 0.0.0.0/0 over TCP; nil means all.
	OpenPorts []int
}

// Timing says how long AWS takes. Zero fields take the defaults named below, all of them short; a negative
// duration means none.
type Timing struct {
	// Provisioning is the time from CreateLoadBalancer to state active: 200 ms.
	Provisioning time.Duration
	// InterfaceLinger is how long a deleted load balancer's network interfaces keep its security groups in
	// use: 200 ms, where AWS takes minutes.
	InterfaceLinger time.Duration
	// WebACLUnavailable is how long a new web ACL answers WAFUnavailableEntityException to AssociateWebACL: 200 ms.
	WebACLUnavailable time.Duration
	// Scale divides health check intervals and timeouts and the deregistration delay: 1 means AWS's own pace,
	// 100 makes 15 s into 150 ms. Zero means 1.
	Scale float64
	// HealthInterval, when set, replaces the interval of every health check.
	HealthInterval time.Duration
}

// DataPlane says where load balancers listen.
type DataPlane struct {
	// Disabled makes no sockets. Targets in use are then healthy at once.
	Disabled bool
	// CIDR is the range that load balancers take their addresses from: 127.64.0.0/10.
	CIDR string
	// PortOffset is added to every listener's port, for users who may not bind low ports.
	PortOffset int
	// EnforceSecurityGroups drops connections that no rule of the load balancer's groups allows.
	EnforceSecurityGroups bool
	// Source, when valid, is the address that connections to targets come from.
	Source netip.Addr
}

// Rate is a token bucket.
type Rate struct {
	PerSecond float64
	Burst     int
}

// Quota names a limit as DescribeAccountLimits does, where AWS reports it there.
type Quota string

// The quotas that are enforced, with AWS's defaults in quotaDefaults.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
const (
	QuotaLoadBalancers         Quota = "application-load-balancers"
	QuotaListeners             Quota = "listeners-per-application-load-balancer"
	QuotaCertificates          Quota = "certificates-per-application-load-balancer"
	QuotaTargetGroups          Quota = "target-groups"
	QuotaTargetGroupsPerLB     Quota = "target-groups-per-application-load-balancer"
	QuotaTargetGroupsPerAction Quota = "target-groups-per-action-on-application-load-balancer"
	QuotaTargetsPerGroup       Quota = "targets-per-target-group"
	QuotaTargetsPerLB          Quota = "targets-per-application-load-balancer"
	QuotaSecurityGroups        Quota = "security-groups"
	QuotaRulesPerGroup         Quota = "rules-per-security-group"
	QuotaGroupsPerInterface    Quota = "security-groups-per-interface"
	QuotaACMCertificates       Quota = "acm-certificates"
	QuotaACMImports            Quota = "acm-imports-per-year"
	QuotaWebACLs               Quota = "web-acls"
	QuotaWebACLCapacity        Quota = "web-acl-capacity-units"
	QuotaLoadBalancersPerACL   Quota = "load-balancers-per-web-acl"
)

var quotaDefaults = map[Quota]int{
	QuotaLoadBalancers: 50, QuotaListeners: 50, QuotaCertificates: 25, QuotaTargetGroups: 3000,
	QuotaTargetGroupsPerLB: 100, QuotaTargetGroupsPerAction: 5, QuotaTargetsPerGroup: 1000, QuotaTargetsPerLB: 1000,
	QuotaSecurityGroups: 2500, QuotaRulesPerGroup: 60, QuotaGroupsPerInterface: 5,
	QuotaACMCertificates: 2500, QuotaACMImports: 5000,
	QuotaWebACLs: 100, QuotaWebACLCapacity: 5000, QuotaLoadBalancersPerACL: 100,
}

func (o Options) quota(q Quota) int {
	if n, ok := o.Quotas[q]; ok {
		return n
	}
	return quotaDefaults[q]
}

func (o Options) withDefaults() Options {
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	if o.Account == "" {
		o.Account = DefaultAccount
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Network.VPCCIDR == "" {
		o.Network.VPCCIDR = "10.0.0.0/8"
	}
	if o.Network.Subnets == nil {
		o.Network.Subnets = defaultSubnets(o.Network.VPCCIDR)
	}
	if o.Network.SecurityGroups == nil {
		o.Network.SecurityGroups = []SecurityGroup{{ID: "sg-12345678", Name: "existing"}}
	}
	if o.DataPlane.CIDR == "" {
		o.DataPlane.CIDR = "127.64.0.0/10"
	}
	o.Timing = o.Timing.withDefaults()
	return o
}

func (t Timing) withDefaults() Timing {
	for _, d := range []*time.Duration{&t.Provisioning, &t.InterfaceLinger, &t.WebACLUnavailable} {
		switch {
		case *d == 0:
			*d = 200 * time.Millisecond
		case *d < 0:
			*d = 0
		}
	}
	if t.Scale <= 0 {
		t.Scale = 1
	}
	return t
}

// scaled is a duration of AWS's in the emulator's time.
func (t Timing) scaled(d time.Duration) time.Duration {
	return time.Duration(float64(d) / t.Scale)
}

// defaultSubnets cuts six equal networks off the VPC's range: public in the first three, internal in the rest.
func defaultSubnets(vpcCIDR string) []Subnet {
	vpc, err := netip.ParsePrefix(vpcCIDR)
	if err != nil {
		return nil // Start reports the range itself
	}
	bits := max(vpc.Bits()+3, min(20, vpc.Addr().BitLen()))
	out := make([]Subnet, 0, 6)
	for i := range 6 {
		s := Subnet{CIDR: nth(vpc, bits, i).String(), Zone: string(rune('a' + i%3))}
		if i < 3 {
			s.ID = "subnet-0000000000000001" + string(rune('a'+i))
			s.Tags = map[string]string{"Name": "public-" + s.Zone, "kubernetes.io/role/elb": "1"}
		} else {
			s.ID = "subnet-0000000000000002" + string(rune('a'+i-3))
			s.Tags = map[string]string{"Name": "internal-" + s.Zone, "kubernetes.io/role/internal-elb": "1"}
		}
		out = append(out, s)
	}
	return out
}

// nth is the i-th network of the given length within p.
func nth(p netip.Prefix, bits, i int) netip.Prefix {
	base := new(big.Int).SetBytes(p.Masked().Addr().AsSlice())
	step := new(big.Int).Lsh(big.NewInt(int64(i)), uint(p.Addr().BitLen()-bits))
	raw := base.Add(base, step).FillBytes(make([]byte, p.Addr().BitLen()/8))
	addr, _ := netip.AddrFromSlice(raw)
	return netip.PrefixFrom(addr, bits)
}
