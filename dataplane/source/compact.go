package source

import "github.com/fleetgate/fleetgate/dataplane/config"

// compact takes out of a decoded chunk what it does not need: room for more hosts and pools, and
// copies of the same name.
func compact(c *config.Chunk) {
	c.Hosts, c.Pools = exact(c.Hosts), exact(c.Pools)
	known := make(names, 4*len(c.Pools))
	for i := range c.Pools {
		p := &c.Pools[i]
		known.one(&p.Key)
		known.one(&p.Namespace)
		known.one(&p.PortName)
	}
	for h := range c.Hosts {
		known.one(&c.Hosts[h].Listener)
		for r := range c.Hosts[h].Rules {
			known.rule(&c.Hosts[h].Rules[r])
		}
	}
}

// names are those that a chunk has, each once.
type names map[string]string

// one makes a name the one of its kind.
func (n names) one(s *string) {
	if known, ok := n[*s]; ok {
		*s = known
		return
	}
	n[*s] = *s
}

func (n names) rule(rule *config.Rule) {
	n.one(&rule.Route)
	for m := range rule.Matches {
		match := &rule.Matches[m]
		n.one((*string)(&match.PathKind))
		for i := range match.Headers {
			n.one(&match.Headers[i].Name)
		}
	}
	for b := range rule.Backends {
		n.one(&rule.Backends[b].Pool)
	}
}

// exact gives a slice without room for more.
func exact[T any](list []T) []T {
	if cap(list) == len(list) {
		return list
	}
	return append(make([]T, 0, len(list)), list...)
}
