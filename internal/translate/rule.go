package translate

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/internal/ir"
)

// ruleSet is the rules of a route as one Gateway gets them, and what is wrong with them.
type ruleSet struct {
	made  []config.Rule
	pools map[string]ir.Pool
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
	rule   *gatewayv1.HTTPRouteRule
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

// compileRules translates the rules of a route for one Gateway.
func (r *routeContext) compileRules(p *parent) *ruleSet {
	set := &ruleSet{pools: map[string]ir.Pool{}, count: len(r.object.Spec.Rules)}
	for i := range r.object.Spec.Rules {
		c := &ruleContext{routeContext: r, set: set, parent: p, index: i, rule: &r.object.Spec.Rules[i]}
		if rule := c.compile(); len(rule.Matches) > 0 {
			set.made = append(set.made, rule)
		}
	}
	set.notes = slices.Compact(slices.Sorted(slices.Values(set.notes)))
	return set
}

// compile translates one rule. A rule with a fault keeps its matches, which answer 500; a match that cannot be
// compiled matches nothing.
func (r *ruleContext) compile() config.Rule {
	faults := len(r.set.broken)
	out := config.Rule{
		Route:   r.name.String(),
		Index:   r.index,
		Name:    string(deref(r.rule.Name)),
		Matches: r.matches(),
	}
	if !r.object.CreationTimestamp.IsZero() {
		out.Created = r.object.CreationTimestamp.Unix()
	}
	out.Filters = r.filters(r.rule.Filters, ruleFilters)
	out.Timeouts = r.timeouts()
	out.Retry = r.retry()
	out.Backends = r.backends(out.Filters.Redirect != nil)
	if r.rule.SessionPersistence != nil { //nolint:staticcheck // users still have it, and must be told that it does nothing
		r.advisef(ir.FieldIgnored, "sessionPersistence is not supported and has no effect: remove it")
	}
	if len(r.set.broken) > faults {
		messages := make([]string, 0, 1)
		for _, fault := range r.set.broken[faults:] {
			messages = append(messages, fault.message)
		}
		return config.Rule{
			Route: out.Route, Created: out.Created, Index: out.Index, Name: out.Name, Matches: out.Matches,
			Broken: strings.Join(messages, "; "),
		}
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
	for _, advice := range s.advice {
		out = append(out, r.problem(advice.code, "%s", sentences([]ruleFault{advice})))
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

// sentences joins the messages of faults, each with its rule.
func sentences(faults []ruleFault) string {
	parts := make([]string, 0, len(faults))
	for _, fault := range faults {
		parts = append(parts, fmt.Sprintf("rules[%d]: %s", fault.rule, fault.message))
	}
	return strings.Join(slices.Compact(parts), "; ")
}
