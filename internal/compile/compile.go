// Package compile turns the IR into what proxies read: a root and chunks for each Gateway and member.
package compile

import (
	"cmp"
	"slices"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/world"
)

// Gateway compiles the configuration of one Gateway for its proxies in one member. The zero Root, with
// Version 0, means that no proxies of that Gateway should run there.
func Gateway(r ir.IR, gateway world.Name, member string) (config.Root, []config.Chunk) {
	found := placed(r, gateway, member)
	if found == nil {
		return config.Root{}, nil
	}
	groups := newLayout(r, found.Key()).groups
	chunks := make([]config.Chunk, len(groups))
	listeners := proxied(found)
	for i, routes := range groups {
		chunks[i] = listeners.chunk(found.Key(), member, i, routes)
	}
	return root(found, member, len(groups)), chunks
}

// placed is the Gateway if proxies of it should run in the member.
func placed(r ir.IR, name world.Name, member string) *ir.Gateway {
	found := r.Gateway(name.Namespace, name.Name)
	if found == nil || !found.Serving || found.Deleting {
		return nil
	}
	for _, m := range found.Members {
		if m.Name == member {
			return found
		}
	}
	return nil
}

func root(gateway *ir.Gateway, member string, chunks int) config.Root {
	out := config.Root{
		Version:        config.Version,
		Gateway:        gateway.Key().String(),
		Generation:     gateway.Generation,
		Revision:       gateway.Revision,
		TrustedProxies: slices.Clone(gateway.TrustedProxies),
		Chunks:         chunks,
	}
	if gateway.BackendSecret != "" {
		out.BackendSecret = copied(gateway, []string{gateway.BackendSecret})[0]
	}
	for _, pool := range gateway.Pools {
		out.Pools = append(out.Pools, local(pool, member))
	}
	out.Listeners = make([]config.Listener, 0, len(gateway.Listeners))
	for i := range gateway.Listeners {
		if listener := &gateway.Listeners[i]; listener.Proxied {
			out.Listeners = append(out.Listeners, compileListener(gateway, listener))
		}
	}
	sortListeners(out.Listeners)
	return out
}

func sortListeners(listeners []config.Listener) {
	slices.SortFunc(listeners, func(a, b config.Listener) int {
		return cmp.Or(cmp.Compare(a.Port, b.Port), cmp.Compare(a.Name, b.Name))
	})
}

func compileListener(gateway *ir.Gateway, listener *ir.Listener) config.Listener {
	out := config.Listener{
		Name:     listener.Name,
		Port:     listener.Port,
		Protocol: config.Protocol(listener.Protocol),
		Hostname: listener.Hostname,
		Filters:  listener.Filters,
	}
	switch {
	case listener.Passthrough:
		out.TLS = &config.TLS{Passthrough: true}
	case listener.ProxyEndsTLS(gateway.EndsTLS):
		out.TLS = &config.TLS{Secrets: copied(gateway, listener.Secrets), Options: listener.TLSOptions, ClientAuth: listener.ClientAuth}
	}
	return out
}

// names are those of the listeners of a Gateway that proxies have.
type names map[string]bool

func proxied(gateway *ir.Gateway) names {
	out := make(names, len(gateway.Listeners))
	for i := range gateway.Listeners {
		if gateway.Listeners[i].Proxied {
			out[gateway.Listeners[i].Name] = true
		}
	}
	return out
}

// differ are the names that one has and the other has not.
func (n names) differ(other names) names {
	out := names{}
	for name := range n {
		if !other[name] {
			out[name] = true
		}
	}
	for name := range other {
		if !n[name] {
			out[name] = true
		}
	}
	return out
}

// chunk puts routes of a Gateway, sorted by key, into one Chunk as the member needs it.
func (n names) chunk(gateway ir.Key, member string, index int, routes []*ir.Route) config.Chunk {
	out := config.Chunk{
		Version: config.Version, Index: index,
		Hosts: make([]config.Host, 0, len(routes)), Pools: make([]config.Pool, 0, len(routes)),
	}
	for _, route := range routes {
		part := route.For(gateway)
		for _, host := range part.Hosts {
			if n[host.Listener] {
				out.Hosts = append(out.Hosts, config.Host{
					Listener: host.Listener, Hostname: host.Hostname, Tier: host.Tier, Rules: part.RulesAt(host),
				})
			}
		}
		for _, pool := range part.Pools {
			out.Pools = append(out.Pools, local(pool, member))
		}
	}
	out.Hosts, out.Pools = joined(out.Hosts), distinct(out.Pools)
	return out
}

// joined sorts hosts, and makes one of those that are the same: it has the rules of all, in the order of their routes.
func joined(hosts []config.Host) []config.Host {
	slices.SortStableFunc(hosts, compareHosts)
	out := hosts[:0]
	for len(hosts) > 0 {
		count := 1
		for count < len(hosts) && compareHosts(hosts[0], hosts[count]) == 0 {
			count++
		}
		host := hosts[0]
		if count > 1 { // the rules of the first are a route's own, and not to be written to
			host.Rules = nil
			for i := range count {
				host.Rules = append(host.Rules, hosts[i].Rules...)
			}
		}
		out, hosts = append(out, host), hosts[count:]
	}
	return out
}

func compareHosts(a, b config.Host) int {
	return cmp.Or(cmp.Compare(a.Listener, b.Listener), cmp.Compare(a.Hostname, b.Hostname), cmp.Compare(a.Tier, b.Tier))
}

// distinct sorts pools, and leaves one of each key: that of the last route that names it.
func distinct(pools []config.Pool) []config.Pool {
	slices.SortStableFunc(pools, func(a, b config.Pool) int { return cmp.Compare(a.Key, b.Key) })
	out := pools[:0]
	for _, pool := range pools {
		if last := len(out) - 1; last >= 0 && out[last].Key == pool.Key {
			out[last] = pool
			continue
		}
		out = append(out, pool)
	}
	return out
}

// local is the pool as the member has it.
func local(pool ir.Pool, member string) config.Pool {
	out := pool.Pool
	for _, port := range pool.Local {
		if port.Member == member {
			out.PortName, out.Protocol = port.PortName, port.Protocol
		}
	}
	return out
}
