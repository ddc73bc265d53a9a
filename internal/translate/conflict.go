package translate

import (
	"strings"

	"github.com/fleetgate/fleetgate/internal/ir"
)

// conflicts marks listeners that are not distinct: one port with two protocols, or with one hostname twice.
// None of them wins (Gateway API 1.7, "Handling indistinct Listeners").
func (c *gatewayContext) conflicts() {
	for i := range c.out.Listeners {
		mine := &c.out.Listeners[i]
		if !known(mine.Protocol) {
			continue
		}
		var protocols, hostnames []string
		for j := range c.out.Listeners {
			other := &c.out.Listeners[j]
			switch {
			case i == j || other.Port != mine.Port || !known(other.Protocol):
			case other.Protocol != mine.Protocol:
				protocols = append(protocols, other.Name)
			case other.Hostname == mine.Hostname:
				hostnames = append(hostnames, other.Name)
			}
		}
		l := &listenerContext{gatewayContext: c, made: mine}
		if len(protocols) > 0 {
			l.refusef(ir.ProtocolConflict, "port %d has protocol %s here and another in listener %s: give each protocol a port of its own",
				mine.Port, mine.Protocol, strings.Join(protocols, ", "))
		}
		if len(hostnames) > 0 {
			l.refusef(ir.HostnameConflict, "port %d has %s here and in listener %s: keep one of them, or change a hostname",
				mine.Port, orAnyHostname(mine.Hostname), strings.Join(hostnames, ", "))
		}
	}
}

func known(protocol string) bool { return protocol == protocolHTTP || protocol == protocolHTTPS }

// overlaps names, for every HTTPS listener, those on its port whose hostnames overlap with its own
// (GEP-3567): clients may reuse a connection of one for the other.
func (c *gatewayContext) overlaps() {
	for i := range c.out.Listeners {
		mine := &c.out.Listeners[i]
		var names []string
		for j := range c.out.Listeners {
			other := &c.out.Listeners[j]
			if i == j || mine.Protocol != protocolHTTPS || other.Protocol != protocolHTTPS || other.Port != mine.Port {
				continue
			}
			if other.Hostname == mine.Hostname {
				continue // a conflict, told as one
			}
			if _, overlap := intersect(mine.Hostname, other.Hostname); overlap {
				names = append(names, other.Name)
			}
		}
		mine.Overlapping = strings.Join(names, ", ")
	}
}
