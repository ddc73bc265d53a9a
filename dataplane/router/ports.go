package router

import (
	"cmp"
	"slices"

	"github.com/fleetgate/fleetgate/dataplane/config"
)

// ports are the listeners by their port, in order of it.
type ports []portListeners

type portListeners struct {
	port      int32
	listeners *index[listener]
}

// listener is a listener with the hosts that it has; both may be nil.
type listener struct {
	config *config.Listener
	hosts  *index[*host]
}

// newPorts makes the index of a root's listeners, but for those of TCP and UDP, which no name leads to. Of listeners with equal port and hostname, which
// the operator does not write, the last one counts.
func newPorts(root *config.Root, hosts *registry[*index[*host]]) ports {
	changes := map[int32]map[string]listener{}
	for i := range root.Listeners {
		l := &root.Listeners[i]
		if l.Protocol == config.TCP || l.Protocol == config.UDP {
			continue
		}
		if changes[l.Port] == nil {
			changes[l.Port] = map[string]listener{}
		}
		changes[l.Port][l.Hostname] = newListener(l, hosts.named(l.Name))
	}
	made := make(ports, 0, len(changes))
	for port, byHostname := range changes {
		var list []change[listener]
		for hostname, l := range byHostname {
			list = append(list, change[listener]{name: hostname, value: l})
		}
		made = append(made, portListeners{port: port, listeners: (*index[listener])(nil).with(list)})
	}
	slices.SortFunc(made, func(a, b portListeners) int { return cmp.Compare(a.port, b.port) })
	return made
}

func newListener(l *config.Listener, hosts *index[*host]) listener {
	if l.Protocol == config.TLSProtocol {
		hosts = nil // they are not for requests
	}
	return listener{config: l, hosts: hosts}
}

// with gives the index with other hosts for some of the listeners, which are in a map of all by name.
func (p ports) with(changes []change[*index[*host]], all map[string]*config.Listener) ports {
	byPort := map[int32][]change[listener]{}
	for _, c := range changes {
		if l := all[c.name]; l != nil && p.counts(l) {
			byPort[l.Port] = append(byPort[l.Port], change[listener]{name: l.Hostname, value: newListener(l, c.value)})
		}
	}
	next := slices.Clone(p)
	for i := range next {
		if list := byPort[next[i].port]; len(list) > 0 {
			next[i].listeners = next[i].listeners.with(list)
		}
	}
	return next
}

// counts says whether a listener is the one of its port and hostname.
func (p ports) counts(l *config.Listener) bool {
	for i := range p {
		if p[i].port == l.Port {
			known, ok := p[i].listeners.exactly(l.Hostname)
			return ok && known.config == l
		}
	}
	return false
}

// find gives the most specific listener of a port for a hostname with its hash.
func (p ports) find(port int32, hostname string, hash uint64) listener {
	for i := range p {
		if p[i].port == port {
			var at cursor
			found, _ := p[i].listeners.next(hostname, hash, &at)
			return found
		}
	}
	return listener{}
}
