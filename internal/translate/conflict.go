package translate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fleetgate/fleetgate/internal/ir"
)

// socket is what listeners share: a port, of TCP or of UDP.
type socket struct {
	port int32
	udp  bool
}

func socketOf(listener *ir.Listener) socket {
	return socket{listener.Port, listener.Protocol == protocolUDP}
}

// address is a hostname on a socket.
type address struct {
	socket
	hostname string
}

// claims are who wants what, by index.
type claims struct {
	protocols map[socket]map[string][]int
	// last is the last one that wants an address, and before the one that wanted the same before it, or -1.
	last   map[address]int
	before map[int]int
}

// newClaims has room for so many addresses.
func newClaims(room int) *claims {
	return &claims{protocols: map[socket]map[string][]int{}, last: make(map[address]int, room), before: map[int]int{}}
}

func (c *claims) add(listener *ir.Listener, index int) {
	at := address{socketOf(listener), listener.Hostname}
	if c.protocols[at.socket] == nil {
		c.protocols[at.socket] = map[string][]int{}
	}
	c.protocols[at.socket][listener.Protocol] = append(c.protocols[at.socket][listener.Protocol], index)
	if other, taken := c.last[at]; taken {
		c.before[index] = other
	}
	c.last[at] = index
}

// named are those that want an address.
func (c *claims) named(at address) []int {
	var out []int
	for index, found := c.last[at]; found; index, found = c.before[index] {
		out = append(out, index)
	}
	return out
}

// excludes says that no two listeners of these protocols share a socket, whatever their hostnames are. HTTPS
// and TLS share one, since SNI tells them apart.
func excludes(a, b string) bool {
	if a == b {
		return a == protocolTCP || a == protocolUDP
	}
	shares := a == protocolHTTPS && b == protocolTLS || a == protocolTLS && b == protocolHTTPS
	return !shares
}

// conflicts marks listeners that are not distinct (Gateway API 1.7, "Distinct Listeners" and "Handling indistinct
// Listeners"). Those of the Gateway come before those of ListenerSets, and those of an older ListenerSet before
// those of a younger one: the later loses. Within one object none wins. A listener that lost takes nothing
// away from others.
func (c *gatewayContext) conflicts() {
	held := newClaims(len(c.declared))
	for from := 0; from < len(c.declared); {
		to := from
		for to < len(c.declared) && c.declared[to].tier == c.declared[from].tier {
			to++
		}
		var standing []int
		for i := from; i < to; i++ {
			if c.carries(c.out.Listeners[i].Protocol) && !c.conflict(i, held) {
				standing = append(standing, i)
			}
		}
		c.among(standing)
		for _, i := range standing {
			held.add(&c.out.Listeners[i], i)
		}
		from = to
	}
}

// among marks listeners of one object that are not distinct from each other.
func (c *gatewayContext) among(indexes []int) {
	if len(indexes) < 2 {
		return
	}
	fresh := newClaims(len(indexes))
	for _, i := range indexes {
		fresh.add(&c.out.Listeners[i], i)
	}
	for _, i := range indexes {
		c.conflict(i, fresh)
	}
}

// conflict tells of listeners among others that this one is not distinct from, and says whether there are any.
func (c *gatewayContext) conflict(i int, others *claims) bool {
	l := c.at(i)
	at := address{socketOf(l.made), l.made.Hostname}
	var alike, unlike, named []int
	for protocol, indexes := range others.protocols[at.socket] {
		switch {
		case !excludes(protocol, l.made.Protocol):
		case protocol == l.made.Protocol:
			alike = append(alike, indexes...)
		default:
			unlike = append(unlike, indexes...)
		}
	}
	for _, j := range others.named(at) {
		switch protocol := c.out.Listeners[j].Protocol; {
		case excludes(protocol, l.made.Protocol):
		case protocol == l.made.Protocol:
			named = append(named, j)
		default: // HTTPS and TLS for one name
			unlike = append(unlike, j)
		}
	}
	return l.tell(i, alike, unlike, named)
}

// tell makes Problems of what others have too.
func (l *listenerContext) tell(i int, alike, unlike, named []int) bool {
	same := func(j int) bool { return j == i }
	alike, named = slices.DeleteFunc(alike, same), slices.DeleteFunc(named, same)
	if len(unlike) > 0 {
		l.refusef(ir.ProtocolConflict, "port %d has protocol %s here and another in %s: give each protocol a port of its own",
			l.made.Port, l.made.Protocol, l.others(unlike))
	}
	if len(alike) > 0 {
		l.refusef(ir.ProtocolConflict, "port %d has protocol %s here and in %s, and hostnames do not tell them apart: give each listener a port of its own",
			l.made.Port, l.made.Protocol, l.others(alike))
	}
	if len(named) > 0 {
		l.refusef(ir.HostnameConflict, "port %d has %s here and in %s: keep one of them, or change a hostname",
			l.made.Port, orAnyHostname(l.made.Hostname), l.others(named))
	}
	return len(alike)+len(unlike)+len(named) > 0
}

// mostNamed is how many listeners a message names.
const mostNamed = 8

// others names listeners, as far as the owner of this one may know of them: ListenerSets learn nothing of each other.
func (l *listenerContext) others(indexes []int) string {
	slices.Sort(indexes)
	var names []string
	hidden := false
	for _, j := range slices.Compact(indexes) {
		other := &l.out.Listeners[j]
		switch {
		case l.made.Set == "" || other.Set == l.made.Set:
			names = append(names, other.Name)
		case other.Set == "":
			names = append(names, fmt.Sprintf("%s of Gateway %s", other.Name, l.name))
		default:
			hidden = true
		}
	}
	more := ""
	if len(names) > mostNamed {
		more = fmt.Sprintf(" and %d more", len(names)-mostNamed)
		names = names[:mostNamed]
	}
	text := "listener " + strings.Join(names, ", ") + more
	switch {
	case len(names) == 0:
		return "a listener of another ListenerSet"
	case hidden:
		return text + ", and in a listener of another ListenerSet"
	}
	return text
}

// overlaps names, for every listener with TLS, those on its port whose hostnames overlap with its own
// (GEP-3567): clients may reuse a connection of one for the other.
func (c *gatewayContext) overlaps() {
	type name struct {
		port     int32
		hostname string
	}
	byName := map[name][]int{}
	for i := range c.out.Listeners {
		if listener := &c.out.Listeners[i]; c.withTLS(listener) {
			at := name{listener.Port, listener.Hostname}
			byName[at] = append(byName[at], i)
		}
	}
	found := map[int][]int{}
	for i := range c.out.Listeners {
		listener := &c.out.Listeners[i]
		if !c.withTLS(listener) {
			continue
		}
		for _, wider := range widerThan(listener.Hostname) {
			for _, j := range byName[name{listener.Port, wider}] {
				found[i], found[j] = append(found[i], j), append(found[j], i)
			}
		}
	}
	for i, others := range found {
		c.out.Listeners[i].Overlapping = strings.TrimPrefix(c.at(i).others(others), "listener ")
	}
}

// withTLS says whether a listener is one of TLS that fronts carry.
func (c *gatewayContext) withTLS(listener *ir.Listener) bool {
	return (listener.Protocol == protocolHTTPS || listener.Protocol == protocolTLS) && c.carries(listener.Protocol)
}

// widerThan are all hostnames, other than the given one, that every name of it matches.
func widerThan(hostname string) []string {
	if hostname == "" {
		return nil
	}
	var out []string
	for rest := strings.TrimPrefix(hostname, wildcard); ; {
		_, parent, found := strings.Cut(rest, ".")
		if !found {
			return append(out, "")
		}
		out = append(out, wildcard+parent)
		rest = parent
	}
}
