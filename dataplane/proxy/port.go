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
	// stream says that some listener is one of TCP or of what runs on it, and http3 that some listener has HTTP/3.
	stream, http3 bool
	// secure says that connections are of TLS, passthrough that some listener does not end it, and ended that
	// some listener ends it and passes on what is within.
	secure, passthrough, ended bool
	// tcp is whose all connections are, and udp whose all datagrams are; nil if they are told apart, or nobody's.
	tcp, udp *config.Listener
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
		if s.ports[l.Port] == nil {
			s.ports[l.Port] = &port{}
		}
		var err error
		if l.Protocol == config.UDP {
			err = s.ports[l.Port].addUDP(l)
		} else {
			if first[l.Port] == nil {
				first[l.Port] = l
			}
			err = s.ports[l.Port].add(l, first[l.Port])
		}
		if err != nil {
			s.listenerErrs = append(s.listenerErrs, err)
		}
	}
	return s.listenerErrs
}

// add takes a listener of the port that is not one of UDP. first is the first one, by which disagreement is seen.
func (p *port) add(l, first *config.Listener) error {
	if l != first && (l.Protocol == config.TCP || first.Protocol == config.TCP) {
		return fmt.Errorf("listener %s is not served: a listener of TCP has a port for itself, and %s has port %d", l.Name, first.Name, l.Port)
	}
	p.stream = true
	passed := l.TLS != nil && l.TLS.Passthrough
	p.secure = p.secure || l.TLS != nil || l.Protocol == config.TLSProtocol
	p.passthrough = p.passthrough || passed
	p.ended = p.ended || l.Protocol == config.TLSProtocol && !passed
	if l.Protocol == config.TCP {
		p.tcp = l
	}
	errs := []error{p.addHeader(l, first), checkTLS(l)}
	if servesHTTP3(l) {
		if p.http3 = true; p.udp != nil {
			errs = append(errs, sharesUDP(p.udp))
			p.udp = nil
		}
	}
	return errors.Join(errs...)
}

// checkTLS says what does not belong together.
func checkTLS(l *config.Listener) error {
	switch {
	case l.Protocol == config.TLSProtocol && l.TLS == nil:
		return fmt.Errorf("listener %s: connections of protocol %s that come without it cannot be told apart", l.Name, l.Protocol)
	case l.Protocol == config.TCP && l.TLS != nil:
		return fmt.Errorf("listener %s: TLS is for protocols HTTPS and TLS, not for %s: no connection is taken", l.Name, l.Protocol)
	case l.Protocol != config.TLSProtocol && l.TLS != nil && l.TLS.Passthrough:
		return fmt.Errorf("listener %s: only protocol %s passes TLS through", l.Name, config.TLSProtocol)
	}
	return nil
}

// addHeader notes what a listener wants of the PROXY protocol.
func (p *port) addHeader(l, first *config.Listener) error {
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
	return errors.Join(errs...)
}

// addUDP takes a listener of UDP.
func (p *port) addUDP(l *config.Listener) error {
	switch {
	case p.udp != nil:
		return fmt.Errorf("listener %s is not served: a listener of UDP has a port for itself, and %s has port %d", l.Name, p.udp.Name, l.Port)
	case p.http3:
		return sharesUDP(l)
	case l.ProxyProtocol != nil:
		return fmt.Errorf("listener %s is not served: there is no PROXY protocol for UDP", l.Name)
	}
	p.udp = l
	return nil
}

// sharesUDP is the fault of a listener of UDP on a port with HTTP/3, of whose listeners clients may have been told.
func sharesUDP(l *config.Listener) error {
	return fmt.Errorf("listener %s is not served: HTTP/3 has the UDP port %d", l.Name, l.Port)
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
