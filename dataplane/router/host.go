package router

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/fleetgate/fleetgate/dataplane/config"
)

// host is all rules of one hostname on one listener.
type host struct {
	paths
	// parts are where the rules came from, by chunk.
	parts []part
}

// part is the rules that one chunk has for a host, or one tier of them.
type part struct {
	// rules are kept without the config.Host that has them, which would keep its whole chunk.
	rules []config.Rule
	chunk int32
	tier  int32
}

// paths is the rules of one tier of a host.
type paths struct {
	tree
	expressions *expressions
	methods     methods
	// next is the tier that is asked when no rule of this one matches.
	next *paths
}

// builder makes hosts, and remembers what they can share.
type builder struct {
	attach func(*config.Rule) any
	pause  func()
	// compiled are the expressions that were met, by their text.
	compiled map[string]*expression
	errs     []error
	// drafts and plants are used again for each tier.
	drafts []draft
	plants []plant
}

// draft is one match of a rule on its way into paths.
type draft struct {
	entry

	kind config.PathKind
	// path is in normal form, a prefix without its trailing slash; a method; the text of a regular expression.
	path string
	// order is the match's number in the rule, place its number among all.
	order, place int
}

// host builds a host from its parts, whatever chunks they came from.
func (b *builder) host(parts []part) *host {
	built := &host{parts: parts}
	tiers := parts
	if len(parts) > 1 {
		tiers = slices.Clone(parts)
		slices.SortStableFunc(tiers, func(x, y part) int { return cmp.Compare(x.tier, y.tier) })
	}
	at := &built.paths
	for len(tiers) > 0 {
		n := 1
		for n < len(tiers) && tiers[n].tier == tiers[0].tier {
			n++
		}
		b.paths(at, tiers[:n])
		if tiers = tiers[n:]; len(tiers) > 0 {
			at.next = &paths{}
			at = at.next
		}
	}
	return built
}

// paths fills in what the parts of one tier say.
func (b *builder) paths(p *paths, parts []part) {
	size := 0
	for i := range parts {
		size += len(parts[i].rules)
	}
	rules := make([]Rule, 0, size)
	b.drafts = b.drafts[:0]
	for i := range parts {
		for r := range parts[i].rules {
			rules = append(rules, Rule{Config: &parts[i].rules[r]})
			b.rule(&rules[len(rules)-1])
			if len(rules)%100 == 0 {
				b.pause()
			}
		}
	}
	slices.SortFunc(b.drafts, byPath)
	inTree, _ := slices.BinarySearchFunc(b.drafts, 1, func(c draft, order int) int { return kindOrder(c.kind) - order })
	plain, _ := slices.BinarySearchFunc(b.drafts, 2, func(c draft, order int) int { return kindOrder(c.kind) - order })
	p.tree = b.tree(b.drafts[:inTree])
	p.methods = newMethods(b.drafts[inTree:plain])
	p.expressions = b.expressions(b.drafts[plain:])
	clear(b.drafts) // so that nothing of a host outlives it
}

// rule makes drafts of the matches of a rule.
func (b *builder) rule(rule *Rule) {
	if b.attach != nil {
		rule.Value = b.attach(rule.Config)
	}
	for i := range rule.Config.Matches {
		c, err := b.draft(rule, i)
		if err != nil {
			b.errs = append(b.errs, fmt.Errorf("route %s rule %d match %d never applies: %w", rule.Config.Route, rule.Config.Index, i, err))
			continue
		}
		c.place = len(b.drafts)
		b.drafts = append(b.drafts, c)
	}
}

// find gives the best match of the request in any tier.
func (h *host) find(req *Request) (*Rule, string, bool) {
	for p := &h.paths; p != nil; p = p.next {
		if rule, prefix, ok := p.find(req); ok {
			return rule, prefix, true
		}
	}
	return nil, "", false
}

func (p *paths) find(req *Request) (*Rule, string, bool) {
	at, whole := p.walk(req.Path)
	if whole {
		if e := first(p.exact(at), req); e != nil {
			return e.rule, "", true
		}
	}
	if p.expressions != nil {
		if e, _ := p.expressions.find(req); e != nil {
			return e.rule, "", true
		}
	}
	for ; at > 0; at = p.nodes[at].up {
		if e := first(p.prefixed(at), req); e != nil {
			return e.rule, p.nodes[at].slashed(), true
		}
	}
	if p.methods != nil {
		if e := first(p.methods.of(req.Path), req); e != nil {
			return e.rule, "", true
		}
	}
	if at == 0 {
		if e := first(p.prefixed(0), req); e != nil {
			return e.rule, "/", true
		}
	}
	return nil, "", false
}

func first(entries []entry, req *Request) *entry {
	for i := range entries {
		if entries[i].fits(req) {
			return &entries[i]
		}
	}
	return nil
}
