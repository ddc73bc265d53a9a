package proxy

import (
	"reflect"
	"strconv"

	"github.com/fleetgate/fleetgate/dataplane/balance"
	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/dataplane/filter"
)

// action is what the proxy keeps for a rule: its splits and samples go on where they were, however
// often the rule's host is rebuilt and under however many hosts it is.
type action struct {
	rule    *config.Rule
	name    string
	split   *balance.Weighted
	samples map[*config.Mirror]*filter.Sample
}

type actionKey struct {
	route string
	index int
}

// attach gives the action of a rule. It is called while a configuration is applied, by one goroutine at a time.
func (p *Proxy) attach(rule *config.Rule) any {
	key := actionKey{rule.Route, rule.Index}
	if known := p.actions[key]; known != nil && (known.rule == rule || reflect.DeepEqual(known.rule, rule)) {
		return known
	}
	a := &action{rule: rule, name: rule.Name, samples: map[*config.Mirror]*filter.Sample{}}
	if a.name == "" {
		a.name = strconv.Itoa(rule.Index)
	}
	weights := make([]int32, len(rule.Backends))
	for i := range rule.Backends {
		weights[i] = rule.Backends[i].Weight
		a.sample(rule.Backends[i].Filters.Mirrors)
	}
	a.sample(rule.Filters.Mirrors)
	a.split = balance.NewWeighted(weights)
	p.actions[key] = a
	return a
}

func (a *action) sample(mirrors []config.Mirror) {
	for i := range mirrors {
		a.samples[&mirrors[i]] = filter.NewSample(mirrors[i].Numerator, mirrors[i].Denominator)
	}
}

// routesOf lists the routes of a configuration, and forgets the actions of rules that are gone.
func (p *Proxy) routesOf(chunks []config.Chunk) map[string]bool {
	routes := map[string]bool{}
	for c := range chunks {
		for h := range chunks[c].Hosts {
			for r := range chunks[c].Hosts[h].Rules {
				routes[chunks[c].Hosts[h].Rules[r].Route] = true
			}
		}
	}
	for key := range p.actions {
		if !routes[key.route] {
			delete(p.actions, key)
		}
	}
	return routes
}
