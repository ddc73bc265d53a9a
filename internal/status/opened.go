package status

import (
	"slices"

	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/world"
)

// opened says whether the front has what those of the listeners rest on that serve. says tells whether the status of their object says
// that it is programmed, which is the best that is known of a front that was not looked at.
func (m *moment) opened(listeners []ir.Listener, says func() bool) bool {
	switch {
	case m.front.Remembered:
		return says()
	case m.front.Ports == nil:
		return true
	}
	return !slices.ContainsFunc(listeners, func(l ir.Listener) bool { return l.Serves && !m.open(&l) })
}

// open says whether the front has the port of a listener, as it is wanted now, and there all of the certificates that the listener asks for.
func (m *moment) open(l *ir.Listener) bool {
	udp := l.Protocol == string(ir.FrontUDP)
	wanted := slices.IndexFunc(m.g.Front.Ports, func(p ir.FrontPort) bool {
		return p.Port == l.Port && (p.Protocol == ir.FrontUDP) == udp
	})
	if wanted < 0 {
		return true
	}
	want := &m.g.Front.Ports[wanted]
	made := slices.IndexFunc(m.front.Ports, func(p world.FrontPort) bool { return p.Port == want.Port && p.Protocol == want.Protocol })
	return made >= 0 && holds(&m.front.Ports[made], want, l)
}

// holds says whether a port has the certificates of a listener, or was made for its wish that they are found.
func holds(made *world.FrontPort, want *ir.FrontPort, l *ir.Listener) bool {
	if len(want.Certificates)+len(want.DiscoverHostnames) == 0 {
		return true
	}
	for _, certificate := range l.Certificates {
		if _, found := slices.BinarySearch(made.Secrets, certificate.Secret); !found {
			return false
		}
	}
	return !slices.ContainsFunc(want.DiscoverHostnames, func(d ir.DiscoverHostname) bool {
		return d.Listener == l.Name && !slices.Contains(made.Discovered, d)
	})
}
