// Package try turns routes into requests that show what they do, and requests into lines for a shell.
package try

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/internal/ir"
)

// Request is a request that one rule answers, or a connection or a datagram that a route passes on.
type Request struct {
	// Title says what it shows.
	Title string
	// Gateway is "namespace/name".
	Gateway string
	// Kind of the route.
	Kind string
	// TLS says that the client speaks it. Passthrough says that it is a backend's, whose certificate nobody here knows.
	TLS         bool
	Passthrough bool
	Host        string
	Port        int32
	Method      string
	// Path has the query.
	Path    string
	Headers map[string]string
	// Repeat is how often to send it to see the point.
	Repeat int
	// FreshID says that each time needs an X-Request-Id of its own.
	FreshID bool
	// Field of the answer that shows the point, or "" for all of it.
	Field string
}

// canaryRepeat is how many requests show how a rule shares them between backends.
const canaryRepeat = 100

// All are requests for every rule of every route that can be sent, by route and rule.
func All(r ir.IR) []Request {
	var out []Request
	for route := range r.Routes.All() {
		for _, at := range route.Gateways {
			gateway := find(r, at.Gateway)
			if gateway == nil || len(at.Hosts) == 0 {
				continue
			}
			if route.Kind != ir.HTTPRoute && route.Kind != ir.GRPCRoute {
				out = append(out, passedOn(gateway, route.Kind, &at)...)
				continue
			}
			for i := range at.Rules {
				out = append(out, ofRule(gateway, route.Kind, at.Hosts, &at.Rules[i])...)
			}
		}
	}
	return out
}

func find(r ir.IR, gateway string) *ir.Gateway {
	namespace, name, _ := strings.Cut(gateway, "/")
	return r.Gateway(namespace, name)
}

// ofRule is one request for a rule's first match on each of the route's hostnames that shows something new: all rules
// are shown on the first one, a rule for everything on all.
func ofRule(g *ir.Gateway, kind string, hosts []ir.RouteHost, rule *config.Rule) []Request {
	if rule.Broken != "" || len(rule.Matches) == 0 {
		return nil
	}
	m := rule.Matches[0]
	if kind == ir.GRPCRoute {
		m = asCall(m)
	}
	request, ok := ofMatch(m)
	if !ok {
		return nil
	}
	request.Gateway, request.Kind = g.Key().String(), kind
	general := m.PathKind == config.PathPrefix && m.Path == "/" && len(m.Headers)+len(m.Query) == 0
	show(&request, rule)
	var out []Request
	for _, host := range hosts {
		l := g.Listener(host.Listener)
		if l == nil || !l.Serves || (len(out) > 0 && !general) {
			continue
		}
		next := request
		next.Host, next.Port, next.TLS = concrete(host.Hostname), l.Port, l.Protocol == "HTTPS"
		out = append(out, next)
	}
	return out
}

// ofMatch is a request that satisfies a match.
func ofMatch(m config.Match) (Request, bool) {
	out := Request{Method: m.Method, Path: m.Path, Repeat: 1, Headers: map[string]string{}}
	ok := true
	value := func(v config.ValueMatch) string {
		if !v.Regex {
			return v.Value
		}
		text, found := sample(v.Value)
		ok = ok && found
		return text
	}
	if m.PathKind == config.PathRegex {
		out.Path = value(config.ValueMatch{Value: m.Path, Regex: true})
	}
	for _, h := range m.Headers {
		out.Headers[h.Name] = value(h)
	}
	var query []string
	for _, q := range m.Query {
		query = append(query, q.Name+"="+value(q))
	}
	if len(query) > 0 {
		out.Path += "?" + strings.Join(query, "&")
	}
	return out, ok
}

// show words the title and makes the request such that the rule's point is seen.
func show(r *Request, rule *config.Rule) {
	parts := []string{r.Path}
	for _, name := range slices.Sorted(maps.Keys(r.Headers)) {
		if r.Kind == ir.GRPCRoute && ofCalls(name) {
			continue
		}
		parts = append(parts, name+": "+r.Headers[name])
	}
	what := []string{backends(rule)}
	if rule.Filters.Redirect != nil {
		what = []string{"redirect"}
	}
	if shares(rule) > 1 {
		r.Repeat, r.Field = canaryRepeat, "service"
	}
	for _, m := range rule.Filters.Mirrors {
		what = append(what, "mirrored to "+service(m.Pool))
	}
	if rule.Retry != nil && rule.Retry.Attempts > 0 {
		times := min(2, rule.Retry.Attempts)
		r.Headers["X-Fail-Times"] = fmt.Sprint(times)
		r.FreshID = true
		what = append(what, fmt.Sprintf("the first %d attempts fail and are tried again", times))
	}
	r.Title = fmt.Sprintf("%s, %s → %s", rule.Route, strings.Join(parts, ", "), strings.Join(what, ", "))
}

// backends lists the backends of a rule with their weights, and the namespace of those that are another team's.
func backends(rule *config.Rule) string {
	parts := strings.Split(rule.Route, "/") // of an HTTPRoute without the kind
	namespace := parts[len(parts)-2]
	var out []string
	for _, b := range rule.Backends {
		if b.Pool == "" || b.Weight == 0 {
			continue
		}
		text := service(b.Pool)
		if of, _, _ := strings.Cut(b.Pool, "/"); of != namespace {
			text += " of namespace " + of
		}
		if shares(rule) > 1 {
			text += fmt.Sprintf(" (weight %d)", b.Weight)
		}
		out = append(out, text)
	}
	if len(out) == 0 {
		return "no backend, 500"
	}
	return strings.Join(out, ", ")
}

func shares(rule *config.Rule) int {
	n := 0
	for _, b := range rule.Backends {
		if b.Weight > 0 {
			n++
		}
	}
	return n
}

// service is the name in a pool's key, "namespace/service:port".
func service(pool string) string {
	_, rest, _ := strings.Cut(pool, "/")
	name, _, _ := strings.Cut(rest, ":")
	return name
}

// concrete is a hostname that a pattern covers.
func concrete(pattern string) string {
	if pattern == "" {
		return "localhost"
	}
	return strings.Replace(pattern, "*", "demo", 1)
}
