package emulator

import (
	"maps"
	"slices"
	"strings"
	"time"
)

type createLoadBalancerInput struct {
	Name           string
	Subnets        []string
	SubnetMappings []struct{ SubnetId string }
	SecurityGroups []string
	Scheme         string
	Tags           []tag
	Type           string
	IpAddressType  string
}

type loadBalancersOutput struct {
	LoadBalancers []loadBalancerXML `xml:"LoadBalancers>member"`
	NextMarker    string            `xml:",omitempty"`
}

type loadBalancerXML struct {
	LoadBalancerArn       string
	DNSName               string
	CanonicalHostedZoneId string
	CreatedTime           string
	LoadBalancerName      string
	Scheme                string
	VpcId                 string
	State                 struct{ Code string }
	Type                  string
	AvailabilityZones     []zoneXML `xml:"AvailabilityZones>member"`
	SecurityGroups        []string  `xml:"SecurityGroups>member"`
	IpAddressType         string
}

type zoneXML struct {
	ZoneName string
	SubnetId string
}

func (lb *loadBalancer) state(now time.Time) string {
	if now.Before(lb.ActiveAt) {
		return "provisioning"
	}
	return "active"
}

func (lb *loadBalancer) xml(r *region, now time.Time) loadBalancerXML {
	out := loadBalancerXML{
		LoadBalancerArn: lb.ARN, DNSName: lb.DNSName, CanonicalHostedZoneId: "Z35SXDOTRQ7X7K",
		CreatedTime: timestamp(lb.Created), LoadBalancerName: lb.Name, Scheme: lb.Scheme, VpcId: lb.VPC,
		Type: "application", SecurityGroups: lb.Groups, IpAddressType: lb.IPAddressType,
		AvailabilityZones: r.zones(lb.Subnets),
	}
	out.State.Code = lb.state(now)
	return out
}

func (r *region) zones(subnets []string) []zoneXML {
	var out []zoneXML
	for _, id := range subnets {
		if sn := r.Subnets[id]; sn != nil {
			out = append(out, zoneXML{sn.Zone, sn.ID})
		}
	}
	return out
}

// createLoadBalancer is idempotent for equal settings and a conflict otherwise.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html
func createLoadBalancer(c *call, in *createLoadBalancerInput) (*loadBalancersOutput, error) {
	lb, err := c.newLoadBalancer(in)
	if err != nil {
		return nil, err
	}
	for _, old := range c.r.LoadBalancers {
		if old.Name != lb.Name {
			continue
		}
		if !old.sameSettings(lb) {
			return nil, fail("DuplicateLoadBalancerName", "A load balancer with the same name '%s' exists, but with different settings", lb.Name)
		}
		return &loadBalancersOutput{LoadBalancers: []loadBalancerXML{old.xml(c.r, c.now)}}, nil
	}
	if len(c.r.LoadBalancers) >= c.server.opts.quota(QuotaLoadBalancers) {
		return nil, fail("TooManyLoadBalancers", "The maximum number of load balancers has been reached")
	}
	id := elbID(lb.Name)
	lb.ARN = c.r.arn("elasticloadbalancing", "loadbalancer/app/"+lb.Name+"/"+id)
	lb.DNSName = lb.Name + "-" + decimal(id) + "." + c.region + ".elb.amazonaws.com"
	if lb.Scheme == "internal" {
		lb.DNSName = "internal-" + lb.DNSName
	}
	if lb.Address, err = c.server.freeAddress(lb.DNSName); err != nil {
		return nil, err
	}
	c.r.LoadBalancers[lb.ARN] = lb
	return &loadBalancersOutput{LoadBalancers: []loadBalancerXML{lb.xml(c.r, c.now)}}, nil
}

// newLoadBalancer is the load balancer that the input asks for, checked but not yet one of the region's.
func (c *call) newLoadBalancer(in *createLoadBalancerInput) (*loadBalancer, error) {
	if err := checkELBName("Load balancer", in.Name); err != nil {
		return nil, err
	}
	if strings.HasPrefix(in.Name, "internal-") {
		return nil, fail("ValidationError", "Load balancer name cannot begin with 'internal-'")
	}
	if in.Type != "" && in.Type != "application" {
		return nil, fail("InvalidConfigurationRequest", "the emulator makes application load balancers, not %s", in.Type)
	}
	lb := &loadBalancer{
		Name: in.Name, Scheme: in.Scheme, VPC: c.r.VPC.ID, IPAddressType: in.IpAddressType, Groups: in.SecurityGroups,
		Created: c.now, ActiveAt: c.now.Add(c.server.opts.Timing.Provisioning), Attributes: maps.Clone(defaultLoadBalancerAttributes),
	}
	if lb.Scheme == "" {
		lb.Scheme = "internet-facing"
	}
	if lb.Scheme != "internet-facing" && lb.Scheme != "internal" {
		return nil, fail("ValidationError", "'%s' must be in the set: [internet-facing, internal]", lb.Scheme)
	}
	if lb.IPAddressType == "" {
		lb.IPAddressType = "ipv4"
	}
	lb.Subnets = in.Subnets
	for _, m := range in.SubnetMappings {
		lb.Subnets = append(lb.Subnets, m.SubnetId)
	}
	if len(lb.Groups) == 0 {
		lb.Groups = []string{c.r.defaultGroup().ID}
	}
	var err error
	if lb.Tags, err = elbTagErrors.merge(nil, in.Tags); err != nil {
		return nil, err
	}
	if err := c.checkIPAddressType(lb.Scheme, lb.IPAddressType); err != nil {
		return nil, err
	}
	if err := c.checkSubnets(lb.Scheme, lb.Subnets); err != nil {
		return nil, err
	}
	return lb, c.checkGroups(lb.Groups)
}

func (c *call) checkIPAddressType(scheme, kind string) error {
	switch kind {
	case "ipv4", "dualstack":
		return nil
	case "dualstack-without-public-ipv4":
		if scheme == "internet-facing" {
			return nil
		}
	}
	return fail("ValidationError", "the IP address type '%s' is not valid for a load balancer that is %s", kind, scheme)
}

// checkSubnets holds the rule of two Availability Zones at least, and one subnet in each.
func (c *call) checkSubnets(scheme string, ids []string) error {
	zones := map[string]bool{}
	for _, id := range ids {
		sn := c.r.Subnets[id]
		if sn == nil {
			return fail("SubnetNotFound", "The subnet ID '%s' does not exist", id)
		}
		if zones[sn.Zone] {
			return fail("InvalidConfigurationRequest", "A load balancer cannot be attached to multiple subnets in the same Availability Zone")
		}
		if scheme == "internet-facing" && !sn.Public {
			return fail("InvalidSubnet", "VPC %s has no internet gateway route for subnet %s", c.r.VPC.ID, id)
		}
		zones[sn.Zone] = true
	}
	if len(zones) < 2 {
		return fail("ValidationError", "At least two subnets in two different Availability Zones must be specified")
	}
	return nil
}

func (c *call) checkGroups(ids []string) error {
	for _, id := range ids {
		if c.r.Groups[id] == nil {
			return fail("InvalidSecurityGroup", "Security group '%s' is not valid", id)
		}
	}
	if most := c.server.opts.quota(QuotaGroupsPerInterface); len(ids) > most {
		return fail("InvalidConfigurationRequest", "The maximum number of security groups for a load balancer is %d", most)
	}
	return nil
}

func (lb *loadBalancer) sameSettings(other *loadBalancer) bool {
	return lb.Scheme == other.Scheme && lb.IPAddressType == other.IPAddressType && maps.Equal(lb.Tags, other.Tags) &&
		sameSet(lb.Subnets, other.Subnets) && sameSet(lb.Groups, other.Groups)
}

func sameSet(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// decimal is the ten digits in a DNS name.
func decimal(hexID string) string {
	digits := []byte(hexID[:10])
	for i, d := range digits {
		if d >= 'a' {
			digits[i] = '0' + (d - 'a')
		}
	}
	return string(digits)
}

type describeLoadBalancersInput struct {
	LoadBalancerArns []string
	Names            []string
	Marker           string
	PageSize         int
}

func describeLoadBalancers(c *call, in *describeLoadBalancersInput) (*loadBalancersOutput, error) {
	if len(in.LoadBalancerArns) > 20 || len(in.Names) > 20 {
		return nil, fail("ValidationError", "at most 20 load balancers can be described by ARN or by name")
	}
	if len(in.LoadBalancerArns) > 0 && len(in.Names) > 0 {
		return nil, fail("ValidationError", "Load balancer names and load balancer ARNs cannot be specified at the same time")
	}
	found, err := c.r.pickLoadBalancers(in.LoadBalancerArns, in.Names)
	if err != nil {
		return nil, err
	}
	p, err := paginate(c, found, func(lb *loadBalancer) string { return lb.ARN }, in.Marker, pageSize(in.PageSize, 400))
	if err != nil {
		return nil, err
	}
	out := &loadBalancersOutput{NextMarker: p.marker}
	for _, lb := range p.items {
		out.LoadBalancers = append(out.LoadBalancers, lb.xml(c.r, c.now))
	}
	return out, nil
}

// pickLoadBalancers are those named, each of which must exist, or all.
func (r *region) pickLoadBalancers(arns, names []string) ([]*loadBalancer, error) {
	var out []*loadBalancer
	for _, arn := range arns {
		lb, err := r.loadBalancer(arn)
		if err != nil {
			return nil, err
		}
		out = append(out, lb)
	}
	for _, name := range names {
		i := len(out)
		for _, lb := range r.LoadBalancers {
			if lb.Name == name {
				out = append(out, lb)
			}
		}
		if len(out) == i {
			return nil, fail("LoadBalancerNotFound", "Load balancers '[%s]' not found", name)
		}
	}
	if len(arns)+len(names) == 0 {
		out = ordered(r.LoadBalancers)
	}
	slices.SortFunc(out, func(a, b *loadBalancer) int { return strings.Compare(a.ARN, b.ARN) })
	return out, nil
}

type loadBalancerRef struct{ LoadBalancerArn string }

// deleteLoadBalancer succeeds for an absent one, takes the listeners along and leaves the target groups.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DeleteLoadBalancer.html
func deleteLoadBalancer(c *call, in *loadBalancerRef) (*done, error) {
	lb := c.r.LoadBalancers[in.LoadBalancerArn]
	if lb == nil {
		return &done{}, nil
	}
	if lb.Attributes["deletion_protection.enabled"] == "true" {
		return nil, fail("OperationNotPermitted", "Load balancer '%s' cannot be deleted because deletion protection is enabled", lb.ARN)
	}
	for _, l := range c.r.listenersOf(lb.ARN) {
		delete(c.r.Listeners, l.ARN)
	}
	for _, acl := range c.r.WebACLs {
		acl.Resources = slices.DeleteFunc(acl.Resources, func(arn string) bool { return arn == lb.ARN })
	}
	until := c.now.Add(c.server.opts.Timing.InterfaceLinger)
	for _, eni := range lb.interfaces() {
		eni.Until = until
		c.r.Lingering = append(c.r.Lingering, eni)
	}
	delete(c.r.LoadBalancers, lb.ARN)
	return &done{}, nil
}
