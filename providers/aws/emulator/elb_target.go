package emulator

import (
	"maps"
	"net/netip"
	"strconv"
	"time"
)

type targetDescription struct {
	Id               string
	Port             int    `xml:",omitempty"`
	AvailabilityZone string `xml:",omitempty"`
}

type targetsInput struct {
	TargetGroupArn string
	Targets        []targetDescription
}

func targetKey(id string, port int) string { return id + ":" + strconv.Itoa(port) }

func (t *target) draining() bool { return !t.DrainUntil.IsZero() }

// registerTargets adds targets. One that is draining comes back as if new.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_RegisterTargets.html
func registerTargets(c *call, in *targetsInput) (*done, error) {
	tg, err := c.r.targetGroup(in.TargetGroupArn)
	if err != nil {
		return nil, err
	}
	if len(in.Targets) == 0 {
		return nil, fail("ValidationError", "At least one target must be specified")
	}
	added := map[string]*target{}
	for _, d := range in.Targets {
		t, err := c.newTarget(tg, d)
		if err != nil {
			return nil, err
		}
		if old := tg.Targets[targetKey(t.ID, t.Port)]; old == nil || old.draining() {
			added[targetKey(t.ID, t.Port)] = t
		}
	}
	if err := c.checkTargetQuotas(tg, added); err != nil {
		return nil, err
	}
	maps.Copy(tg.Targets, added)
	return &done{}, nil
}

func (c *call) checkTargetQuotas(tg *targetGroup, added map[string]*target) error {
	extra := 0
	for key := range added {
		if tg.Targets[key] == nil {
			extra++
		}
	}
	opts := c.server.opts
	if len(tg.Targets)+extra > opts.quota(QuotaTargetsPerGroup) {
		return fail("TooManyTargets", "The maximum number of targets of the target group '%s' has been reached", tg.ARN)
	}
	for _, lb := range c.r.loadBalancersOf(tg.ARN) {
		total := extra
		for _, other := range c.r.TargetGroups {
			if c.r.forwardsTo(lb, other.ARN) {
				total += len(other.Targets)
			}
		}
		if total > opts.quota(QuotaTargetsPerLB) {
			return fail("TooManyTargets", "The maximum number of targets of the load balancer '%s' has been reached", lb)
		}
	}
	return nil
}

func (c *call) newTarget(tg *targetGroup, d targetDescription) (*target, error) {
	t := &target{ID: d.Id, Port: d.Port, Zone: d.AvailabilityZone, Registered: c.now}
	if t.Port == 0 {
		t.Port = tg.Port
	}
	if tg.TargetType != "ip" {
		return nil, fail("InvalidTarget", "The emulator has no instances; '%s' is not registered", d.Id)
	}
	addr, err := netip.ParseAddr(d.Id)
	if err != nil {
		return nil, fail("ValidationError", "The IP address '%s' is not a valid IPv4 or IPv6 address", d.Id)
	}
	if c.r.inVPC(addr) {
		if t.Zone == "" {
			t.Zone = c.r.zoneOf(addr)
		}
		return t, nil
	}
	// AWS refuses every public address. Loopback is let through, because that is where tests have their targets.
	if !addr.IsPrivate() && !sharedSpace.Contains(addr) && !addr.IsLoopback() {
		return nil, fail("InvalidTarget", "The IP address '%s' is not within a valid range for registration", d.Id)
	}
	if t.Zone != "all" {
		return nil, fail("InvalidTarget", "You must specify 'all' as the Availability Zone for the IP address '%s', which is outside the VPC", d.Id)
	}
	return t, nil
}

// sharedSpace is RFC 6598, allowed for targets beside RFC 1918.
var sharedSpace = netip.MustParsePrefix("100.64.0.0/10")

func (r *region) zoneOf(addr netip.Addr) string {
	for _, sn := range ordered(r.Subnets) {
		if p, err := netip.ParsePrefix(sn.CIDR); err == nil && p.Contains(addr) {
			return sn.Zone
		}
	}
	return ""
}

// deregisterTargets lets targets drain for the deregistration delay, if a load balancer uses their group.
func deregisterTargets(c *call, in *targetsInput) (*done, error) {
	tg, err := c.r.targetGroup(in.TargetGroupArn)
	if err != nil {
		return nil, err
	}
	seconds, _ := strconv.Atoi(tg.Attributes["deregistration_delay.timeout_seconds"]) // checked when it was set
	delay := c.server.opts.Timing.scaled(time.Duration(seconds) * time.Second)
	used := len(c.r.loadBalancersOf(tg.ARN)) > 0
	for _, d := range in.Targets {
		for key, t := range tg.Targets {
			if t.ID != d.Id || (d.Port != 0 && d.Port != t.Port) || t.draining() {
				continue
			}
			if !used || delay == 0 {
				delete(tg.Targets, key)
				continue
			}
			t.DrainUntil = c.now.Add(delay)
		}
	}
	return &done{}, nil
}

type targetHealthOutput struct {
	Descriptions []targetHealthXML `xml:"TargetHealthDescriptions>member"`
}

type targetHealthXML struct {
	Target          targetDescription
	HealthCheckPort string
	TargetHealth    health
}

// health is a target's state with AWS's reason code.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetHealth.html
type health struct {
	State       string
	Reason      string `xml:",omitempty"`
	Description string `xml:",omitempty"`
}

func describeTargetHealth(c *call, in *targetsInput) (*targetHealthOutput, error) {
	tg, err := c.r.targetGroup(in.TargetGroupArn)
	if err != nil {
		return nil, err
	}
	out := &targetHealthOutput{}
	add := func(t *target, h health) {
		port := tg.Health.Port
		if port == "traffic-port" {
			port = strconv.Itoa(t.Port)
		}
		out.Descriptions = append(out.Descriptions, targetHealthXML{targetDescription{t.ID, t.Port, t.Zone}, port, h})
	}
	if len(in.Targets) == 0 {
		for _, t := range ordered(tg.Targets) {
			if !t.drained(c.now) {
				add(t, c.healthOf(tg, t))
			}
		}
		return out, nil
	}
	for _, d := range in.Targets {
		if d.Port == 0 {
			d.Port = tg.Port
		}
		t := tg.Targets[targetKey(d.Id, d.Port)]
		if t == nil || t.drained(c.now) {
			add(&target{ID: d.Id, Port: d.Port, Zone: d.AvailabilityZone},
				health{"unused", "Target.NotRegistered", "Target is not registered to the target group"})
			continue
		}
		add(t, c.healthOf(tg, t))
	}
	return out, nil
}

func (c *call) healthOf(tg *targetGroup, t *target) health {
	switch {
	case t.draining():
		return health{"draining", "Target.DeregistrationInProgress", "Target deregistration is in progress"}
	case len(c.r.loadBalancersOf(tg.ARN)) == 0:
		return health{"unused", "Target.NotInUse", "Target group is not configured to receive traffic from the load balancer"}
	case c.server.plane == nil:
		return health{State: "healthy"}
	default:
		return c.server.plane.health(tg.ARN, targetKey(t.ID, t.Port))
	}
}
