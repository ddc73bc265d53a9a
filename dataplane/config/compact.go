package config

// names are those that fresh pieces of a chunk have, so that of equal ones one copy is kept.
type names struct {
	known map[string]string
	// before has the names of the pieces that stay. Few are fresh, so that it is searched and not indexed.
	before *Chunk
}

// one makes a name the one of its kind.
func (n names) one(s *string) {
	known, ok := n.known[*s]
	if !ok {
		known = n.before.name(*s)
		n.known[known] = known
	}
	*s = known
}

// name is the copy of a name that the chunk has, or s.
func (c *Chunk) name(s string) string {
	for i := range c.Pools {
		switch p := &c.Pools[i]; s {
		case p.Key:
			return p.Key
		case p.Namespace:
			return p.Namespace
		case p.PortName:
			return p.PortName
		}
	}
	for i := range c.Hosts {
		h := &c.Hosts[i]
		if h.Listener == s {
			return h.Listener
		}
		for r := range h.Rules {
			if h.Rules[r].Route == s {
				return h.Rules[r].Route
			}
		}
	}
	return s
}

func (n names) pool(p *Pool) {
	n.one(&p.Key)
	n.one(&p.Namespace)
	n.one(&p.PortName)
}

func (n names) host(h *Host) {
	n.one(&h.Listener)
	for i := range h.Rules {
		n.rule(&h.Rules[i])
	}
}

func (n names) rule(rule *Rule) {
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
