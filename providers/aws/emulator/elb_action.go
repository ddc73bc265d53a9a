package emulator

import (
	"maps"
	"slices"
	"strconv"
)

// listenerAction is one default action, in the form in which it is sent, kept and answered.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Action.html
type listenerAction struct {
	Type                string
	Order               int                  `xml:",omitempty"`
	TargetGroupArn      string               `xml:",omitempty"`
	ForwardConfig       *forwardConfig       `xml:",omitempty"`
	RedirectConfig      *redirectConfig      `xml:",omitempty"`
	FixedResponseConfig *fixedResponseConfig `xml:",omitempty"`
}

type forwardConfig struct {
	TargetGroups                []weightedGroup `xml:"TargetGroups>member"`
	TargetGroupStickinessConfig *stickiness     `xml:",omitempty"`
}

type weightedGroup struct {
	TargetGroupArn string
	Weight         *int
}

type stickiness struct {
	Enabled         bool
	DurationSeconds int `xml:",omitempty"`
}

type redirectConfig struct {
	Protocol   string
	Port       string
	Host       string
	Path       string
	Query      string
	StatusCode string
}

type fixedResponseConfig struct {
	MessageBody string `xml:",omitempty"`
	StatusCode  string
	ContentType string `xml:",omitempty"`
}

// forwards are the target groups that actions forward to.
func forwards(actions []listenerAction) []string {
	var out []string
	for _, a := range actions {
		if a.ForwardConfig == nil {
			continue
		}
		for _, g := range a.ForwardConfig.TargetGroups {
			out = append(out, g.TargetGroupArn)
		}
	}
	return out
}

// checkActions answers the actions with everything spelled out, as DescribeListeners shows them.
func (c *call) checkActions(lb *loadBalancer, actions []listenerAction) ([]listenerAction, error) {
	if len(actions) != 1 {
		return nil, fail("ValidationError", "a listener needs exactly one default action; the emulator has no authenticate actions")
	}
	a := actions[0]
	var err error
	switch a.Type {
	case "forward":
		err = c.checkForward(lb, &a)
	case "redirect":
		err = a.checkRedirect()
	case "fixed-response":
		err = a.checkFixedResponse()
	default:
		err = fail("ValidationError", "'%s' is not an action the emulator has", a.Type)
	}
	return []listenerAction{a}, err
}

func (c *call) checkForward(lb *loadBalancer, a *listenerAction) error {
	if a.ForwardConfig == nil || len(a.ForwardConfig.TargetGroups) == 0 {
		if a.TargetGroupArn == "" {
			return fail("ValidationError", "a forward action needs a target group")
		}
		a.ForwardConfig = &forwardConfig{TargetGroups: []weightedGroup{{TargetGroupArn: a.TargetGroupArn}}}
	}
	groups := a.ForwardConfig.TargetGroups
	if most := c.server.opts.quota(QuotaTargetGroupsPerAction); len(groups) > most {
		return fail("TooManyTargetGroups", "A forward action can have at most %d target groups", most)
	}
	seen := map[string]bool{}
	for i := range groups {
		if seen[groups[i].TargetGroupArn] {
			return fail("ValidationError", "the target group '%s' is named twice", groups[i].TargetGroupArn)
		}
		seen[groups[i].TargetGroupArn] = true
		if err := c.checkWeighted(lb, &groups[i]); err != nil {
			return err
		}
	}
	if a.ForwardConfig.TargetGroupStickinessConfig == nil {
		a.ForwardConfig.TargetGroupStickinessConfig = &stickiness{}
	}
	a.TargetGroupArn = ""
	if len(groups) == 1 {
		a.TargetGroupArn = groups[0].TargetGroupArn
	}
	return c.checkGroupsOfLB(lb, seen)
}

// checkWeighted gives the group the weight 1 if it has none. A target group belongs to one load balancer.
func (c *call) checkWeighted(lb *loadBalancer, g *weightedGroup) error {
	if _, err := c.r.targetGroup(g.TargetGroupArn); err != nil {
		return err
	}
	if g.Weight == nil {
		g.Weight = new(1)
	}
	if *g.Weight < 0 || *g.Weight > 999 {
		return fail("ValidationError", "the weight %d is not between 0 and 999", *g.Weight)
	}
	for _, other := range c.r.loadBalancersOf(g.TargetGroupArn) {
		if other != lb.ARN {
			return fail("TargetGroupAssociationLimit",
				"The following target groups cannot be associated with more than one load balancer: %s", g.TargetGroupArn)
		}
	}
	return nil
}

// checkGroupsOfLB holds the fixed limit of target groups behind one load balancer.
func (c *call) checkGroupsOfLB(lb *loadBalancer, added map[string]bool) error {
	all := maps.Clone(added)
	for _, l := range c.r.listenersOf(lb.ARN) {
		for _, arn := range forwards(l.Actions) {
			all[arn] = true
		}
	}
	if len(all) > c.server.opts.quota(QuotaTargetGroupsPerLB) {
		return fail("TooManyUniqueTargetGroupsPerLoadBalancer", "The maximum number of target groups of the load balancer has been reached")
	}
	return nil
}

func (r *region) forwardsTo(lb, targetGroup string) bool {
	return slices.Contains(r.loadBalancersOf(targetGroup), lb)
}

func (a *listenerAction) checkRedirect() error {
	rd := a.RedirectConfig
	if rd == nil || (rd.StatusCode != "HTTP_301" && rd.StatusCode != "HTTP_302") {
		return fail("ValidationError", "a redirect needs the status code HTTP_301 or HTTP_302")
	}
	for field, fallback := range map[*string]string{
		&rd.Protocol: "#{protocol}", &rd.Host: "#{host}", &rd.Port: "#{port}", &rd.Path: "/#{path}", &rd.Query: "#{query}",
	} {
		if *field == "" {
			*field = fallback
		}
	}
	if *rd == (redirectConfig{"#{protocol}", "#{port}", "#{host}", "/#{path}", "#{query}", rd.StatusCode}) {
		return fail("InvalidLoadBalancerAction", "The redirect action must change at least one of protocol, host, port and path")
	}
	return nil
}

func (a *listenerAction) checkFixedResponse() error {
	f := a.FixedResponseConfig
	if f == nil || !within(f.StatusCode, 200, 599) || f.StatusCode[0] == '3' {
		return fail("ValidationError", "a fixed response needs a status code of 2XX, 4XX or 5XX")
	}
	if len(f.MessageBody) > 1024 {
		return fail("ValidationError", "the message body of a fixed response has at most 1024 bytes")
	}
	return nil
}

// status is the number in "200" or "HTTP_301".
func status(text string) int {
	n, _ := strconv.Atoi(text[max(0, len(text)-3):]) // checked when the listener was made
	return n
}
