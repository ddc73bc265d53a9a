package router

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/fleetgate/fleetgate/dataplane/config"
)

// host is all rules of one hostname on one listener, by tier.
type host struct {
	tiers []*paths
}

// paths is the rules of one tier, by path.
type paths struct {
	exact   map[string][]entry
	tree    node
	regexes []entry
}

// newHost builds a host from its parts, whatever chunks they came from.
func newHost(parts []*config.Host, attach func(*config.Rule) any) (*host, []error) {
	parts = slices.Clone(parts)
	slices.SortStableFunc(parts, func(a, b *config.Host) int { return cmp.Compare(a.Tier, b.Tier) })
	built := &host{}
	var errs []error
	for i, part := range parts {
		if i == 0 || part.Tier != parts[i-1].Tier {
			built.tiers = append(built.tiers, &paths{})
		}
		tier := built.tiers[len(built.tiers)-1]
		for r := range part.Rules {
			errs = append(errs, tier.add(&part.Rules[r], attach)...)
		}
	}
	for _, tier := range built.tiers {
		tier.finish()
	}
	return built, errs
}

func (p *paths) add(rule *config.Rule, attach func(*config.Rule) any) (errs []error) {
	compiled := &Rule{Config: rule}
	if attach != nil {
		compiled.Value = attach(rule)
	}
	for i := range rule.Matches {
		e, err := newEntry(compiled, i, &rule.Matches[i])
		if err != nil {
			errs = append(errs, fmt.Errorf("route %s rule %d match %d never applies: %w", rule.Route, rule.Index, i, err))
			continue
		}
		switch rule.Matches[i].PathKind {
		case config.PathExact:
			if p.exact == nil {
				p.exact = map[string][]entry{}
			}
			p.exact[e.path] = append(p.exact[e.path], e)
		case config.PathPrefix:
			p.tree.insert(e)
		case config.PathRegex:
			p.regexes = append(p.regexes, e)
		}
	}
	return errs
}

func (p *paths) finish() {
	for _, entries := range p.exact {
		sortEntries(entries)
	}
	p.tree.finish(nil)
	slices.SortStableFunc(p.regexes, byExpression)
}

// find gives the best match of the request in any tier.
func (h *host) find(req *Request) (*Rule, string, bool) {
	for _, tier := range h.tiers {
		if rule, prefix, ok := tier.find(req); ok {
			return rule, prefix, true
		}
	}
	return nil, "", false
}

func (p *paths) find(req *Request) (*Rule, string, bool) {
	if p.exact != nil {
		if e := first(p.exact[req.Path], req); e != nil {
			return e.rule, "", true
		}
	}
	for i := range p.regexes {
		if p.regexes[i].fitsPath(req.Path) && p.regexes[i].fits(req) {
			return p.regexes[i].rule, "", true
		}
	}
	for n := p.tree.find(req.Path); n != nil; n = n.up {
		if e := first(n.entries, req); e != nil {
			return e.rule, n.slashed(), true
		}
	}
	return nil, "", false
}

// slashed is the prefix of the node as Result tells it.
func (n *node) slashed() string {
	if n.prefix == "" {
		return "/"
	}
	return n.prefix
}

func first(entries []entry, req *Request) *entry {
	for i := range entries {
		if entries[i].fits(req) {
			return &entries[i]
		}
	}
	return nil
}
