package emulator

import (
	"maps"
	"slices"
	"strings"
)

type matcher struct {
	HttpCode string `xml:",omitempty"`
	GrpcCode string `xml:",omitempty"`
}

// healthInput is the part that CreateTargetGroup and ModifyTargetGroup share. Nil leaves a setting as it is.
type healthInput struct {
	HealthCheckEnabled         *bool
	HealthCheckProtocol        *string
	HealthCheckPort            *string
	HealthCheckPath            *string
	HealthCheckIntervalSeconds *int
	HealthCheckTimeoutSeconds  *int
	HealthyThresholdCount      *int
	UnhealthyThresholdCount    *int
	Matcher                    *matcher
}

type targetGroupsOutput struct {
	TargetGroups []targetGroupXML `xml:"TargetGroups>member"`
	NextMarker   string           `xml:",omitempty"`
}

type targetGroupXML struct {
	TargetGroupArn             string
	TargetGroupName            string
	Protocol                   string
	Port                       int
	VpcId                      string
	HealthCheckProtocol        string
	HealthCheckPort            string
	HealthCheckEnabled         bool
	HealthCheckIntervalSeconds int
	HealthCheckTimeoutSeconds  int
	HealthyThresholdCount      int
	UnhealthyThresholdCount    int
	HealthCheckPath            string
	Matcher                    matcher
	LoadBalancerArns           []string `xml:"LoadBalancerArns>member"`
	TargetType                 string
	ProtocolVersion            string
	IpAddressType              string
}

func (tg *targetGroup) xml(r *region) targetGroupXML {
	h := tg.Health
	return targetGroupXML{
		TargetGroupArn: tg.ARN, TargetGroupName: tg.Name, Protocol: tg.Protocol, Port: tg.Port, VpcId: tg.VPC,
		HealthCheckProtocol: h.Protocol, HealthCheckPort: h.Port, HealthCheckEnabled: h.Enabled,
		HealthCheckIntervalSeconds: h.Interval, HealthCheckTimeoutSeconds: h.Timeout,
		HealthyThresholdCount: h.Healthy, UnhealthyThresholdCount: h.Unhealthy, HealthCheckPath: h.Path,
		Matcher: matcher{h.HTTPCode, h.GRPCCode}, LoadBalancerArns: r.loadBalancersOf(tg.ARN),
		TargetType: tg.TargetType, ProtocolVersion: tg.ProtocolVersion, IpAddressType: tg.IPAddressType,
	}
}

type createTargetGroupInput struct {
	Name            string
	Protocol        string
	ProtocolVersion string
	Port            int
	VpcId           string
	TargetType      string
	IpAddressType   string
	Tags            []tag

	healthInput
}

// createTargetGroup is idempotent for equal settings and a conflict otherwise.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html
func createTargetGroup(c *call, in *createTargetGroupInput) (*targetGroupsOutput, error) {
	tg, err := c.newTargetGroup(in)
	if err != nil {
		return nil, err
	}
	for _, old := range c.r.TargetGroups {
		if old.Name != tg.Name {
			continue
		}
		if !old.sameSettings(tg) {
			return nil, fail("DuplicateTargetGroupName", "A target group with the same name '%s' exists, but with different settings", tg.Name)
		}
		return &targetGroupsOutput{TargetGroups: []targetGroupXML{old.xml(c.r)}}, nil
	}
	if len(c.r.TargetGroups) >= c.server.opts.quota(QuotaTargetGroups) {
		return nil, fail("TooManyTargetGroups", "The maximum number of target groups has been reached")
	}
	tg.ARN = c.r.arn("elasticloadbalancing", "targetgroup/"+tg.Name+"/"+elbID(tg.Name))
	c.r.TargetGroups[tg.ARN] = tg
	return &targetGroupsOutput{TargetGroups: []targetGroupXML{tg.xml(c.r)}}, nil
}

func (c *call) newTargetGroup(in *createTargetGroupInput) (*targetGroup, error) {
	if err := checkELBName("Target group", in.Name); err != nil {
		return nil, err
	}
	tg := &targetGroup{
		Name: in.Name, Protocol: in.Protocol, ProtocolVersion: in.ProtocolVersion, Port: in.Port, TargetType: in.TargetType,
		IPAddressType: in.IpAddressType, VPC: in.VpcId, Created: c.now,
		Attributes: maps.Clone(defaultTargetGroupAttributes), Targets: map[string]*target{},
	}
	for field, fallback := range map[*string]string{&tg.ProtocolVersion: "HTTP1", &tg.TargetType: "instance", &tg.IPAddressType: "ipv4"} {
		if *field == "" {
			*field = fallback
		}
	}
	switch {
	case tg.Protocol != "HTTP" && tg.Protocol != "HTTPS":
		return nil, fail("ValidationError", "the protocol '%s' is not one of an application load balancer's: [HTTP, HTTPS]", tg.Protocol)
	case tg.Port < 1 || tg.Port > 65535:
		return nil, fail("ValidationError", "A port must be specified, from 1 to 65535")
	case tg.VPC != c.r.VPC.ID:
		return nil, fail("ValidationError", "The VPC ID '%s' is not found", tg.VPC)
	case tg.TargetType != "ip" && tg.TargetType != "instance":
		return nil, fail("ValidationError", "the emulator has no targets of type '%s'", tg.TargetType)
	case !slices.Contains([]string{"HTTP1", "HTTP2", "GRPC"}, tg.ProtocolVersion):
		return nil, fail("ValidationError", "the protocol version '%s' is not valid", tg.ProtocolVersion)
	}
	var err error
	if tg.Tags, err = elbTagErrors.merge(nil, in.Tags); err != nil {
		return nil, err
	}
	tg.Health = healthCheck{
		Enabled: true, Protocol: tg.Protocol, Port: "traffic-port", Path: "/",
		Interval: 30, Timeout: 5, Healthy: 5, Unhealthy: 2, HTTPCode: "200",
	}
	if tg.ProtocolVersion == "GRPC" {
		tg.Health.Path, tg.Health.HTTPCode, tg.Health.GRPCCode = "/AWS.ALB/healthcheck", "", "12"
	}
	return tg, tg.Health.change(in.healthInput)
}

func (tg *targetGroup) sameSettings(other *targetGroup) bool {
	return tg.Protocol == other.Protocol && tg.ProtocolVersion == other.ProtocolVersion && tg.Port == other.Port &&
		tg.TargetType == other.TargetType && tg.IPAddressType == other.IPAddressType && tg.VPC == other.VPC &&
		tg.Health == other.Health && maps.Equal(tg.Tags, other.Tags)
}

// change sets what the input names and checks the whole.
func (h *healthCheck) change(in healthInput) error {
	next := *h
	set(&next.Enabled, in.HealthCheckEnabled)
	set(&next.Protocol, in.HealthCheckProtocol)
	set(&next.Port, in.HealthCheckPort)
	set(&next.Path, in.HealthCheckPath)
	set(&next.Interval, in.HealthCheckIntervalSeconds)
	set(&next.Timeout, in.HealthCheckTimeoutSeconds)
	set(&next.Healthy, in.HealthyThresholdCount)
	set(&next.Unhealthy, in.UnhealthyThresholdCount)
	if in.Matcher != nil {
		next.HTTPCode, next.GRPCCode = in.Matcher.HttpCode, in.Matcher.GrpcCode
	}
	switch {
	case next.Protocol != "HTTP" && next.Protocol != "HTTPS":
		return fail("ValidationError", "Health check protocol '%s' must be one of [HTTP, HTTPS]", next.Protocol)
	case next.Port != "traffic-port" && !within(next.Port, 1, 65535):
		return fail("ValidationError", "Health check port '%s' must be 'traffic-port' or in range [1-65535]", next.Port)
	case !strings.HasPrefix(next.Path, "/") || len(next.Path) > 1024:
		return fail("ValidationError", "Health check path '%s' must begin with a '/' character, and can only be up to 1024 characters", next.Path)
	case next.Interval < 5 || next.Interval > 300:
		return fail("ValidationError", "Health check interval '%d' must be between 5 and 300", next.Interval)
	case next.Timeout < 2 || next.Timeout > 120:
		return fail("ValidationError", "Health check timeout '%d' must be between 2 and 120", next.Timeout)
	case next.Timeout >= next.Interval:
		return fail("ValidationError", "Health check timeout '%d' must be smaller than the interval '%d'", next.Timeout, next.Interval)
	case next.Healthy < 2 || next.Healthy > 10 || next.Unhealthy < 2 || next.Unhealthy > 10:
		return fail("ValidationError", "Threshold counts must be between 2 and 10")
	}
	*h = next
	return nil
}

func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

type describeTargetGroupsInput struct {
	LoadBalancerArn string
	TargetGroupArns []string
	Names           []string
	Marker          string
	PageSize        int
}

func describeTargetGroups(c *call, in *describeTargetGroupsInput) (*targetGroupsOutput, error) {
	found, err := c.r.pickTargetGroups(in)
	if err != nil {
		return nil, err
	}
	p, err := paginate(c, found, func(tg *targetGroup) string { return tg.ARN }, in.Marker, pageSize(in.PageSize, 400))
	if err != nil {
		return nil, err
	}
	out := &targetGroupsOutput{NextMarker: p.marker}
	for _, tg := range p.items {
		out.TargetGroups = append(out.TargetGroups, tg.xml(c.r))
	}
	return out, nil
}

func (r *region) pickTargetGroups(in *describeTargetGroupsInput) ([]*targetGroup, error) {
	for _, arn := range in.TargetGroupArns {
		if _, err := r.targetGroup(arn); err != nil {
			return nil, err
		}
	}
	if in.LoadBalancerArn != "" {
		if _, err := r.loadBalancer(in.LoadBalancerArn); err != nil {
			return nil, err
		}
	}
	named := map[string]bool{}
	var out []*targetGroup
	for _, tg := range ordered(r.TargetGroups) {
		named[tg.Name] = true
		if in.names(r, tg) {
			out = append(out, tg)
		}
	}
	for _, name := range in.Names {
		if !named[name] {
			return nil, fail("TargetGroupNotFound", "One or more target groups not found: %s", name)
		}
	}
	return out, nil
}

// names tells whether the input asks for the target group; what it leaves empty asks for all.
func (in *describeTargetGroupsInput) names(r *region, tg *targetGroup) bool {
	return (len(in.TargetGroupArns) == 0 || slices.Contains(in.TargetGroupArns, tg.ARN)) &&
		(len(in.Names) == 0 || slices.Contains(in.Names, tg.Name)) &&
		(in.LoadBalancerArn == "" || slices.Contains(r.loadBalancersOf(tg.ARN), in.LoadBalancerArn))
}

type modifyTargetGroupInput struct {
	TargetGroupArn string

	healthInput
}

func modifyTargetGroup(c *call, in *modifyTargetGroupInput) (*targetGroupsOutput, error) {
	tg, err := c.r.targetGroup(in.TargetGroupArn)
	if err != nil {
		return nil, err
	}
	err = tg.Health.change(in.healthInput)
	if err != nil {
		return nil, err
	}
	return &targetGroupsOutput{TargetGroups: []targetGroupXML{tg.xml(c.r)}}, nil
}

type targetGroupRef struct{ TargetGroupArn string }

func deleteTargetGroup(c *call, in *targetGroupRef) (*done, error) {
	if len(c.r.loadBalancersOf(in.TargetGroupArn)) > 0 {
		return nil, fail("ResourceInUse", "Target group '%s' is currently in use by a listener or a rule", in.TargetGroupArn)
	}
	delete(c.r.TargetGroups, in.TargetGroupArn)
	return &done{}, nil
}
