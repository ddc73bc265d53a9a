package emulator

import (
	"strconv"
	"strings"
)

// attribute is a setting of a load balancer or target group that has no field of its own.
type attribute struct {
	Key   string
	Value string
}

type attributesOutput struct {
	Attributes []attribute `xml:"Attributes>member"`
}

// defaultLoadBalancerAttributes are those of an application load balancer.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancerAttribute.html
var defaultLoadBalancerAttributes = map[string]string{
	"access_logs.s3.bucket":                                    "",
	"access_logs.s3.enabled":                                   "false",
	"access_logs.s3.prefix":                                    "",
	"client_keep_alive.seconds":                                "3600",
	"connection_logs.s3.bucket":                                "",
	"connection_logs.s3.enabled":                               "false",
	"connection_logs.s3.prefix":                                "",
	"deletion_protection.enabled":                              "false",
	"idle_timeout.timeout_seconds":                             "60",
	"load_balancing.cross_zone.enabled":                        "true",
	"routing.http2.enabled":                                    "true",
	"routing.http.desync_mitigation_mode":                      "defensive",
	"routing.http.drop_invalid_header_fields.enabled":          "false",
	"routing.http.preserve_host_header.enabled":                "false",
	"routing.http.x_amzn_tls_version_and_cipher_suite.enabled": "false",
	"routing.http.xff_client_port.enabled":                     "false",
	"routing.http.xff_header_processing.mode":                  "append",
	"waf.fail_open.enabled":                                    "false",
	"zonal_shift.config.enabled":                               "false",
}

// setAttributes checks all before it sets one.
func setAttributes(current map[string]string, wanted []attribute, check func(attribute) error) error {
	for _, a := range wanted {
		if _, known := current[a.Key]; !known {
			return fail("ValidationError", "Attribute key '%s' is not recognized", a.Key)
		}
		if err := check(a); err != nil {
			return err
		}
	}
	for _, a := range wanted {
		current[a.Key] = a.Value
	}
	return nil
}

func listAttributes(current map[string]string) *attributesOutput {
	out := &attributesOutput{}
	for _, t := range tagList(current) {
		out.Attributes = append(out.Attributes, attribute(t))
	}
	return out
}

type modifyLoadBalancerAttributesInput struct {
	LoadBalancerArn string
	Attributes      []attribute
}

func modifyLoadBalancerAttributes(c *call, in *modifyLoadBalancerAttributesInput) (*attributesOutput, error) {
	lb, err := c.r.loadBalancer(in.LoadBalancerArn)
	if err != nil {
		return nil, err
	}
	if err := setAttributes(lb.Attributes, in.Attributes, checkLoadBalancerAttribute); err != nil {
		return nil, err
	}
	return listAttributes(lb.Attributes), nil
}

func checkLoadBalancerAttribute(a attribute) error {
	ok := true
	switch {
	case strings.HasSuffix(a.Key, ".enabled"):
		ok = a.Value == "true" || a.Value == "false"
	case a.Key == "idle_timeout.timeout_seconds":
		ok = within(a.Value, 1, 4000)
	case a.Key == "client_keep_alive.seconds":
		ok = within(a.Value, 60, 604800)
	case a.Key == "routing.http.xff_header_processing.mode":
		ok = a.Value == "append" || a.Value == "preserve" || a.Value == "remove"
	case a.Key == "routing.http.desync_mitigation_mode":
		ok = a.Value == "monitor" || a.Value == "defensive" || a.Value == "strictest"
	}
	if !ok {
		return fail("InvalidConfigurationRequest", "The value '%s' is not valid for the attribute '%s'", a.Value, a.Key)
	}
	return nil
}

func within(value string, low, high int) bool {
	n, err := strconv.Atoi(value)
	return err == nil && n >= low && n <= high
}

func describeLoadBalancerAttributes(c *call, in *loadBalancerRef) (*attributesOutput, error) {
	lb, err := c.r.loadBalancer(in.LoadBalancerArn)
	if err != nil {
		return nil, err
	}
	return listAttributes(lb.Attributes), nil
}

type setSecurityGroupsInput struct {
	LoadBalancerArn string
	SecurityGroups  []string
}

type setSecurityGroupsOutput struct {
	SecurityGroupIds []string `xml:"SecurityGroupIds>member"`
}

// setSecurityGroups replaces the set.
func setSecurityGroups(c *call, in *setSecurityGroupsInput) (*setSecurityGroupsOutput, error) {
	lb, err := c.r.loadBalancer(in.LoadBalancerArn)
	if err != nil {
		return nil, err
	}
	if len(in.SecurityGroups) == 0 {
		return nil, fail("ValidationError", "At least one security group must be specified")
	}
	if err := c.checkGroups(in.SecurityGroups); err != nil {
		return nil, err
	}
	lb.Groups = in.SecurityGroups
	return &setSecurityGroupsOutput{SecurityGroupIds: lb.Groups}, nil
}

type setSubnetsInput struct {
	LoadBalancerArn string
	Subnets         []string
	SubnetMappings  []struct{ SubnetId string }
	IpAddressType   string
}

type setSubnetsOutput struct {
	AvailabilityZones []zoneXML `xml:"AvailabilityZones>member"`
	IpAddressType     string
}

// setSubnets replaces the set.
func setSubnets(c *call, in *setSubnetsInput) (*setSubnetsOutput, error) {
	lb, err := c.r.loadBalancer(in.LoadBalancerArn)
	if err != nil {
		return nil, err
	}
	wanted := in.Subnets
	for _, m := range in.SubnetMappings {
		wanted = append(wanted, m.SubnetId)
	}
	if err := c.checkSubnets(lb.Scheme, wanted); err != nil {
		return nil, err
	}
	if in.IpAddressType != "" {
		if err := c.checkIPAddressType(lb.Scheme, in.IpAddressType); err != nil {
			return nil, err
		}
		lb.IPAddressType = in.IpAddressType
	}
	lb.Subnets = wanted
	return &setSubnetsOutput{AvailabilityZones: c.r.zones(lb.Subnets), IpAddressType: lb.IPAddressType}, nil
}

type setIPAddressTypeInput struct {
	LoadBalancerArn string
	IpAddressType   string
}

type setIPAddressTypeOutput struct{ IpAddressType string }

func setIPAddressType(c *call, in *setIPAddressTypeInput) (*setIPAddressTypeOutput, error) {
	lb, err := c.r.loadBalancer(in.LoadBalancerArn)
	if err != nil {
		return nil, err
	}
	if err := c.checkIPAddressType(lb.Scheme, in.IpAddressType); err != nil {
		return nil, err
	}
	lb.IPAddressType = in.IpAddressType
	return &setIPAddressTypeOutput{IpAddressType: lb.IPAddressType}, nil
}
