package emulator

// defaultTargetGroupAttributes are those of an application load balancer's target group.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroupAttribute.html
var defaultTargetGroupAttributes = map[string]string{
	"deregistration_delay.timeout_seconds":                                           "300",
	"load_balancing.algorithm.anomaly_mitigation":                                    "off",
	"load_balancing.algorithm.type":                                                  "round_robin",
	"load_balancing.cross_zone.enabled":                                              "use_load_balancer_configuration",
	"slow_start.duration_seconds":                                                    "0",
	"stickiness.app_cookie.cookie_name":                                              "",
	"stickiness.app_cookie.duration_seconds":                                         "86400",
	"stickiness.enabled":                                                             "false",
	"stickiness.lb_cookie.duration_seconds":                                          "86400",
	"stickiness.type":                                                                "lb_cookie",
	"target_group_health.dns_failover.minimum_healthy_targets.count":                 "1",
	"target_group_health.dns_failover.minimum_healthy_targets.percentage":            "off",
	"target_group_health.unhealthy_state_routing.minimum_healthy_targets.count":      "1",
	"target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage": "off",
}

type modifyTargetGroupAttributesInput struct {
	TargetGroupArn string
	Attributes     []attribute
}

func modifyTargetGroupAttributes(c *call, in *modifyTargetGroupAttributesInput) (*attributesOutput, error) {
	tg, err := c.r.targetGroup(in.TargetGroupArn)
	if err != nil {
		return nil, err
	}
	if err := setAttributes(tg.Attributes, in.Attributes, checkTargetGroupAttribute); err != nil {
		return nil, err
	}
	return listAttributes(tg.Attributes), nil
}

func checkTargetGroupAttribute(a attribute) error {
	ok := true
	switch a.Key {
	case "deregistration_delay.timeout_seconds":
		ok = within(a.Value, 0, 3600)
	case "slow_start.duration_seconds":
		ok = a.Value == "0" || within(a.Value, 30, 900)
	case "stickiness.enabled":
		ok = a.Value == "true" || a.Value == "false"
	case "load_balancing.algorithm.type":
		ok = a.Value == "round_robin" || a.Value == "least_outstanding_requests" || a.Value == "weighted_random"
	}
	if !ok {
		return fail("InvalidConfigurationRequest", "The value '%s' is not valid for the attribute '%s'", a.Value, a.Key)
	}
	return nil
}

func describeTargetGroupAttributes(c *call, in *targetGroupRef) (*attributesOutput, error) {
	tg, err := c.r.targetGroup(in.TargetGroupArn)
	if err != nil {
		return nil, err
	}
	return listAttributes(tg.Attributes), nil
}
