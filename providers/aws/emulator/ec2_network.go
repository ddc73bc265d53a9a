package emulator

import (
	"fmt"
	"hash/fnv"
	"net/netip"
	"slices"
	"strings"
)

type vpcsInput struct {
	VpcIds     []string `q:"VpcId"`
	Filters    []filter `q:"Filter"`
	MaxResults int
	NextToken  string
}

type vpcsOutput struct {
	Vpcs      []vpcXML `xml:"vpcSet>item"`
	NextToken string   `xml:"nextToken,omitempty"`
}

type vpcXML struct {
	ID           string           `xml:"vpcId"`
	OwnerID      string           `xml:"ownerId"`
	State        string           `xml:"state"`
	CIDR         string           `xml:"cidrBlock"`
	Associations []vpcAssociation `xml:"cidrBlockAssociationSet>item"`
	Default      bool             `xml:"isDefault"`
	Tenancy      string           `xml:"instanceTenancy"`
	Tags         []ec2Tag         `xml:"tagSet>item"`
}

type vpcAssociation struct {
	ID    string `xml:"associationId"`
	CIDR  string `xml:"cidrBlock"`
	State string `xml:"cidrBlockState>state"`
}

func describeVPCs(c *call, in *vpcsInput) (*vpcsOutput, error) {
	about := func(v *vpc) facts {
		return facts{
			"vpc-id": {v.ID}, "cidr": {v.CIDR}, "is-default": {"true"}, "isDefault": {"true"}, "state": {"available"}, "owner-id": {c.account},
		}.tagged(v.Tags)
	}
	found, err := selected([]*vpc{c.r.VPC}, about, idFilter{"vpc-id", in.VpcIds, "InvalidVpcID.NotFound"}, in.Filters)
	if err != nil {
		return nil, err
	}
	out := &vpcsOutput{}
	for _, v := range found {
		out.Vpcs = append(out.Vpcs, vpcXML{
			ID: v.ID, OwnerID: c.account, State: "available", CIDR: v.CIDR, Default: true, Tenancy: "default", Tags: ec2TagList(v.Tags),
			Associations: []vpcAssociation{{"vpc-cidr-assoc-00000000000000001", v.CIDR, "associated"}},
		})
	}
	return out, nil
}

type subnetsInput struct {
	SubnetIds  []string `q:"SubnetId"`
	Filters    []filter `q:"Filter"`
	MaxResults int
	NextToken  string
}

type subnetsOutput struct {
	Subnets   []subnetXML `xml:"subnetSet>item"`
	NextToken string      `xml:"nextToken,omitempty"`
}

type subnetXML struct {
	ID        string   `xml:"subnetId"`
	ARN       string   `xml:"subnetArn"`
	State     string   `xml:"state"`
	OwnerID   string   `xml:"ownerId"`
	VPC       string   `xml:"vpcId"`
	CIDR      string   `xml:"cidrBlock"`
	Available int      `xml:"availableIpAddressCount"`
	Zone      string   `xml:"availabilityZone"`
	ZoneID    string   `xml:"availabilityZoneId"`
	Default   bool     `xml:"defaultForAz"`
	PublicIP  bool     `xml:"mapPublicIpOnLaunch"`
	Tags      []ec2Tag `xml:"tagSet>item"`
}

func describeSubnets(c *call, in *subnetsInput) (*subnetsOutput, error) {
	about := func(sn *subnet) facts {
		return facts{
			"subnet-id": {sn.ID}, "vpc-id": {c.r.VPC.ID}, "state": {"available"}, "availability-zone": {sn.Zone},
			"cidr-block": {sn.CIDR}, "map-public-ip-on-launch": {fmt.Sprint(sn.Public)}, "owner-id": {c.account},
		}.tagged(sn.Tags)
	}
	found, err := selected(ordered(c.r.Subnets), about, idFilter{"subnet-id", in.SubnetIds, "InvalidSubnetID.NotFound"}, in.Filters)
	if err != nil {
		return nil, err
	}
	p, err := paginate(c, found, func(sn *subnet) string { return sn.ID }, in.NextToken, pageSize(in.MaxResults, 1000))
	if err != nil {
		return nil, err
	}
	out := &subnetsOutput{NextToken: p.marker}
	for _, sn := range p.items {
		out.Subnets = append(out.Subnets, subnetXML{
			ID: sn.ID, ARN: c.r.arn("ec2", "subnet/"+sn.ID), State: "available", OwnerID: c.account, VPC: c.r.VPC.ID, CIDR: sn.CIDR,
			Available: freeAddresses(sn.CIDR), Zone: sn.Zone, ZoneID: zoneID(c.region, sn.Zone), PublicIP: sn.Public, Tags: ec2TagList(sn.Tags),
		})
	}
	return out, nil
}

// freeAddresses is the size of the subnet less the five addresses that AWS keeps.
func freeAddresses(cidr string) int {
	p, err := netip.ParsePrefix(cidr)
	if err != nil {
		return 0
	}
	return max(0, 1<<min(30, p.Addr().BitLen()-p.Bits())-5)
}

func zoneID(region, zone string) string {
	letter := zone[len(region):]
	return strings.ReplaceAll(region, "-", "") + "-az" + fmt.Sprint(int(letter[0]-'a')+1)
}

type zonesInput struct {
	ZoneNames []string `q:"ZoneName"`
	Filters   []filter `q:"Filter"`
}

type zonesOutput struct {
	Zones []availabilityZoneXML `xml:"availabilityZoneInfo>item"`
}

type availabilityZoneXML struct {
	Name   string `xml:"zoneName"`
	ID     string `xml:"zoneId"`
	Region string `xml:"regionName"`
	State  string `xml:"zoneState"`
	Type   string `xml:"zoneType"`
	OptIn  string `xml:"optInStatus"`
}

func describeZones(c *call, in *zonesInput) (*zonesOutput, error) {
	var names []string
	for _, sn := range c.r.Subnets {
		names = append(names, sn.Zone)
	}
	slices.Sort(names)
	about := func(zone string) facts {
		return facts{
			"zone-name": {zone}, "zone-id": {zoneID(c.region, zone)}, "state": {"available"}, "region-name": {c.region},
			"zone-type": {"availability-zone"}, "opt-in-status": {"opt-in-not-required"},
		}
	}
	found, err := selected(slices.Compact(names), about, idFilter{"zone-name", in.ZoneNames, "InvalidParameterValue"}, in.Filters)
	if err != nil {
		return nil, err
	}
	out := &zonesOutput{}
	for _, zone := range found {
		out.Zones = append(out.Zones, availabilityZoneXML{
			zone, zoneID(c.region, zone), c.region, "available", "availability-zone", "opt-in-not-required",
		})
	}
	return out, nil
}

type interfacesInput struct {
	IDs        []string `q:"NetworkInterfaceId"`
	Filters    []filter `q:"Filter"`
	MaxResults int
	NextToken  string
}

type interfacesOutput struct {
	Interfaces []interfaceXML `xml:"networkInterfaceSet>item"`
	NextToken  string         `xml:"nextToken,omitempty"`
}

type interfaceXML struct {
	ID               string     `xml:"networkInterfaceId"`
	Subnet           string     `xml:"subnetId"`
	VPC              string     `xml:"vpcId"`
	Zone             string     `xml:"availabilityZone"`
	Description      string     `xml:"description"`
	OwnerID          string     `xml:"ownerId"`
	RequesterID      string     `xml:"requesterId"`
	RequesterManaged bool       `xml:"requesterManaged"`
	Status           string     `xml:"status"`
	Type             string     `xml:"interfaceType"`
	PrivateIP        string     `xml:"privateIpAddress"`
	Groups           []groupXML `xml:"groupSet>item"`
}

type groupXML struct {
	ID   string `xml:"groupId"`
	Name string `xml:"groupName"`
}

// interfaces are the network interfaces of a load balancer: one in each of its subnets.
func (lb *loadBalancer) interfaces() []networkInterface {
	var out []networkInterface
	_, path, _ := strings.Cut(lb.ARN, ":loadbalancer/")
	for _, sn := range lb.Subnets {
		sum := fnv.New64a()
		_, _ = sum.Write([]byte(lb.ARN + sn)) // a hash takes every write
		out = append(out, networkInterface{
			ID: fmt.Sprintf("eni-0%016x", sum.Sum64()), Description: "ELB " + path, Subnet: sn, Groups: lb.Groups,
		})
	}
	return out
}

// interfaces are those of all load balancers, the lingering ones of deleted ones included.
func (r *region) interfaces() []networkInterface {
	out := slices.Clone(r.Lingering)
	for _, lb := range r.LoadBalancers {
		out = append(out, lb.interfaces()...)
	}
	slices.SortFunc(out, func(a, b networkInterface) int { return strings.Compare(a.ID, b.ID) })
	return out
}

func describeInterfaces(c *call, in *interfacesInput) (*interfacesOutput, error) {
	about := func(n networkInterface) facts {
		return facts{
			"network-interface-id": {n.ID}, "description": {n.Description}, "group-id": n.Groups, "subnet-id": {n.Subnet},
			"vpc-id": {c.r.VPC.ID}, "status": {"in-use"}, "interface-type": {"interface"}, "requester-managed": {"true"},
		}
	}
	ids := idFilter{"network-interface-id", in.IDs, "InvalidNetworkInterfaceID.NotFound"}
	found, err := selected(c.r.interfaces(), about, ids, in.Filters)
	if err != nil {
		return nil, err
	}
	p, err := paginate(c, found, func(n networkInterface) string { return n.ID }, in.NextToken, pageSize(in.MaxResults, 1000))
	if err != nil {
		return nil, err
	}
	out := &interfacesOutput{NextToken: p.marker}
	for _, n := range p.items {
		x := interfaceXML{
			ID: n.ID, Subnet: n.Subnet, VPC: c.r.VPC.ID, Description: n.Description, OwnerID: c.account,
			RequesterID: "amazon-elb", RequesterManaged: true, Status: "in-use", Type: "interface",
		}
		if sn := c.r.Subnets[n.Subnet]; sn != nil {
			x.Zone = sn.Zone
			x.PrivateIP = addressIn(sn.CIDR, n.ID)
		}
		for _, id := range n.Groups {
			x.Groups = append(x.Groups, groupXML{ID: id})
		}
		out.Interfaces = append(out.Interfaces, x)
	}
	return out, nil
}

// addressIn gives a name an address in a network, always the same.
func addressIn(cidr, name string) string {
	p, err := netip.ParsePrefix(cidr)
	if err != nil {
		return ""
	}
	sum := fnv.New32a()
	_, _ = sum.Write([]byte(name)) // a hash takes every write
	size := freeAddresses(cidr)
	return nth(p, p.Addr().BitLen(), 4+int(sum.Sum32())%max(1, size)).Addr().String()
}
