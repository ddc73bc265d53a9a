package emulator

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"net/netip"
	"reflect"
	"slices"
	"strconv"
	"time"
)

// front is an active load balancer as the data plane needs it: no pointer of it leads into the state.
type front struct {
	arn       string
	address   string
	idle      time.Duration
	xff       string
	http2     bool
	rules     []groupRule
	listeners []frontListener
}

type frontListener struct {
	arn          string
	port         int
	secure       bool
	policy       string
	certificates []pair // the default one first
	action       listenerAction
}

// pair is a certificate with its chain, and its key.
type pair struct{ certificate, key string }

// poolSpec is a target group as the data plane needs it.
type poolSpec struct {
	arn      string
	protocol string
	version  string
	used     bool
	check    healthCheck
	targets  []target
}

// fronts are the load balancers that should be listening now.
func (st *state) fronts(now time.Time) []front {
	var out []front
	for _, r := range ordered(st.Regions) {
		for _, lb := range ordered(r.LoadBalancers) {
			if lb.state(now) != "active" {
				continue
			}
			seconds, _ := strconv.Atoi(lb.Attributes["idle_timeout.timeout_seconds"]) // checked when it was set
			f := front{
				arn: lb.ARN, address: lb.Address, idle: time.Duration(seconds) * time.Second,
				xff:   lb.Attributes["routing.http.xff_header_processing.mode"],
				http2: lb.Attributes["routing.http2.enabled"] == "true", rules: r.ingress(lb),
			}
			for _, l := range r.listenersOf(lb.ARN) {
				f.listeners = append(f.listeners, r.frontListener(l))
			}
			out = append(out, f)
		}
	}
	return out
}

func (r *region) frontListener(l *listener) frontListener {
	out := frontListener{arn: l.ARN, port: l.Port, secure: l.Protocol == "HTTPS", policy: l.SSLPolicy, action: l.Actions[0]}
	if f := out.action.ForwardConfig; f != nil {
		copied := *f
		copied.TargetGroups = slices.Clone(f.TargetGroups)
		out.action.ForwardConfig = &copied
	}
	for _, arn := range append([]string{l.Certificate}, l.Extra...) {
		if c := r.Certificates[arn]; c != nil {
			out.certificates = append(out.certificates, pair{c.Leaf + "\n" + c.Chain, c.Key})
		}
	}
	return out
}

// ingress are the rules that let clients in.
func (r *region) ingress(lb *loadBalancer) []groupRule {
	var out []groupRule
	for _, id := range lb.Groups {
		if g := r.Groups[id]; g != nil {
			for _, rule := range ordered(g.Rules) {
				if !rule.Egress {
					copied := *rule
					copied.Tags = nil
					out = append(out, copied)
				}
			}
		}
	}
	return out
}

func (f front) equal(other front) bool { return reflect.DeepEqual(f, other) }

func (rule *groupRule) matches(port int, client netip.Addr) bool {
	if rule.Protocol != "-1" && (rule.Protocol != "tcp" || port < rule.From || port > rule.To) {
		return false
	}
	p, err := netip.ParsePrefix(cmp.Or(rule.IPv4, rule.IPv6))
	return err == nil && p.Contains(client)
}

func (st *state) pools(now time.Time) []poolSpec {
	var out []poolSpec
	for _, r := range ordered(st.Regions) {
		for _, tg := range ordered(r.TargetGroups) {
			p := poolSpec{
				arn: tg.ARN, protocol: tg.Protocol, version: tg.ProtocolVersion, check: tg.Health,
				used: len(r.loadBalancersOf(tg.ARN)) > 0,
			}
			for _, t := range ordered(tg.Targets) {
				if !t.drained(now) {
					p.targets = append(p.targets, *t)
				}
			}
			out = append(out, p)
		}
	}
	return out
}

// freeAddress is an address of the data plane's range that no load balancer has. It begins looking at a place that
// depends on the name, so that emulators that run side by side keep out of each other's way.
func (s *Server) freeAddress(name string) (string, error) {
	p, err := netip.ParsePrefix(s.opts.DataPlane.CIDR)
	if err != nil {
		return "", err // Start has checked it
	}
	taken := map[string]bool{}
	for _, r := range s.state.Regions {
		for _, lb := range r.LoadBalancers {
			taken[lb.Address] = true
		}
	}
	size := 1 << min(30, p.Addr().BitLen()-p.Bits())
	sum := fnv.New32a()
	_, _ = sum.Write([]byte(name)) // a hash takes every write
	for i := range size {
		at := 1 + (int(sum.Sum32()%uint32(size))+i)%max(1, size-2) // neither the network's nor the broadcast address
		if addr := nth(p, p.Addr().BitLen(), at).Addr().String(); !taken[addr] {
			return addr, nil
		}
	}
	return "", fmt.Errorf("no address is left in %s", p)
}
