package translate

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/internal/ir"
)

// ruleSet is the rules of a route as one Gateway gets them, and what is wrong with them.
type ruleSet struct {
	made []config.Rule
	// passed are the rules where TLS is passed on as it is.
	passed []config.Rule
	pools  map[string]ir.Pool
	// found are the keys of pools by what they were asked for.
	found map[backendPort]string
	// policies are those of the backends.
	policies []string
	// broken are the faults that make a whole rule answer 500, by rule; of the type Accepted.
	broken []ruleFault
	// unresolved are references that lead nowhere; of the type ResolvedRefs.
	unresolved []ruleFault
	advice     []ruleFault
	notes      []string
	count      int
}

// ruleFault is a fault in one rule.
type ruleFault struct {
	rule    int
	code    ir.Code
	message string
}

// ruleContext is one rule on its way through translation.
type ruleContext struct {
	*routeContext
	set    *ruleSet
	parent *parent
	index  int
	rule   *ruleSource
	speaks speech
	// refusal is why no request may pass although the rule itself is valid.
	refusal string
}

func (r *ruleContext) brokenf(code ir.Code, format string, args ...any) {
	r.set.broken = append(r.set.broken, ruleFault{r.index, code, fmt.Sprintf(format, args...)})
}

func (r *ruleContext) unresolved(code ir.Code, format string, args ...any) string {
	message := fmt.Sprintf(format, args...)
	r.set.unresolved = append(r.set.unresolved, ruleFault{r.index, code, message})
	return message
}

func (r *ruleContext) advisef(code ir.Code, format string, args ...any) {
	r.set.advice = append(r.set.advice, ruleFault{r.index, code, fmt.Sprintf(format, args...)})
}

// compileRules translates the rules of a route for one Gateway, as the hosts there need them.
func (r *routeContext) compileRules(p *parent, hosts []ir.RouteHost) *ruleSet {
	set := &ruleSet{pools: map[string]ir.Pool{}, found: map[backendPort]string{}, count: len(r.source.rules)}
	passes := func(host ir.RouteHost) bool { return host.Passthrough }
	// A TLSRoute on no listener is read as the listener would be that such routes are for.
	some := slices.ContainsFunc(hosts, passes) || len(hosts) == 0 && r.key.Kind == ir.TLSRoute
	if some {
		set.passed = r.compileAs(p, set, speechOf(r.key.Kind, true))
	}
	if !some || !allOf(hosts, passes) {
		set.made = r.compileAs(p, set, speechOf(r.key.Kind, false))
	}
	set.notes = slices.Compact(slices.Sorted(slices.Values(set.notes)))
	return set
}

func allOf[T any](list []T, holds func(T) bool) bool {
	return !slices.ContainsFunc(list, func(one T) bool { return !holds(one) })
}

func (r *routeContext) compileAs(p *parent, set *ruleSet, speaks speech) []config.Rule {
	var out []config.Rule
	for i := range r.source.rules {
		c := &ruleContext{routeContext: r, set: set, parent: p, index: i, rule: &r.source.rules[i], speaks: speaks}
		if rule := c.compile(); len(rule.Matches) > 0 {
			out = append(out, rule)
		}
	}
	return out
}

// compile translates one rule. A rule with a fault keeps its matches, which answer 500; a match that cannot be
// compiled matches nothing.
func (r *ruleContext) compile() config.Rule {
	faults := len(r.set.broken)
	out := config.Rule{
		Route:   r.key.String(),
		Created: r.source.created(),
		Index:   r.index,
		Name:    string(deref(r.rule.name)),
	}
	switch r.key.Kind {
	case ir.HTTPRoute:
		out.Matches = r.matches()
	case ir.GRPCRoute:
		out.Matches = r.callMatches()
	default:
		out.Matches = []config.Match{{PathKind: config.PathPrefix, Path: "/"}}
		if r.index > 0 {
			r.brokenf(ir.UnsupportedValue, "a %s has one rule: put all backendRefs into it, or make a route of its own", r.key.Kind)
		}
	}
	bare := out
	out.Filters = r.filters(r.rule.filters, ruleFilters)
	out.Timeouts = r.timeouts()
	out.Retry = r.retry()
	out.Backends = r.backends(out.Filters.Redirect != nil)
	out.Session = r.session()
	messages := make([]string, 0, 1)
	for _, fault := range r.set.broken[faults:] {
		messages = append(messages, fault.message)
	}
	if r.refusal != "" {
		messages = append(messages, r.refusal)
	}
	if len(messages) > 0 {
		bare.Broken = strings.Join(messages, "; ")
		return bare
	}
	return out
}

// allBroken says that no rule works, which makes the route not accepted.
func (s *ruleSet) allBroken() bool {
	broken := map[int]struct{}{}
	for _, fault := range s.broken {
		broken[fault.rule] = struct{}{}
	}
	return s.count > 0 && len(broken) == s.count
}

func (s *ruleSet) sortedPools() []ir.Pool {
	out := make([]ir.Pool, 0, len(s.pools))
	for _, key := range slices.Sorted(maps.Keys(s.pools)) {
		out = append(out, s.pools[key])
	}
	return out
}

// problems are the faults of the rules as Problems of one parentRef: at most one for each condition, whose
// message has all of them. attached says that nothing but its rules can keep the route from being accepted.
func (s *ruleSet) problems(r *routeContext, attached bool) []ir.Problem {
	var out []ir.Problem
	if len(s.broken) > 0 && attached {
		code, prefix := s.broken[0].code, ""
		if !s.allBroken() {
			code, prefix = ir.Code{Type: ir.PartiallyInvalid.Type, Reason: code.Reason}, s.dropped()
		}
		out = append(out, r.problem(code, "%s%s", prefix, sentences(s.broken)))
	}
	if len(s.unresolved) > 0 {
		out = append(out, r.problem(s.unresolved[0].code, "%s", sentences(s.unresolved)))
	}
	for i, advice := range s.advice {
		if !slices.Contains(s.advice[:i], advice) {
			out = append(out, r.problem(advice.code, "%s", sentences([]ruleFault{advice})))
		}
	}
	return out
}

// dropped begins the message of PartiallyInvalid as Gateway API wants it.
func (s *ruleSet) dropped() string {
	var rules []string
	for _, fault := range s.broken {
		rules = append(rules, fmt.Sprint(fault.rule))
	}
	return "Dropped Rule " + strings.Join(slices.Compact(rules), ", ") + " (its matches answer 500): "
}

// sentences joins the messages of faults, each once and with its rule.
func sentences(faults []ruleFault) string {
	parts := make([]string, 0, len(faults))
	for _, fault := range faults {
		if part := fmt.Sprintf("rules[%d]: %s", fault.rule, fault.message); !slices.Contains(parts, part) {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, "; ")
}
