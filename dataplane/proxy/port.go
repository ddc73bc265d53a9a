package proxy

import (
	"errors"
	"fmt"
	"net/netip"
	"reflect"

	"github.com/fleetgate/fleetgate/dataplane/config"
)

// port is what counts for a connection before it is known which listener it is for.
type port struct {
	// header says that connections begin with a PROXY header.
	header bool
	// from are networks whose headers are believed: a peer has to be in each of these lists.
	from [][]netip.Prefix
	// passthrough says that some listener does not end TLS.
	passthrough bool
}

// setListeners adds to a state what its root says of listeners. The errors name what does not work; that is
// served in the stricter way.
func (p *Proxy) setListeners(s, before *state) []error {
	root := &s.snapshot.Root
	if before != nil && reflect.DeepEqual(before.snapshot.Root.Listeners, root.Listeners) {
		s.listeners, s.endings, s.ports, s.listenerErrs = before.listeners, before.endings, before.ports, before.listenerErrs
		return s.listenerErrs
	}
	s.endings, s.listenerErrs = p.endings(before, root)
	s.listeners, s.ports = map[string]*config.Listener{}, map[int32]*port{}
	first := map[int32]*config.Listener{}
	for i := range root.Listeners {
		l := &root.Listeners[i]
		s.listeners[l.Name] = l
		if first[l.Port] == nil {
			first[l.Port], s.ports[l.Port] = l, &port{}
		}
		if err := s.ports[l.Port].add(l, first[l.Port]); err != nil {
			s.listenerErrs = append(s.listenerErrs, err)
		}
	}
	return s.listenerErrs
}

// add takes a listener of the port. first is the first one, by which disagreement is seen.
func (p *port) add(l, first *config.Listener) error {
	var errs []error
	if !sameHeader(l.ProxyProtocol, first.ProxyProtocol) {
		errs = append(errs, fmt.Errorf("listeners %s and %s of port %d do not agree on the PROXY protocol: "+
			"connections need what either asks for", first.Name, l.Name, l.Port))
	}
	if l.ProxyProtocol != nil {
		p.header = true
		networks, err := parseTrusted(l.ProxyProtocol.From)
		if err != nil {
			errs = append(errs, fmt.Errorf("listener %s: networks of the PROXY protocol: %w", l.Name, err))
		}
		if len(l.ProxyProtocol.From) > 0 {
			p.from = append(p.from, networks)
		}
	}
	passed := l.TLS != nil && l.TLS.Passthrough
	p.passthrough = p.passthrough || passed
	if passed != (l.Protocol == config.TLSProtocol) {
		errs = append(errs, fmt.Errorf("listener %s: protocol %s and passthrough belong together", l.Name, config.TLSProtocol))
	}
	return errors.Join(errs...)
}

func sameHeader(a, b *config.ProxyProtocol) bool {
	if a == nil || b == nil {
		return a == b
	}
	return reflect.DeepEqual(append([]string{}, a.From...), append([]string{}, b.From...))
}

// believes says whether a PROXY header of a peer is believed.
func (p *port) believes(peer netip.Addr) bool {
	for _, networks := range p.from {
		if !contain(networks, peer) {
			return false
		}
	}
	return true
}

func contain(networks []netip.Prefix, address netip.Addr) bool {
	for _, network := range networks {
		if network.Contains(address) {
			return true
		}
	}
	return false
}
