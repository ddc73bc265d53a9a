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
func newPorts(root *config.Root, hosts map[string]*index[*host]) ports {
	changes := map[int32]map[string]listener{}
	for i := range root.Listeners {
		l := &root.Listeners[i]
		if l.Protocol == config.TCP || l.Protocol == config.UDP {
			continue
		}
		if changes[l.Port] == nil {
			changes[l.Port] = map[string]listener{}
		}
		named := listener{config: l, hosts: hosts[l.Name]}
		if l.Protocol == config.TLSProtocol {
			named.hosts = nil // they are not for requests
		}
		changes[l.Port][l.Hostname] = named
	}
	made := make(ports, 0, len(changes))
	for port, byHostname := range changes {
		var list []change[listener]
		for hostname, l := range byHostname {
			list = append(list, change[listener]{hostname: hostname, value: l})
		}
		made = append(made, portListeners{port: port, listeners: (*index[listener])(nil).with(list)})
	}
	slices.SortFunc(made, func(a, b portListeners) int { return cmp.Compare(a.port, b.port) })
	return made
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
