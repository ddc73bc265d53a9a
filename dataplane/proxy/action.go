package proxy

import (
	"reflect"
	"strconv"
	"sync/atomic"

	"github.com/fleetgate/fleetgate/dataplane/balance"
	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/dataplane/filter"
)

// action is what the proxy keeps for a rule: its splits and samples go on where they were, however
// often the rule's host is rebuilt and under however many hosts it is.
type action struct {
	rule    *config.Rule
	split   *balance.Weighted                 // nil for the only backend of a rule
	samples map[*config.Mirror]*filter.Sample // nil without mirrors
	session *session                          // nil without
	cors    *filter.CORS                      // nil without
	// series are what the observer gave for requests that got no backend, and for each backend; nil
	// before the first request.
	series atomic.Pointer[[]atomic.Pointer[any]]
}

// route is what the configuration in force has of a route.
type route struct {
	rules   int // how often a host has one of them
	actions []*action
}

// attach gives the action of a rule. It is called while a configuration is applied, by one goroutine at a time.
func (p *Proxy) attach(rule *config.Rule) any {
	r := p.routes[rule.Route]
	if r == nil {
		r = &route{}
		p.routes[rule.Route] = r
	}
	place := 0
	for place < len(r.actions) && r.actions[place].rule.Index != rule.Index {
		place++
	}
	if place == len(r.actions) {
		r.actions = append(r.actions, nil)
	} else if known := r.actions[place]; known.rule == rule || reflect.DeepEqual(known.rule, rule) {
		return known
	}
	r.actions[place] = newAction(rule)
	return r.actions[place]
}

func newAction(rule *config.Rule) *action {
	a := &action{rule: rule}
	weights := make([]int32, len(rule.Backends))
	for i := range rule.Backends {
		weights[i] = rule.Backends[i].Weight
		a.sample(rule.Backends[i].Filters.Mirrors)
	}
	a.sample(rule.Filters.Mirrors)
	a.session = newSession(rule, a.name())
	if rule.Filters.CORS != nil {
		a.cors = filter.NewCORS(rule.Filters.CORS)
	}
	if len(weights) != 1 || weights[0] <= 0 {
		a.split = balance.NewWeighted(weights)
	}
	return a
}

// next gives the number of the backend whose turn it is, -1 when none may get requests.
func (a *action) next() int {
	if a.split == nil {
		return 0
	}
	return a.split.Next()
}

// name is the rule's name, or its number.
func (a *action) name() string {
	if a.rule.Name != "" {
		return a.rule.Name
	}
	return strconv.Itoa(a.rule.Index) // which allocates nothing below 100
}

func (a *action) sample(mirrors []config.Mirror) {
	for i := range mirrors {
		if a.samples == nil {
			a.samples = map[*config.Mirror]*filter.Sample{}
		}
		a.samples[&mirrors[i]] = filter.NewSample(mirrors[i].Numerator, mirrors[i].Denominator)
	}
}

// seriesOf gives the observer's series for a backend of the rule; -1 is for requests that got none.
func (a *action) seriesOf(observer Observer, backend int) any {
	all := a.series.Load()
	if all == nil {
		none := make([]atomic.Pointer[any], 1+len(a.rule.Backends))
		a.series.CompareAndSwap(nil, &none)
		all = a.series.Load()
	}
	slot := &(*all)[1+backend]
	if known := slot.Load(); known != nil {
		return *known
	}
	name := ""
	if backend >= 0 {
		name = a.rule.Backends[backend].Pool
	}
	made := observer.Series(a.rule.Route, name)
	slot.Store(&made)
	return made
}
