package compile_test

import (
	"testing"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/internal/compile"
	"github.com/fleetgate/fleetgate/internal/ir"
)

// TestRevise holds which revisions of a Gateway with one ListenerSet are others after a change.
func TestRevise(t *testing.T) {
	made := func(edit func(*ir.Gateway)) *ir.Gateway {
		pool := func(key string) ir.Pool { return ir.Pool{Pool: config.Pool{Key: key, PortName: "http"}} }
		asks := func(key string) []config.ListenerFilter {
			return []config.ListenerFilter{{Auth: &config.Auth{Pool: key}}, {Broken: "it says why"}}
		}
		g := &ir.Gateway{
			Namespace: "infra", Name: "web", Generation: 1, BackendSecret: "infra/client", TrustedProxies: []string{"10.0.0.0/24"},
			Listeners: []ir.Listener{
				{Name: "one", Port: 80, Protocol: "HTTP", Proxied: true, Filters: asks("a")},
				{Name: "team/set/two", Set: "team/set", Port: 443, Protocol: "HTTPS", Hostname: "two.example.com", Proxied: true, Secrets: []string{"team/two"}, Filters: asks("b")},
				{Name: "team/set/three", Set: "team/set", Port: 81, Protocol: "HTTP"},
			},
			Sets:  []*ir.ListenerSet{{Namespace: "team", Name: "set", First: 1, Count: 2}},
			Pools: []ir.Pool{pool("a"), pool("b"), pool("c")},
		}
		edit(g)
		compile.Revise(g)
		return g
	}
	before := made(func(*ir.Gateway) {})
	cases := []struct {
		name, reason    string
		edit            func(*ir.Gateway)
		whole, own, set bool
	}{
		{"same", "the same Gateway has the same names", func(*ir.Gateway) {}, false, false, false},
		{"generation", "the root tells it", func(g *ir.Gateway) { g.Generation++ }, true, true, false},
		{"trusted", "all listeners go by it, which the Gateway answers for", func(g *ir.Gateway) { g.TrustedProxies = nil }, true, true, false},
		{"secret", "proxies show it to backends", func(g *ir.Gateway) { g.BackendSecret = "" }, true, true, false},
		{"own listener", "it is the Gateway's", func(g *ir.Gateway) { g.Listeners[0].Port = 8080 }, true, true, false},
		{"listener of the set", "it is the set's", func(g *ir.Gateway) { g.Listeners[1].Hostname = "other.example.com" }, true, false, true},
		{"certificate", "it is of a listener of the set", func(g *ir.Gateway) { g.Listeners[1].Secrets = []string{"team/other"} }, true, false, true},
		{"who ends TLS", "proxies then have no certificate", func(g *ir.Gateway) { g.EndsTLS = true }, true, false, true},
		{"pool", "a filter of the Gateway's own listener asks it", func(g *ir.Gateway) { g.Pools[0].PortName = "other" }, true, true, false},
		{"pool in one member", "a filter of the set's listener asks it", func(g *ir.Gateway) {
			g.Pools[1].Local = []ir.LocalPort{{Member: "east", PortName: "other"}}
		}, true, false, true},
		{"pool of nobody", "it is in the root all the same", func(g *ir.Gateway) { g.Pools[2].PortName = "other" }, true, false, false},
		{"listener that proxies lack", "they get nothing of it", func(g *ir.Gateway) { g.Listeners[2].Port = 82 }, false, false, false},
		{"listener that proxies come to have", "they get more", func(g *ir.Gateway) { g.Listeners[2].Proxied = true }, true, false, true},
		{"routes", "they are no matter of the root", func(g *ir.Gateway) { g.Listeners[0].Attached = 7 }, false, false, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			after := made(c.edit)
			whole, own, set := after.Revision != before.Revision, after.OwnRevision != before.OwnRevision, after.Sets[0].Revision != before.Sets[0].Revision
			if whole != c.whole || own != c.own || set != c.set {
				t.Errorf("%s: whole %v, own %v, set %v", c.reason, whole, own, set)
			}
		})
	}
}
