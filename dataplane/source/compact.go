package source

import "github.com/fleetgate/fleetgate/dataplane/config"

// compact takes out of a decoded chunk what it does not need: room for more hosts and pools, and
// copies of the same name.
func compact(c *config.Chunk) {
	c.Hosts, c.Pools = exact(c.Hosts), exact(c.Pools)
	names := make(map[string]string, 4*len(c.Pools))
	one := func(s *string) {
		if known, ok := names[*s]; ok {
			*s = known
			return
		}
		names[*s] = *s
	}
	for i := range c.Pools {
		p := &c.Pools[i]
		one(&p.Key)
		one(&p.Namespace)
		one(&p.PortName)
	}
	for h := range c.Hosts {
		one(&c.Hosts[h].Listener)
		rules := c.Hosts[h].Rules
		for r := range rules {
			one(&rules[r].Route)
			for m := range rules[r].Matches {
				match := &rules[r].Matches[m]
				one((*string)(&match.PathKind))
				for i := range match.Headers {
					one(&match.Headers[i].Name)
				}
			}
			for b := range rules[r].Backends {
				one(&rules[r].Backends[b].Pool)
			}
		}
	}
}

// exact gives a slice without room for more.
func exact[T any](list []T) []T {
	if cap(list) == len(list) {
		return list
	}
	return append(make([]T, 0, len(list)), list...)
}
