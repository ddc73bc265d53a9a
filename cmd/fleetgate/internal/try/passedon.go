package try

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/internal/ir"
)

// greeting is what is sent where only the backend knows what is spoken: the demo backend's answer to it tells who it is.
const greeting = `printf 'GET / HTTP/1.0\r\n\r\n'`

// patience is how many seconds of silence end a conversation.
const patience = 2

// passedOn is one connection or datagram for each host of a route whose content nobody looks at.
func passedOn(g *ir.Gateway, kind string, at *ir.RouteGateway) []Request {
	var out []Request
	for _, host := range at.Hosts {
		l, rules := g.Listener(host.Listener), at.RulesAt(host)
		if l == nil || !l.Serves || len(rules) == 0 {
			continue
		}
		next := Request{
			Gateway: g.Key().String(), Kind: kind, TLS: kind == ir.TLSRoute, Passthrough: host.Passthrough,
			Host: concrete(host.Hostname), Port: l.Port, Repeat: 1,
		}
		next.Title = fmt.Sprintf("%s, %s → %s", rules[0].Route, next.spoken(), backendsOr(&rules[0], "no backend"))
		if shares(&rules[0]) > 1 && kind != ir.UDPRoute { // whose answers nobody can tell the end of, but by waiting
			next.Repeat, next.Field = canaryRepeat, "service"
		}
		out = append(out, next)
	}
	return out
}

// backendsOr lists the backends of a rule.
func backendsOr(rule *config.Rule, otherwise string) string {
	if shares(rule) == 0 {
		return otherwise
	}
	return backends(rule)
}

// spoken names what the client does.
func (r Request) spoken() string {
	switch {
	case r.Kind == ir.UDPRoute:
		return "UDP to port " + strconv.Itoa(int(r.Port))
	case r.Kind == ir.TCPRoute:
		return "TCP to port " + strconv.Itoa(int(r.Port))
	case r.Passthrough:
		return "TLS for " + r.Host + ", passed on"
	}
	return "TLS for " + r.Host
}

// handshake is a connection of TLS as a line for a shell.
func (r Request) handshake(address, ca string) string {
	words := []string{"openssl", "s_client", "-quiet", "-verify_quiet", "-connect", bracket(address) + ":" + strconv.Itoa(int(r.Port)), "-servername", r.Host}
	if ca != "" && !r.Passthrough {
		words = append(words, "-CAfile", quote(ca), "-verify_return_error", "-verify_hostname", r.Host)
	}
	return r.often(greeting + " | " + strings.Join(words, " "))
}

// raw is a connection of TCP or a datagram as a line for a shell.
func (r Request) raw(address string) string {
	if r.Kind == ir.UDPRoute {
		return r.often(fmt.Sprintf("echo hello | nc -u -w %d %s %d", patience, address, r.Port))
	}
	return r.often(fmt.Sprintf("%s | nc -w %d %s %d", greeting, patience, address, r.Port))
}
