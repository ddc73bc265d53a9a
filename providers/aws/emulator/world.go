package emulator

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"maps"
	"net/netip"
)

// defaultVPC is the id of the default VPC in every region.
const defaultVPC = "vpc-00000000000000001"

// regionOf is an account's region, made with the default world when it is first asked for.
func (s *Server) regionOf(account, name string) *region {
	key := account + "/" + name
	if r := s.state.Regions[key]; r != nil {
		return r
	}
	r := newRegion(account, name, s.opts.Network)
	s.state.Regions[key] = r
	return r
}

func newRegion(account, name string, n Network) *region {
	r := &region{
		Account: account, Name: name,
		VPC:           &vpc{ID: defaultVPC, CIDR: n.VPCCIDR, Tags: map[string]string{"Name": "default"}},
		Subnets:       map[string]*subnet{},
		Groups:        map[string]*securityGroup{},
		LoadBalancers: map[string]*loadBalancer{},
		TargetGroups:  map[string]*targetGroup{},
		Listeners:     map[string]*listener{},
		Certificates:  map[string]*certificate{},
		WebACLs:       map[string]*webACL{},
	}
	for i, sn := range n.Subnets {
		id := sn.ID
		if id == "" {
			id = fmt.Sprintf("subnet-%017x", 0x100+i)
		}
		_, internal := sn.Tags["kubernetes.io/role/internal-elb"]
		r.Subnets[id] = &subnet{ID: id, CIDR: sn.CIDR, Zone: name + sn.Zone, Public: !internal, Tags: maps.Clone(sn.Tags)}
	}
	fallback := r.newGroup("sg-00000000000000001", "default", "default VPC security group")
	fallback.Seeded = true
	fallback.allow(&groupRule{Protocol: "-1", From: -1, To: -1, PeerGroup: fallback.ID, Seeded: true})
	for _, seed := range n.SecurityGroups {
		g := r.newGroup(seed.ID, seed.Name, "exists before the first call")
		g.Seeded = true
		g.Tags = maps.Clone(seed.Tags)
		for _, rule := range seed.openRules() {
			g.allow(rule)
		}
	}
	return r
}

func (g SecurityGroup) openRules() []*groupRule {
	if g.OpenPorts == nil {
		return []*groupRule{{Protocol: "tcp", From: 0, To: 65535, IPv4: "0.0.0.0/0", Seeded: true}}
	}
	var out []*groupRule
	for _, p := range g.OpenPorts {
		out = append(out, &groupRule{Protocol: "tcp", From: p, To: p, IPv4: "0.0.0.0/0", Seeded: true})
	}
	return out
}

// newGroup adds a group, which allows everything out and nothing in.
func (r *region) newGroup(id, name, description string) *securityGroup {
	g := &securityGroup{
		ID: id, Name: name, Description: description, VPC: r.VPC.ID,
		Tags: map[string]string{}, Rules: map[string]*groupRule{},
	}
	g.allow(&groupRule{Egress: true, Protocol: "-1", From: -1, To: -1, IPv4: "0.0.0.0/0", Seeded: true})
	r.Groups[id] = g
	return g
}

func (g *securityGroup) allow(rule *groupRule) {
	rule.ID, rule.Group = newID("sgr"), g.ID
	g.Rules[rule.ID] = rule
}

// inVPC tells whether an address is one that a subnet of the VPC could have given out.
func (r *region) inVPC(addr netip.Addr) bool {
	p, err := netip.ParsePrefix(r.VPC.CIDR)
	return err == nil && p.Contains(addr)
}

func (r *region) arn(service, resource string) string {
	return "arn:aws:" + service + ":" + r.Name + ":" + r.Account + ":" + resource
}

// newID is an id as EC2 gives out: a prefix and 17 hex digits.
func newID(prefix string) string { return prefix + "-0" + randomHex(16) }

func randomHex(digits int) string {
	b := make([]byte, (digits+1)/2)
	_, _ = rand.Read(b) // never fails since Go 1.24
	return hex.EncodeToString(b)[:digits]
}
