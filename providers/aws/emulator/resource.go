package emulator

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"
)

// Resource is one thing that calls have made, for tests that must find exactly one of everything, or nothing.
type Resource struct {
	// Kind is AWS's word with hyphens: load-balancer, target-group, listener, security-group,
	// security-group-rule (only of groups that no call made), certificate, web-acl.
	Kind    string            `json:"kind"`
	ID      string            `json:"id"`
	Name    string            `json:"name,omitempty"`
	Account string            `json:"account"`
	Region  string            `json:"region"`
	State   string            `json:"state,omitempty"`
	Tags    map[string]string `json:"tags,omitempty"`
	// Spec is the resource as the emulator keeps it, without secrets.
	Spec json.RawMessage `json:"spec"`
}

// Resources are the resources that calls have made, sorted. What was there before the first call is left out,
// and so are interfaces, which come and go with their load balancer.
func (s *Server) Resources() []Resource {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	out := []Resource{}
	for _, r := range ordered(s.state.Regions) {
		mine := append(r.frontResources(now), r.otherResources()...)
		for i := range mine {
			mine[i].Account, mine[i].Region = r.Account, r.Name
			mine[i].Tags = maps.Clone(mine[i].Tags)
		}
		out = append(out, mine...)
	}
	slices.SortStableFunc(out, func(a, b Resource) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.ID, b.ID))
	})
	return out
}

func (r *region) frontResources(now time.Time) []Resource {
	var out []Resource
	for _, lb := range r.LoadBalancers {
		out = append(out, Resource{Kind: "load-balancer", ID: lb.ARN, Name: lb.Name, State: lb.state(now), Tags: lb.Tags, Spec: dump(lb)})
	}
	for _, tg := range r.TargetGroups {
		out = append(out, Resource{Kind: "target-group", ID: tg.ARN, Name: tg.Name, Tags: tg.Tags, Spec: dump(tg)})
	}
	for _, l := range r.Listeners {
		out = append(out, Resource{Kind: "listener", ID: l.ARN, Tags: l.Tags, Spec: dump(l)})
	}
	return out
}

func (r *region) otherResources() []Resource {
	var out []Resource
	for _, g := range r.Groups {
		if !g.Seeded {
			out = append(out, Resource{Kind: "security-group", ID: g.ID, Name: g.Name, Tags: g.Tags, Spec: dump(g)})
			continue
		}
		for _, rule := range g.Rules {
			if !rule.Seeded {
				out = append(out, Resource{Kind: "security-group-rule", ID: rule.ID, Name: g.ID, Tags: rule.Tags, Spec: dump(rule)})
			}
		}
	}
	for _, c := range r.Certificates {
		shown := *c
		shown.Key = "" // a dump is read by people and kept in logs
		out = append(out, Resource{Kind: "certificate", ID: c.ARN, Name: c.Domain, Tags: c.Tags, Spec: dump(shown)})
	}
	for _, acl := range r.WebACLs {
		out = append(out, Resource{Kind: "web-acl", ID: acl.ARN, Name: acl.Name, Tags: acl.Tags, Spec: dump(acl)})
	}
	return out
}

// dump is the resource as it is now: what is returned must not change under the reader's hands.
func dump(v any) json.RawMessage {
	raw, err := json.Marshal(v)
	if err != nil {
		return json.RawMessage(`null`) // the state is made of types that marshal
	}
	return raw
}

// Count is how many resources of each kind calls have made.
func (s *Server) Count() map[string]int {
	out := map[string]int{}
	for _, r := range s.Resources() {
		out[r.Kind]++
	}
	return out
}

// Resolve is the address behind a load balancer's DNS name. A load balancer that is not active yet has none.
func (s *Server) Resolve(dnsName string) (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	for _, r := range s.state.Regions {
		for _, lb := range r.LoadBalancers {
			if strings.EqualFold(lb.DNSName, strings.TrimSuffix(dnsName, ".")) && lb.state(now) == "active" {
				return lb.Address, true
			}
		}
	}
	return "", false
}
